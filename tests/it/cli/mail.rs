//! The trial letter from the command line: beside a server, into a folder, and where no way out is configured.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_trial_letter_goes_the_way_of_all_letters_and_says_what_is_missing() {
    let made = Made::new();
    let bare = run(
        &[&["mail", "test", "ana@client.example", "--config"], [made.config("house").as_str()].as_slice()].concat()
    );
    assert!(!bare.status.success());
    assert!(String::from_utf8_lossy(&bare.stderr).contains("no [mail] section"), "{bare:?}");

    let config = made.path("house/counterfoil.toml");
    let letters = made.path("letters");
    let section =
        format!("\n[mail]\ntransport = \"folder\"\nfolder = {letters:?}\nfrom_address = \"desk@example.com\"\n");
    let text = std::fs::read_to_string(&config).unwrap() + &section;
    std::fs::write(&config, text).unwrap();
    let serving = Serving::of(&made, "house");
    let told = said(&made.on("house", &["mail", "test", "ana@client.example"]));
    assert!(told.contains("Letters become files in") && told.contains("went to nobody"), "{told}");
    assert!(!told.contains("spam") && !told.contains("SPF") && !told.contains("taken over"), "{told}");
    let written: Vec<_> = std::fs::read_dir(&letters).unwrap().flatten().map(|entry| entry.path()).collect();
    let trial = written.iter().map(|path| std::fs::read_to_string(path).unwrap());
    assert!(trial.into_iter().any(|text| text.contains("To: ana@client.example")), "{written:?}");

    let wrong = made.on("house", &["mail", "test", "not an address"]);
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("is no e-mail address"));
    serving.stop();
}

#[test]
fn what_comes_back_is_tried_and_what_is_missing_is_said() {
    let made = Made::new();
    let config = made.path("house/counterfoil.toml");
    let bare = std::fs::read_to_string(&config).unwrap();
    let with = |section: &str| {
        std::fs::write(&config, format!("{bare}\n{section}")).unwrap();
        made.on("house", &["mail", "test", "--bounces"])
    };
    let error = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let none = with("");
    assert!(!none.status.success() && error(&none).contains("no [bounces] section"), "{none:?}");
    let maildir = made.path("back");
    let section = format!("[bounces]\nmaildir = {maildir:?}\n");
    let gone = with(&section);
    assert!(!gone.status.success() && error(&gone).contains("back"), "{gone:?}");
    assert!(String::from_utf8_lossy(&made.on("house", &["doctor"]).stdout).contains("back"));
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(maildir.join(part)).unwrap();
    }
    std::fs::write(maildir.join("new/1.a"), "a message").unwrap();
    assert!(said(&with(&section)).contains("can be read; 1 new in it"));
    let secret = made.path("imap-password");
    std::fs::write(&secret, "hunter2-secret\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let imap = with(&format!(
        "[bounces]\nimap_host = \"127.0.0.1\"\nimap_port = {closed}\nimap_username = \"b\"\nimap_password_file = {secret:?}\n"
    ));
    let told = String::from_utf8_lossy(&imap.stdout);
    assert!(!imap.status.success() && told.contains("FAILED: 127.0.0.1") && told.contains("993 is usual"), "{imap:?}");
    let doctor = made.on("house", &["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("INBOX at 127.0.0.1"), "{doctor:?}");
    assert!(!format!("{imap:?}{doctor:?}").contains("hunter2"));
}
