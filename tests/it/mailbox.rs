//! Letters that came back to a mailbox that is read by IMAP: each message counts once, and no server, however it
//! behaves, takes a password in clear, much memory, or for ever.

mod server;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use counterfoil::actions::letters::{self, Decision};
use counterfoil::domain::letter::LetterState;
use counterfoil::mail::bounce::MESSAGE_MAX;
use counterfoil::mail::imap::{ImapMailbox, ImapSettings};
use counterfoil::mail::returns::ReturnPlace;
use counterfoil::mail::walkthrough::Step;
use counterfoil::mail::{Password, Security, SettingsError};
use counterfoil::scheduler;
use counterfoil::store::prelude::*;

use self::server::{PASSWORD, Script, Server, USER, certificate};
use crate::auth::signed_in;
use crate::bounces::{self, ANA, WORDS, report};
use crate::house::TestHouse;

fn settings(port: u16, security: Security) -> ImapSettings {
    ImapSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security,
        username: USER.to_owned(),
        password: Password::new(PASSWORD.to_owned()),
        folder: "INBOX".to_owned(),
        ca_file: None,
        dns: Vec::new(),
        connect_timeout: Duration::from_secs(5),
        answer_timeout: Duration::from_secs(5),
    }
}

/// A house whose letters come back there, and the Message-ID of a letter that Ana was sent.
async fn house(settings: ImapSettings) -> (TestHouse, String) {
    let place = ReturnPlace::Imap(Arc::new(ImapMailbox::new(settings).unwrap()));
    bounces::house_with(place).await
}

async fn plain(server: &Server) -> (TestHouse, String) {
    house(settings(server.port, Security::PlainLoopback)).await
}

async fn look(house: &TestHouse) -> usize {
    scheduler::read_mailbox(&house.app).await.unwrap()
}

/// Why the last look failed.
fn trouble(house: &TestHouse) -> String {
    let plan = house.app.settings.bounces.as_ref().unwrap();
    plan.health.trouble().map(|x| x.reason).unwrap_or_default()
}

#[tokio::test]
async fn a_letter_that_came_back_is_bounced_once_and_its_message_stays_as_seen() {
    let (tls, trusted) = certificate();
    let server = Server::start(Script { tls: Some(tls), tls_first: true, ..Script::default() }).await;
    let ca_file = Some(trusted.path().to_owned());
    let (house, id) = house(ImapSettings { ca_file, ..settings(server.port, Security::Tls) }).await;
    assert_eq!(look(&house).await, 0);
    server.deliver(&report(&id, "delayed"));
    server.deliver("not a report at all");
    server.deliver(&report(&id, "failed"));
    assert_eq!(look(&house).await, 1);
    assert_eq!((server.unseen(), server.count()), (0, 3), "seen, and still there");
    let letter = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0);
    assert!(matches!(&letter.state, LetterState::Bounced(_, words) if words.contains(WORDS)), "{:?}", letter.state);
    // The same once more, as another message.
    server.deliver(&report(&id, "failed"));
    assert_eq!((look(&house).await, server.unseen()), (0, 0));
    assert_eq!((bounces::count(&house), trouble(&house)), (1, String::new()));
}

#[tokio::test]
async fn a_stop_between_the_commit_and_the_mark_takes_nothing_twice() {
    let server = Server::start(Script { drops: Some("UID STORE"), ..Script::default() }).await;
    let (house, id) = plain(&server).await;
    server.deliver(&report(&id, "failed"));
    assert_eq!((look(&house).await, server.unseen()), (1, 1), "kept before it is marked");
    assert!(trouble(&house).contains("closed the connection"), "{}", trouble(&house));
    // The letter was sent again since.
    let letter = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0).id;
    house.act(house.who.tom, move |w, s| letters::decide(w, s, letter, Decision::SendAgain)).await.unwrap();
    house.tick().await;
    assert_eq!(house.claim(ANA).message_id, id, "the same letter");
    server.behave(Script::default());
    assert_eq!((look(&house).await, server.unseen()), (0, 0));
    assert_eq!(bounces::count(&house), 1, "the old message says nothing about the new attempt");
    assert_eq!(trouble(&house), "", "and all is well again");
}

