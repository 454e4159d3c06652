//! What the steps say of a mail server that follows a script.

use super::message_tests::letter;
use super::scripted_server::{Act, PASSWORD, Script, Server, certificate, say};
use super::smtp_tests::settings;
use super::walkthrough::{Step, Walked};
use super::*;

async fn walked(settings: SmtpSettings) -> (Walked, Vec<Step>) {
    let mut steps = Vec::new();
    let letter = letter().compose().unwrap();
    let taken = SmtpMailer::new(settings).unwrap().walk_through(&letter, &mut |step| steps.push(step)).await;
    assert!(!format!("{steps:?}").contains(PASSWORD));
    (taken, steps)
}

async fn against(script: Script) -> (Walked, Vec<Step>) {
    let server = Server::start(script).await;
    walked(settings(server.port, Security::PlainLoopback)).await
}

fn names(steps: &[Step]) -> Vec<&'static str> {
    steps.iter().map(|step| step.what).collect()
}

#[tokio::test]
async fn a_letter_that_is_taken_is_told_step_by_step() {
    let (taken, steps) = against(Script::default()).await;
    assert_eq!(taken, Walked::Taken);
    let all = ["Name", "Connection", "Encryption", "Offers", "Sign-in", "Sender", "Recipient", "Letter"];
    assert_eq!(names(&steps), all);
    assert!(steps.iter().all(|step| step.outcome.is_ok() && step.advice.is_empty()));
    assert_eq!(steps[7].outcome, Ok("taken over: 250 taken as 42".to_owned()));
}

#[tokio::test]
async fn the_step_that_fails_is_the_last_and_says_what_to_do() {
    let cases: [(Script, &str, &str, &str); 6] = [
        (Script { auth: say("535 5.7.8 no"), ..Script::default() }, "Sign-in", "535 5.7.8 no", "app password"),
        (Script { mail: say("550 not yours"), ..Script::default() }, "Sender", "not yours", "from_address"),
        (Script { rcpt: say("554 relay denied"), ..Script::default() }, "Recipient", "relay denied", "sign-in"),
        (Script { rcpt: say("451 greylisted"), ..Script::default() }, "Recipient", "greylisted", "ten minutes"),
        (Script { letter: say("554 spam"), ..Script::default() }, "Letter", "spam", "SPF"),
        (Script { data: Act::Drop, ..Script::default() }, "Letter", "closed the connection", "firewall"),
    ];
    for (script, step, why, advice) in cases {
        let (taken, steps) = against(script).await;
        let last = steps.last().unwrap();
        assert!(taken == Walked::NotTaken && last.what == step, "{last:?}");
        assert!(last.outcome.as_ref().is_err_and(|said| said.contains(why)), "{last:?}");
        assert!(last.advice.contains(advice), "{last:?}");
        assert!(steps[..steps.len() - 1].iter().all(|step| step.outcome.is_ok()), "{steps:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_the_whole_letter_is_not_called_no_letter() {
    for letter in [Act::Drop, say("garbage"), say("354 again")] {
        let (taken, steps) = against(Script { letter, ..Script::default() }).await;
        let last = steps.last().unwrap();
        assert!(taken == Walked::Unknown && last.what == "Answer", "{last:?}");
        assert!(last.outcome.as_ref().is_err_and(|said| said.contains("the whole letter was sent")), "{last:?}");
        assert!(last.advice.contains("see whether it arrives"), "{last:?}");
    }
}

#[tokio::test]
async fn a_refused_greeting_is_no_fault_of_the_encryption() {
    let refusals: [Script; 3] = [
        Script { greeting: say("554 go away"), ..Script::default() },
        Script { greeting: Act::Drop, ..Script::default() },
        Script { ehlo: say("550 who?"), ..Script::default() },
    ];
    for script in refusals {
        let server = Server::start(script).await;
        for security in [Security::PlainLoopback, Security::StartTls] {
            let (_, steps) = walked(settings(server.port, security)).await;
            assert_eq!(names(&steps), ["Name", "Connection", "Greeting"]);
            assert!(steps[2].outcome.is_err() && steps[2].advice.contains("hello_name"), "{steps:?}");
        }
    }
}

#[tokio::test]
async fn encryption_that_does_not_fit_says_how_it_would() {
    let clear = Server::start(Script::default()).await;
    let (_, steps) = walked(settings(clear.port, Security::StartTls)).await;
    let last = steps.last().unwrap();
    assert!(last.what == "Encryption" && last.advice.contains("security = \"tls\""), "{last:?}");
    let (acceptor, _) = certificate("127.0.0.1");
    let strange = Server::start(Script { tls: Some(acceptor), tls_first: true, ..Script::default() }).await;
    let (_, steps) = walked(settings(strange.port, Security::Tls)).await;
    let last = steps.last().unwrap();
    assert!(last.what == "Encryption" && last.advice.contains("ca_file"), "{last:?}");
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (_, steps) = walked(settings(closed, Security::PlainLoopback)).await;
    assert_eq!(names(&steps), ["Name", "Connection"]);
    let mut nowhere = settings(25, Security::StartTls);
    nowhere.host = "mail.invalid".to_owned();
    nowhere.dns = vec!["127.0.0.1".parse().unwrap()];
    let (_, steps) = walked(nowhere).await;
    assert_eq!(names(&steps), ["Name"]);
    assert!(steps[0].advice.contains("host = \"mail.invalid\""));
}
