//! What the mailer makes of a mail server that follows a script.

use std::time::Duration;

use tokio::net::TcpListener;

use super::message_tests::letter;
use super::scripted_server::{Act, PASSWORD, Script, Server, USER, certificate, say};
use super::*;

pub(super) fn settings(port: u16, security: Security) -> SmtpSettings {
    let quick = Duration::from_secs(5);
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security,
        username: Some(USER.to_owned()),
        password: Some(Password::new(PASSWORD.to_owned())),
        ca_file: None,
        hello_name: "portal.example".to_owned(),
        dns: Vec::new(),
        dkim: None,
        limits: Limits::default(),
        timeouts: Timeouts { connect: quick, command: quick, block: quick, last: quick, idle: quick },
    }
}

fn mailer(settings: SmtpSettings) -> Mailer {
    Mailer::Smtp(Box::new(SmtpMailer::new(settings).unwrap()))
}

async fn verdict(script: Script) -> (Verdict, Server) {
    let server = Server::start(script).await;
    let verdict = mailer(settings(server.port, Security::PlainLoopback)).send(&letter()).await;
    (verdict, server)
}

fn assert_deferred(verdict: &Verdict, why: &str) {
    assert!(matches!(verdict, Verdict::Deferred { reason } if reason.contains(why)), "{verdict:?}");
}

#[tokio::test]
async fn the_dot_that_ends_a_letter_does_not_wait_for_the_letters_acknowledgement() {
    let server = Server::start(Script::default()).await;
    let mailer = SmtpMailer::new(settings(server.port, Security::PlainLoopback)).unwrap();
    let (tcp, _) = mailer.reach.dial_any(vec!["127.0.0.1".parse().unwrap()]).await.unwrap();
    assert!(tcp.nodelay().unwrap());
}

#[tokio::test]
async fn a_taken_letter_is_accepted_with_the_servers_words() {
    let (verdict, server) = verdict(Script::default()).await;
    let Verdict::Accepted { response, server: name } = verdict else { panic!("{verdict:?}") };
    assert_eq!(response, "250 taken as 42");
    assert_eq!(name, format!("127.0.0.1 (127.0.0.1:{})", server.port));
    assert!(server.heard().contains(&"MAIL FROM:<office@portal.example>".to_owned()));
    assert!(server.heard().contains(&"RCPT TO:<ann@client.example>".to_owned()));
}