#[tokio::test]
async fn of_an_oversized_message_only_the_beginning_is_asked_for() {
    let server = Server::start(Script::default()).await;
    let (house, id) = plain(&server).await;
    server.deliver(&format!("{}{}", report(&id, "failed"), "x".repeat(3 << 20)));
    assert_eq!((look(&house).await, server.unseen()), (1, 0));
    let asked = format!("BODY.PEEK[]<0.{MESSAGE_MAX}>");
    assert!(server.heard().iter().any(|x| x.contains(&asked)), "{:?}", server.heard());
    assert!(!server.heard().iter().any(|x| x.contains("\\Deleted") || x.contains("EXPUNGE") || x.contains("MOVE")));
}

#[tokio::test]
async fn a_server_that_gives_messages_whole_or_without_end_does_not_stop_every_look() {
    let server = Server::start(Script::default()).await;
    let (house, id) = plain(&server).await;
    // It takes no notice of how much was asked for: the beginning is read, the rest is let go.
    let whole = format!("{}{}", report(&id, "failed").replace('\n', "\r\n"), "x".repeat(2 * MESSAGE_MAX));
    let fetched =
        format!("* 1 FETCH (UID 100 RFC822.SIZE {0} BODY[] {{{0}}}\r\n{whole})\r\nTAG OK done\r\n", whole.len());
    server.behave(Script { says: vec![("UID FETCH 100", fetched)], ..Script::default() });
    server.deliver("as the script has it");
    assert_eq!((look(&house).await, server.unseen(), trouble(&house)), (1, 0, String::new()));

    // More than anybody sends, or begun and never ended: set aside, as seen, and the others are taken.
    let endless = |length: usize| vec![("UID FETCH 101", format!("* 1 FETCH (UID 101 BODY[] {{{length}}}\r\nxyz"))];
    let quick =
        ImapSettings { answer_timeout: Duration::from_secs(2), ..settings(server.port, Security::PlainLoopback) };
    let place = ReturnPlace::Imap(Arc::new(ImapMailbox::new(quick).unwrap()));
    let (slow, id) = bounces::house_with(place).await;
    server.behave(Script { says: endless(MESSAGE_MAX + 1), ..Script::default() });
    server.deliver("endless");
    server.deliver(&report(&id, "failed"));
    assert_eq!((look(&slow).await, server.unseen(), trouble(&slow)), (1, 0, String::new()));
    let health = |house: &TestHouse| house.app.settings.bounces.as_ref().unwrap().health.clone();
    assert_eq!(health(&slow).aside(), 1);
    let asked = |server: &Server| server.heard().iter().filter(|x| x.starts_with("UID FETCH 101")).count();
    let before = asked(&server);
    assert_eq!((look(&slow).await, asked(&server)), (0, before), "it is not asked for again");
    let mut tom = signed_in(&slow, "tom@hartmann.example").await;
    let page = tom.get("/desk/letters").await.text();
    assert!(page.contains("were set aside") && page.contains("1 message in INBOX"), "{page}");
    assert_eq!(health(&house).aside(), 0);

    let other = Server::start(Script {
        says: vec![("UID FETCH 100", endless(4_294_967_295)[0].1.clone())],
        ..Script::default()
    })
    .await;
    let (house, _) = plain(&other).await;
    other.deliver("endless");
    assert_eq!((look(&house).await, other.unseen(), health(&house).aside()), (0, 0, 1), "{}", trouble(&house));
}

#[tokio::test]
async fn a_message_at_which_the_connection_ends_or_hangs_stops_no_look_after_it_and_is_not_set_aside() {
    // More of it begins to come than was asked for, as of any long one from such a server.
    let long = format!("* 1 FETCH (UID 100 BODY[] {{{}}}\r\n{}", MESSAGE_MAX * 2, "x".repeat(MESSAGE_MAX + 9));
    for script in [
        Script { hangs: Some("UID FETCH 100"), ..Script::default() },
        Script { drops: Some("UID FETCH 100"), ..Script::default() },
        Script { says: vec![("UID FETCH 100", long)], cuts: Some("UID FETCH 100"), ..Script::default() },
    ] {
        let server = Server::start(script).await;
        let quick = settings(server.port, Security::PlainLoopback);
        let (house, id) = house(ImapSettings { answer_timeout: Duration::from_millis(500), ..quick }).await;
        server.deliver("the one");
        server.deliver(&report(&id, "failed"));
        let from = AtomicU32::new(0);
        let look = || scheduler::read_mailbox_from(&house.app, &from);
        assert_eq!((look().await.unwrap(), server.unseen()), (0, 2), "{}", trouble(&house));
        assert_eq!((look().await.unwrap(), server.unseen()), (1, 1), "{}", trouble(&house));
        server.deliver("newer");
        look().await.unwrap();
        look().await.unwrap();
        assert_eq!(server.unseen(), 1);
        assert_eq!(house.app.settings.bounces.as_ref().unwrap().health.aside(), 0, "nobody read it");
        server.behave(Script::default());
        look().await.unwrap();
        assert_eq!((server.unseen(), trouble(&house)), (0, String::new()));
    }
}

