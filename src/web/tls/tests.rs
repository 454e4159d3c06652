//! Certificates: read, made, and told apart when they are unfit.

use super::*;
use std::os::unix::fs::PermissionsExt;

const NOW: &str = "2026-03-01T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn self_signed_in(folder: &Path, names: &[&str]) -> TlsMode {
    TlsMode::SelfSigned { folder: folder.join("tls"), names: names.iter().map(|name| (*name).to_owned()).collect() }
}

/// Writes a new pair for `host` as `name`.pem and `name`.key.
fn write_pair(folder: &Path, name: &str, host: &str) {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), made.cert.pem()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
}

fn files(folder: &Path) -> TlsMode {
    TlsMode::Files {
        certificate: folder.join("a.pem"),
        private_key: folder.join("a.key"),
        host: "portal.example.com".into(),
    }
}

#[test]
fn a_self_signed_pair_is_kept_private_reused_and_renewed_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mode = self_signed_in(folder.path(), &["portal.lan", "127.0.0.1", "::1"]);
    let first = Certificates::open(mode.clone(), at(NOW)).unwrap().unwrap();
    let pem = || std::fs::read_to_string(first.certificate_path()).unwrap();
    let made = pem();
    let mode_of = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode_of(&first.private_key), 0o600);
    assert!(["portal.lan", "127.0.0.1", "::1"].iter().all(|name| first.current().covers(name)));
    assert!(!first.current().covers("elsewhere.lan"));

    Certificates::open(mode.clone(), at("2026-12-01T00:00:00Z")).unwrap();
    assert_eq!(pem(), made, "still good for months");
    assert_eq!(first.refresh(at("2027-03-15T00:00:00Z")), Refresh::Replaced);
    assert_ne!(pem(), made, "replaced before its end");
    Certificates::open(self_signed_in(folder.path(), &["other.lan"]), at(NOW)).unwrap();
    assert!(Certificates::open(mode, at(NOW)).unwrap().unwrap().current().covers("portal.lan"));
}

#[test]
fn a_bad_new_pair_keeps_the_old_one_and_a_good_one_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), "a", "portal.example.com");
    write_pair(folder.path(), "b", "new.example.com");
    let certificates = Certificates::open(files(folder.path()), at(NOW)).unwrap().unwrap();
    assert_eq!(certificates.refresh(at(NOW)), Refresh::Unchanged);

    std::fs::rename(folder.path().join("b.pem"), folder.path().join("a.pem")).unwrap();
    let Refresh::Kept(error) = certificates.refresh(at(NOW)) else { panic!("a half-changed pair was taken") };
    assert!(error.message.contains("is not the key of the certificate"), "{error}");
    assert!(certificates.current().covers("portal.example.com"));
    assert_eq!(certificates.refresh(at(NOW)), Refresh::Unchanged, "said once");

    std::fs::rename(folder.path().join("b.key"), folder.path().join("a.key")).unwrap();
    assert_eq!(certificates.refresh(at(NOW)), Refresh::Replaced);
    assert!(certificates.current().covers("new.example.com"));
    assert!(certificates.warnings(at(NOW)).iter().any(|warning| warning.contains("is not for portal.example.com")));

    std::fs::remove_file(folder.path().join("a.key")).unwrap();
    assert!(matches!(certificates.refresh(at(NOW)), Refresh::Kept(_)));
}

#[test]
fn each_fault_of_a_pair_names_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Certificates::open(files(folder.path()), at(NOW)).unwrap_err();
    assert!(open().path.ends_with("a.pem"));
    write_pair(folder.path(), "a", "portal.example.com");
    let swap = |name: &str, content: &str| {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).unwrap();
        std::fs::write(&path, content).unwrap();
        let error = open();
        std::fs::write(&path, before).unwrap();
        assert!(error.path.ends_with(name), "{error}");
        error.message
    };
    assert!(swap("a.pem", "").contains("holds no certificate"));
    assert!(swap("a.key", "").contains("holds no private key"));
    assert!(swap("a.key", &rcgen::KeyPair::generate().unwrap().serialize_pem()).contains("is not the key"));
    swap("a.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

#[test]
fn an_ending_certificate_is_spoken_of() {
    let folder = tempfile::tempdir().unwrap();
    let mode = self_signed_in(folder.path(), &["portal.lan"]);
    let certificates = Certificates::open(mode, at(NOW)).unwrap().unwrap();
    assert!(certificates.warnings(at(NOW)).is_empty());
    assert!(certificates.warnings(at("2027-03-25T00:00:00Z"))[0].contains("ends on 2027-"));
    assert!(certificates.warnings(at("2028-01-01T00:00:00Z"))[0].contains("ended on"));
}