#[tokio::test]
async fn answers_of_the_400s_defer_and_of_the_500s_refuse() {
    let at: [fn(&mut Script, Act); 4] = [|s, a| s.mail = a, |s, a| s.rcpt = a, |s, a| s.data = a, |s, a| s.letter = a];
    for set in at {
        for (code, refused) in [("451", false), ("421", false), ("550", true), ("552", true), ("530", false)] {
            let mut script = Script::default();
            set(&mut script, say(&format!("{code}-first\r\n{code} 5.1.1 reason given")));
            let (verdict, _) = verdict(script).await;
            match &verdict {
                Verdict::Refused { reason } if refused => assert!(reason.contains("reason given"), "{reason}"),
                Verdict::Deferred { reason } if !refused => assert!(reason.contains("reason given"), "{reason}"),
                _ => panic!("{code}: {verdict:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_failed_login_defers_because_the_letter_is_not_at_fault() {
    let (verdict, server) = verdict(Script { auth: say("535 5.7.8 no"), ..Script::default() }).await;
    assert_deferred(&verdict, "login failed");
    assert!(!format!("{verdict:?}").contains(PASSWORD));
    assert_eq!(server.count("MAIL"), 0);
}

#[tokio::test]
async fn a_connection_lost_before_the_final_dot_defers() {
    let at: [fn(&mut Script); 7] = [
        |s| s.greeting = Act::Drop,
        |s| s.ehlo = Act::Drop,
        |s| s.auth = Act::Drop,
        |s| s.mail = Act::Drop,
        |s| s.rcpt = Act::Drop,
        |s| s.data = Act::Drop,
        |s| s.greeting = say("554 go away"),
    ];
    for set in at {
        let mut script = Script::default();
        set(&mut script);
        let (verdict, server) = verdict(script).await;
        assert!(matches!(verdict, Verdict::Deferred { .. }), "{verdict:?}");
        assert_eq!(server.count("<letter>"), 0);
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_final_dot_is_uncertain() {
    for last in [Act::Drop, say("garbage"), say("354 again"), Act::Say("250-half".to_owned() + "\r\n2")] {
        let script = Script { letter: last.clone(), ..Script::default() };
        let server = Server::start(script).await;
        let mut settings = settings(server.port, Security::PlainLoopback);
        settings.timeouts.last = Duration::from_millis(300);
        let verdict = mailer(settings).send(&letter()).await;
        assert!(matches!(verdict, Verdict::Uncertain { .. }), "{last:?}: {verdict:?}");
        assert_eq!(server.count("<letter>"), 1);
    }
}

#[tokio::test]
async fn a_connection_lost_within_the_letter_defers() {
    let server = Server::start(Script { drop_in_letter: true, ..Script::default() }).await;
    let mut long = letter();
    long.attachments[0].bytes = vec![7; 15 << 20];
    let mailer = mailer(settings(server.port, Security::PlainLoopback));
    // The scripted server names a limit that this letter exceeds.
    assert!(matches!(mailer.send(&long).await, Verdict::Refused { .. }));
    let script = Script { drop_in_letter: true, ehlo: say("250-x\r\n250 AUTH LOGIN PLAIN"), ..Script::default() };
    let server = Server::start(script).await;
    let verdict = self::mailer(settings(server.port, Security::PlainLoopback)).send(&long).await;
    assert!(matches!(verdict, Verdict::Deferred { .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let at: [fn(&mut Script); 4] =
        [|s| s.greeting = Act::Hang, |s| s.rcpt = Act::Hang, |s| s.data = Act::Hang, |s| s.letter = Act::Hang];
    for (i, set) in at.into_iter().enumerate() {
        let uncertain = i == 3;
        let mut script = Script::default();
        set(&mut script);
        let server = Server::start(script).await;
        let mut settings = settings(server.port, Security::PlainLoopback);
        settings.timeouts.command = Duration::from_millis(200);
        settings.timeouts.last = Duration::from_millis(200);
        let verdict = mailer(settings).send(&letter()).await;
        assert_eq!(matches!(verdict, Verdict::Uncertain { .. }), uncertain, "{verdict:?}");
        assert_eq!(matches!(verdict, Verdict::Deferred { .. }), !uncertain, "{verdict:?}");
    }
}

#[tokio::test]
async fn answers_that_are_not_smtp_or_without_end_defer() {
    let endless = Act::Say("250-more\r\n".repeat(5000));
    for odd in [say("HTTP/1.1 400 Bad Request"), Act::Say("2".repeat(1 << 20)), endless, say("250-a\r\n451 b"), say("")]
    {
        let (verdict, _) = verdict(Script { rcpt: odd.clone(), ..Script::default() }).await;
        assert_deferred(&verdict, "the server gave");
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_said_to_the_server() {
    let server = Server::start(Script::default()).await;
    let verdict = mailer(settings(server.port, Security::StartTls)).send(&letter()).await;
    assert_deferred(&verdict, "does not offer STARTTLS");
    assert_eq!(server.heard(), ["<connect>", "EHLO portal.example"]);
}

#[tokio::test]
async fn clear_text_to_another_machine_is_no_setting_at_all() {
    let mut outside = settings(25, Security::PlainLoopback);
    outside.host = "mail.example".to_owned();
    assert_eq!(SmtpMailer::new(outside).unwrap_err(), SettingsError::PlainToOutside("mail.example".to_owned()));
}

#[tokio::test]
async fn under_tls_letters_go_out_to_a_trusted_name_only() {
    for (security, first) in [(Security::StartTls, false), (Security::Tls, true)] {
        for (name, trusted, why) in [
            ("localhost", true, None),
            ("localhost", false, Some("UnknownIssuer")),
            ("other.example", true, Some("not valid for name")),
        ] {
            let (tls, ca) = certificate(name);
            let ehlo = say("250-x\r\n250-STARTTLS\r\n250 AUTH=LOGIN");
            let auth = say("334 VXNlcm5hbWU6");
            let script = Script { tls: Some(tls), tls_first: first, ehlo, auth, ..Script::default() };
            let server = Server::start(script).await;
            let mut settings = settings(server.port, security);
            settings.host = "localhost".to_owned();
            settings.ca_file = trusted.then(|| ca.path().to_owned());
            let verdict = mailer(settings).send(&letter()).await;
            match why {
                None => {
                    assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
                    assert_eq!(server.count("AUTH LOGIN"), 1);
                }
                Some(why) => {
                    assert_deferred(&verdict, why);
                    assert_eq!((server.count("AUTH"), server.count("MAIL")), (0, 0));
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_said_in_clear_after_the_consent_to_tls_ends_the_conversation() {
    let (tls, ca) = certificate("localhost");
    let ehlo = say("250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN");
    let script = Script { tls: Some(tls), ehlo, injected: "250 injected\r\n", ..Script::default() };
    let server = Server::start(script).await;
    let mut settings = settings(server.port, Security::StartTls);
    settings.host = "localhost".to_owned();
    settings.ca_file = Some(ca.path().to_owned());
    let verdict = mailer(settings).send(&letter()).await;
    assert_deferred(&verdict, "in clear text");
    assert_eq!(server.count("AUTH"), 0);
}

#[tokio::test]
async fn a_burst_shares_a_connection_and_a_dead_one_is_replaced() {
    let server = Server::start(Script::default()).await;
    let mailer = mailer(settings(server.port, Security::PlainLoopback));
    for _ in 0..3 {
        assert!(matches!(mailer.send(&letter()).await, Verdict::Accepted { .. }));
    }
    mailer.close_idle().await;
    assert_eq!((server.count("<connect>"), server.count("RSET"), server.count("QUIT")), (1, 0, 1));

    // It may hang up, or say that it is about to: either way nothing of the next letter was taken.
    for end in [Act::Drop, say("421 4.7.0 too many letters on this connection")] {
        let server = Server::start(Script { again: Some(end), ..Script::default() }).await;
        let mailer = self::mailer(settings(server.port, Security::PlainLoopback));
        for _ in 0..3 {
            assert!(matches!(mailer.send(&letter()).await, Verdict::Accepted { .. }));
        }
        assert_eq!((server.count("<connect>"), server.count("<letter>")), (3, 3));
    }

    // What a server says of the letter itself is no reason to ask it on another connection.
    let server = Server::start(Script { again: Some(say("451 4.3.0 later")), ..Script::default() }).await;
    let mailer = self::mailer(settings(server.port, Security::PlainLoopback));
    assert!(matches!(mailer.send(&letter()).await, Verdict::Accepted { .. }));
    assert_deferred(&mailer.send(&letter()).await, "4.3.0 later");
    assert_eq!(server.count("<connect>"), 1);
}

#[tokio::test]
async fn a_letter_that_was_broken_off_leaves_nothing_to_the_next() {
    let server = Server::start(Script { rcpt: say("550 nobody of that name"), ..Script::default() }).await;
    let mailer = mailer(settings(server.port, Security::PlainLoopback));
    for _ in 0..2 {
        assert!(matches!(mailer.send(&letter()).await, Verdict::Refused { .. }));
    }
    assert_eq!((server.count("<connect>"), server.count("RSET"), server.count("MAIL")), (1, 1, 2));

    let server = Server::start(Script { rcpt: say("550 nobody"), rset: Act::Drop, ..Script::default() }).await;
    let mailer = self::mailer(settings(server.port, Security::PlainLoopback));
    for _ in 0..2 {
        assert!(matches!(mailer.send(&letter()).await, Verdict::Refused { .. }));
    }
    assert_eq!((server.count("<connect>"), server.count("MAIL")), (2, 2));
}

#[tokio::test]
async fn a_server_that_is_not_there_defers_with_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let verdict = mailer(settings(port, Security::PlainLoopback)).send(&letter()).await;
    assert_deferred(&verdict, &format!("127.0.0.1:{port}"));
}

#[tokio::test]
async fn a_letter_that_cannot_be_written_is_poison_on_every_way_out() {
    let mut bad = letter();
    bad.subject = "x\r\nBcc: a@b.example".to_owned();
    let memory = MemoryMailer::default();
    let verdict = Mailer::Memory(memory.clone()).send(&bad).await;
    assert!(matches!(verdict, Verdict::Poison { .. }));
    assert!(memory.letters().is_empty());
}

#[tokio::test]
async fn a_folder_holds_one_file_per_letter_however_often_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::Folder(FolderMailer::new(folder.path().join("out")));
    let mut odd = letter();
    odd.message_id = "../../escape/%00@portal.example".to_owned();
    for l in [letter(), letter(), odd] {
        let verdict = mailer.send(&l).await;
        assert!(matches!(verdict, Verdict::Accepted { .. } | Verdict::Poison { .. }), "{verdict:?}");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files.iter().all(|f| f.extension().is_some_and(|e| e == "eml")));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn memory_forgets_the_oldest_and_answers_as_scripted() {
    let memory = MemoryMailer::default();
    let mailer = Mailer::Memory(memory.clone());
    memory.answer_next(Verdict::Deferred { reason: "later".to_owned() });
    assert_eq!(mailer.send(&letter()).await, Verdict::Deferred { reason: "later".to_owned() });
    for _ in 0..=transport::MEMORY_LETTERS {
        mailer.send(&letter()).await;
    }
    let kept = memory.letters_to("ANN@client.example");
    assert_eq!((kept.len(), kept[0].number), (transport::MEMORY_LETTERS, 2));
}

#[test]
fn settings_never_print_the_password() {
    let printed = format!("{:?}", settings(25, Security::Tls));
    assert!(printed.contains("***") && !printed.contains(PASSWORD), "{printed}");
}

#[tokio::test]
async fn several_letters_at_once_share_no_connection_and_the_next_ones_take_theirs() {
    let server = Server::start(Script::default()).await;
    let mut limited = settings(server.port, Security::PlainLoopback);
    limited.limits = Limits { connections: 2, per_connection: 50, per_minute: 0 };
    let mailer = mailer(limited);
    let (first, second) = (letter(), letter());
    let (a, b) = tokio::join!(mailer.send(&first), mailer.send(&second));
    assert!(matches!((&a, &b), (Verdict::Accepted { .. }, Verdict::Accepted { .. })), "{a:?} {b:?}");
    assert_eq!(server.count("<connect>"), 2);
    tokio::join!(mailer.send(&first), mailer.send(&second));
    assert_eq!((server.count("<connect>"), server.count("<letter>")), (2, 4), "both were kept and used again");
    mailer.close_idle().await;
    assert_eq!(server.count("QUIT"), 2);
}

#[tokio::test]
async fn a_connection_ends_after_its_letters() {
    let server = Server::start(Script::default()).await;
    let mut limited = settings(server.port, Security::PlainLoopback);
    limited.limits.per_connection = 2;
    let mailer = mailer(limited);
    for _ in 0..4 {
        assert!(matches!(mailer.send(&letter()).await, Verdict::Accepted { .. }));
    }
    assert_eq!(server.count("<connect>"), 2);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_down_until_it_is() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (mailer, now) = (mailer(settings(port, Security::PlainLoopback)), letter().date);
    assert!(!mailer.is_down() && mailer.turn(now).is_ok());
    assert_deferred(&mailer.send(&letter()).await, "no connection");
    assert!(mailer.is_down());
    mailer.rest(now, 0);
    assert!(mailer.next_turn(now) > now && mailer.turn(now).is_err());
}