#[tokio::test]
async fn messages_that_can_t_be_marked_count_to_what_one_look_takes() {
    let says = vec![("UID STORE", "TAG NO [NOPERM] not yours\r\n".to_owned())];
    let server = Server::start(Script { says, ..Script::default() }).await;
    let (house, _) = plain(&server).await;
    for n in 0..230 {
        server.deliver(&format!("not a report, {n}"));
    }
    look(&house).await;
    let fetched = server.heard().iter().filter(|x| x.starts_with("UID FETCH")).count();
    assert_eq!((fetched, server.unseen()), (200, 230));
    assert!(trouble(&house).contains("could not be marked as seen"), "{}", trouble(&house));
}

#[tokio::test]
async fn a_message_that_the_server_can_t_give_does_not_keep_the_others() {
    let says = vec![("UID FETCH 100", "TAG NO [SERVERBUG] can't read it\r\n".to_owned())];
    let server = Server::start(Script { says, ..Script::default() }).await;
    let (house, id) = plain(&server).await;
    server.deliver("lost on the server's disk");
    server.deliver(&report(&id, "failed"));
    assert_eq!((look(&house).await, server.unseen()), (1, 1));
    assert_eq!(trouble(&house), "");
    // Nor does one that it will not mark; but that is told.
    let says = vec![("UID STORE 100", "TAG NO [NOPERM] not yours\r\n".to_owned())];
    server.behave(Script { says, ..Script::default() });
    server.deliver("later");
    assert_eq!((look(&house).await, server.unseen()), (0, 1));
    assert!(trouble(&house).contains("could not be marked as seen") && trouble(&house).contains("not yours"));
}

#[tokio::test]
async fn no_password_leaves_in_clear() {
    let (tls, trusted) = certificate();
    let ca_file = || Some(trusted.path().to_owned());
    let secret = |heard: &[String]| heard.iter().any(|x| x.contains("AUTH") || x.contains("LOGIN"));
    let script = Script { tls: Some(tls.clone()), offers: "IMAP4rev1 STARTTLS AUTH=PLAIN", ..Script::default() };
    // STARTTLS as it should be.
    let server = Server::start(script.clone()).await;
    let (house, id) = house(ImapSettings { ca_file: ca_file(), ..settings(server.port, Security::StartTls) }).await;
    server.deliver(&report(&id, "failed"));
    assert_eq!(look(&house).await, 1, "{}", trouble(&house));
    assert_eq!(server.heard()[..3], ["CAPABILITY", "STARTTLS", "CAPABILITY"], "what was offered in clear is forgotten");
    for (behaviour, why) in [
        (Script { offers: "IMAP4rev1 AUTH=PLAIN", ..script.clone() }, "does not offer STARTTLS"),
        (Script { injected: "* CAPABILITY IMAP4rev1\r\na3 OK done\r\n", ..script.clone() }, "went on in clear text"),
        (Script { greeting: "* PREAUTH welcome", ..script.clone() }, "PREAUTH"),
        (Script { greeting: "* BYE too busy", ..script.clone() }, "too busy"),
        (Script { says: vec![("STARTTLS", "TAG NO not now\r\n".to_owned())], ..script.clone() }, "not now"),
    ] {
        let server = Server::start(behaviour).await;
        let settings = ImapSettings { ca_file: ca_file(), ..settings(server.port, Security::StartTls) };
        let failed = ImapMailbox::new(settings).unwrap().open().await.err().unwrap();
        assert!(failed.contains(why), "{failed}");
        assert!(!secret(&server.heard()), "{:?}", server.heard());
    }
    // A certificate that nobody vouches for.
    let server = Server::start(Script { tls_first: true, ..script }).await;
    let failed = ImapMailbox::new(settings(server.port, Security::Tls)).unwrap().open().await.err().unwrap();
    assert!(failed.contains("no trusted TLS connection") && server.heard().is_empty(), "{failed}");
    let outside = ImapSettings { host: "imap.example.com".to_owned(), ..settings(143, Security::PlainLoopback) };
    assert!(!format!("{outside:?}").contains("hunter2"));
    assert!(matches!(ImapMailbox::new(outside), Err(SettingsError::PlainToOutside(_))));
}

