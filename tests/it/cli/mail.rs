//! The trial letter from the command line: beside a server, into a folder, and where no way out is configured.

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
    assert!(told.contains("Letters become files in") && told.contains("taken over"), "{told}");
    let written: Vec<_> = std::fs::read_dir(&letters).unwrap().flatten().map(|entry| entry.path()).collect();
    let trial = written.iter().map(|path| std::fs::read_to_string(path).unwrap());
    assert!(trial.into_iter().any(|text| text.contains("To: ana@client.example")), "{written:?}");

    let wrong = made.on("house", &["mail", "test", "not an address"]);
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("is no e-mail address"));
    serving.stop();
}
