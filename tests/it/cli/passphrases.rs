//! Passphrases that open backups: one among other recipients, whose identity travels with each backup, and one alone.

use std::os::unix::fs::PermissionsExt;

use super::*;

const WORDS: &str = "seven grey herons at the weir";

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

impl Made {
    fn secret(&self, name: &str, text: &[u8]) -> String {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        self.text(name)
    }

    fn restore_with(&self, from: &str, to: &str, with: &[&str]) -> Output {
        run(&[&["restore", "--from", &self.text(from), "--data", &self.text(to)], with].concat())
    }

    fn is_whole(&self, house: &str) -> bool {
        said(&self.on(house, &["verify"])).contains("The data file is whole")
    }
}

#[test]
fn a_passphrase_opens_every_backup_from_then_on_and_nothing_else_has_to_be_kept() {
    let made = Made::new();
    let (words, other) = (made.secret("words", WORDS.as_bytes()), made.secret("other", b"another passphrase"));
    let with_words = ["--backup-passphrase-file", &words];
    made.backup("before.age");
    let serving = Serving::of(&made, "house");
    let add = |file: &str| made.on("house", &["backup", "recipients", "add", "--passphrase-file", file]);
    assert!(refused(&add(&made.secret("easy", b"password1234"))).contains("The passphrase:"));
    let listed = said(&add(&words));
    let recipient = listed.lines().last().unwrap().strip_suffix("  (with a passphrase)").unwrap();
    made.backup("live.age");
    serving.stop();
    std::fs::create_dir(made.path("points")).unwrap();

    said(&made.restore_with("live.age", "new", &with_words));
    assert!(made.is_whole("new"));
    assert!(
        refused(&made.restore_with("live.age", "no", &["--backup-passphrase-file", &other])).contains("passphrase")
    );
    assert!(refused(&made.restore_with("before.age", "no", &with_words)).contains("before one was added"));
    assert!(!made.path("no").exists());
    said(&made.restore("live.age", "by-identity"));

    // What was restored knows its passphrase, and its identity comes out for other tools, still sealed.
    said(&made.on("new", &["backup", "--to", &made.text("again.age")]));
    let taken = run(&["backup", "identity", "--from", &made.text("again.age")]);
    assert!(taken.status.success(), "{taken:?}");
    let identity = made.secret("identity.age", &taken.stdout);
    said(&made.restore_with("live.age", "by-file", &["--identity", &identity, "--backup-passphrase-file", &words]));

    // As `age -p -a` writes it.
    let lines = |bytes: &[u8]| base64(bytes).as_bytes().chunks(64).map(<[u8]>::to_vec).collect::<Vec<_>>().join(&b'\n');
    let text =
        [b"-----BEGIN AGE ENCRYPTED FILE-----\n", &*lines(&taken.stdout), b"\n-----END AGE ENCRYPTED FILE-----\n"];
    let armoured = made.secret("identity.asc", &text.concat());
    let with = ["--identity", &*armoured, "--backup-passphrase-file", &words];
    said(&made.restore_with("live.age", "by-text", &with));
    made.secret("identity.asc", &text[..2].concat());
    assert!(refused(&made.restore_with("live.age", "no", &with)).contains("not whole"));

    said(&made.on("house", &["backup", "recipients", "remove", recipient]));
    made.backup("after.age");
    assert!(refused(&made.restore_with("after.age", "no", &with_words)).contains("No passphrase opens this backup"));
    assert!(refused(&run(&["backup", "identity", "--from", &made.text("after.age")])).contains("carries no identity"));
}

#[test]
fn a_backup_to_a_passphrase_alone_opens_with_that_and_with_nothing_else() {
    let made = Made::new();
    let (words, other) = (made.secret("words", WORDS.as_bytes()), made.secret("other", b"another passphrase"));
    let back_up = |name: &str| {
        let sealed = ["backup", "--to", &made.text(name), "--passphrase-file", &words, "--drill"];
        said(&made.on("house", &sealed))
    };
    let serving = Serving::of(&made, "house");
    assert!(back_up("live.age").contains("Restored on trial"));
    serving.stop();
    let told = back_up("still.age");
    let file = std::fs::read(made.path("still.age")).unwrap();
    assert!(told.contains(&format!("{} bytes", file.len())), "{told}");
    let digest = counterfoil::domain::ids::Digest(counterfoil::secrets::sha256(&file));
    let noted = |e: &Event| matches!(e, Event::BackupMade { digest: kept, .. } if *kept == digest);
    assert!(log(&made.store("house")).iter().any(noted), "the log has another file than the one that is there");

    said(&made.restore_with("live.age", "new", &["--backup-passphrase-file", &words]));
    assert!(made.is_whole("new"));
    let wrong = refused(&made.restore_with("live.age", "no", &["--backup-passphrase-file", &other]));
    assert!(wrong.contains("The passphrase does not open it"), "{wrong}");
    assert!(refused(&made.restore("live.age", "no")).contains("does not open this file"));
    assert!(!made.path("no").exists());
}