#[tokio::test]
async fn what_a_hostile_server_says_takes_neither_memory_nor_stack_nor_the_others_messages() {
    let fetch = |text: &str| vec![("UID FETCH", format!("* 1 FETCH (UID 100 BODY[]<0> {text}"))];
    let search = |text: String| vec![("UID SEARCH", text)];
    let deep = "(".repeat(900_000);
    for (says, why) in [
        (fetch("{99999999999999999999}\r\n"), "in time"),
        (fetch(&"{0}\r\n ".repeat(300_000)), "too many answers"),
        (vec![("UID FETCH", format!("* {}{}", "x".repeat(512 << 10), "{0}\r\n".repeat(80_000)))], "too many answers"),
        (fetch(&format!("\"{}", "x".repeat(2 << 20))), "overlong"),
        (search(format!("* SEARCH {}", "1 ".repeat(1 << 20))), "overlong"),
        (search("* 1 EXISTS\r\n".repeat(20_000)), "too many answers"),
        (search("+ more?\r\n".to_owned()), "waits for more"),
        (search("* BYE going down\r\n".to_owned()), "in time"),
        // Nothing of use, and no harm.
        (vec![("UID FETCH", format!("* 1 FETCH (UID 100 BODYSTRUCTURE {deep}\r\nTAG OK done\r\n"))], ""),
        (search("* SEARCH x -1 4294967296 \u{7f}\r\nTAG OK done\r\n".to_owned()), ""),
    ] {
        let server = Server::start(Script { says, ..Script::default() }).await;
        server.deliver("anything");
        let quick =
            ImapSettings { answer_timeout: Duration::from_secs(2), ..settings(server.port, Security::PlainLoopback) };
        let mut open = ImapMailbox::new(quick).unwrap().open().await.unwrap();
        let read = async {
            for number in open.unseen().await? {
                open.message(number).await?;
            }
            Ok::<_, String>(())
        };
        let failed = read.await.err().unwrap_or_default();
        assert!(if why.is_empty() { failed.is_empty() } else { failed.contains(why) }, "{why}: {failed}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_anywhere_is_given_up_in_time() {
    for at in ["CAPABILITY", "AUTHENTICATE", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"] {
        let server = Server::start(Script { hangs: Some(at), ..Script::default() }).await;
        let quick = ImapSettings {
            answer_timeout: Duration::from_millis(300),
            ..settings(server.port, Security::PlainLoopback)
        };
        let (house, id) = house(quick).await;
        server.deliver(&report(&id, "failed"));
        look(&house).await;
        assert!(trouble(&house).contains("did not answer in time"), "{at}: {}", trouble(&house));
        // Letters leave meanwhile: the look is none of the round's jobs.
        assert_eq!(house.tick().await.failures, 0);
    }
}

#[tokio::test]
async fn a_mailbox_that_can_t_be_read_is_told_on_the_desk_until_it_can() {
    let server = Server::start(Script::default()).await;
    let wrong =
        ImapSettings { password: Password::new("guess".to_owned()), ..settings(server.port, Security::PlainLoopback) };
    let (house, _) = house(wrong).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    assert!(!orla.get("/desk/letters").await.text().contains("can’t be read"));
    look(&house).await;
    assert!(trouble(&house).contains("the sign-in failed") && trouble(&house).contains("wrong user name or password"));
    for page in [orla.get("/desk/letters").await.text(), tom.get("/desk/letters").await.text()] {
        assert!(page.contains("What comes back can’t be read.") && page.contains("wrong user name"), "{page}");
    }
    assert!(!orla.get("/desk").await.text().contains("can’t be read"), "one look may fail");
    look(&house).await;
    look(&house).await;
    assert!(orla.get("/desk").await.text().contains("What comes back can’t be read."));
    assert!(!tom.get("/desk").await.text().contains("can’t be read"), "who governs is told");
    // The password is right from now on, on the server's side.
    let says = vec![("AUTHENTICATE", "TAG OK welcome\r\n".to_owned())];
    server.behave(Script { says, ..Script::default() });
    look(&house).await;
    assert!(!orla.get("/desk/letters").await.text().contains("can’t be read"));
}

async fn walked(settings: ImapSettings) -> (bool, Vec<Step>) {
    let mut steps = Vec::new();
    let done = ImapMailbox::new(settings).unwrap().walk_through(&mut |step| steps.push(step)).await;
    (done, steps)
}

#[tokio::test]
async fn a_walk_tells_each_step_and_what_to_do_about_the_one_that_failed() {
    let server = Server::start(Script::default()).await;
    server.deliver("unread");
    let (done, steps) = walked(settings(server.port, Security::PlainLoopback)).await;
    let names: Vec<_> = steps.iter().map(|step| step.what).collect();
    assert_eq!((done, &names[..]), (true, &["Name", "Connection", "Encryption", "Sign-in", "Folder"][..]), "{steps:?}");
    assert!(steps[4].outcome.as_ref().unwrap().contains("one message"), "{steps:?}");
    assert_eq!(server.unseen(), 1, "a walk marks nothing");
    let select = |answer: &str| Script { says: vec![("SELECT", answer.to_owned())], ..Script::default() };
    let name = |folder: &'static str| Script { folder, ..Script::default() };
    for (script, step, why, advice) in [
        (
            Script { offers: "IMAP4rev1 LOGINDISABLED", ..Script::default() },
            "Sign-in",
            "no sign-in by password",
            "app password",
        ),
        (Script { offers: "IMAP4rev1", ..Script::default() }, "Sign-in", "plain ASCII", "imap_username"),
        (name("Bounces"), "Folder", "no such mailbox", "imap_folder"),
        (select("TAG OK [READ-ONLY] look only\r\n"), "Folder", "only be read", "may change messages"),
        (select("* OK [PERMANENTFLAGS (\\Answered)]\r\nTAG OK done\r\n"), "Folder", "only be read", "may change"),
    ] {
        let server = Server::start(script).await;
        let (done, steps) = walked(settings(server.port, Security::PlainLoopback)).await;
        let last = steps.last().unwrap();
        assert!(!done && last.what == step && last.advice.contains(advice), "{steps:?}");
        assert!(last.outcome.as_ref().unwrap_err().contains(why), "{last:?}");
    }
    let (_, steps) = walked(settings(server.port, Security::StartTls)).await;
    assert!(steps.last().unwrap().advice.contains("imap_security = \"tls\""), "{steps:?}");
    // Where only LOGIN is offered, plain ASCII signs in.
    let old = Server::start(Script { offers: "IMAP4rev1", ..Script::default() }).await;
    let password = Password::new("a \"b\" \\c".to_owned());
    let (done, steps) = walked(ImapSettings { password, ..settings(old.port, Security::PlainLoopback) }).await;
    assert!(done, "{steps:?}");
    assert!(old.heard().contains(&"LOGIN \"bounces\" \"a \\\"b\\\" \\\\c\"".to_owned()), "{:?}", old.heard());
}

#[tokio::test]
async fn the_running_scheduler_reads_the_mailbox_by_itself() {
    let server = Server::start(Script::default()).await;
    let (house, id) = plain(&server).await;
    server.deliver(&report(&id, "failed"));
    let (stop, told) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(scheduler::run(house.app.clone(), told));
    for _ in 0..200 {
        if server.unseen() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!((server.unseen(), bounces::count(&house)), (0, 1));
}

#[tokio::test]
async fn a_maildir_that_is_gone_is_told_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let (house, _) = bounces::house_with(ReturnPlace::Maildir(Path::new(folder.path()).join("gone"))).await;
    assert!(trouble(&house).contains("No such file"), "{}", trouble(&house));
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    assert!(tom.get("/desk/letters").await.text().contains("What comes back can’t be read."));
}
