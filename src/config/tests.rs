//! The configuration's promises: unknown keys and bad values are refused with their place.

use super::*;

const GOOD: &str = r#"url = "https://portal.example.com"
data = "/var/lib/counterfoil"
[key]
file = "counterfoil.key"
[listen]
address = "0.0.0.0:443"
tls = "self-signed"
[mail]
transport = "smtp"
host = "smtp.example.com"
security = "tls"
from_address = "billing@example.com"
[reminders]
zone = "Europe/Madrid"
time = "08:30"
[limits]
cache_mib = 32
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/etc/counterfoil/counterfoil.toml"))
}

/// The refusal after `from` in the good file is replaced by `to`.
fn refusal(from: &str, to: &str) -> ConfigError {
    assert!(GOOD.contains(from), "{from}");
    parse(&GOOD.replace(from, to)).expect_err(to)
}

#[test]
fn a_good_file_is_read_with_its_defaults() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.url.origin(), "https://portal.example.com");
    assert_eq!(config.key, KeySource::File("/etc/counterfoil/counterfoil.key".into()));
    assert_eq!(config.listen.tls, TlsConfig::SelfSigned);
    assert_eq!((config.limits.cache_mib, config.limits.upload_mib), (32, 25));
    assert!(config.reminders.enabled);
    assert_eq!(config.reminders.time, jiff::civil::time(8, 30, 0, 0));
    let Some(MailConfig { transport: MailTransport::Smtp(smtp), .. }) = config.mail else { panic!("no mail server") };
    assert_eq!((smtp.port, smtp.security), (465, MailSecurity::Tls));
}

#[test]
fn every_fault_names_its_line_and_what_to_write() {
    let cases = [
        (
            "url = \"https://portal.example.com\"",
            "url = \"http://portal.example.com\"",
            1,
            "https://portal.example.com",
        ),
        ("url = \"https://portal.example.com\"", "url = \"portal\"", 1, "must start with https://"),
        ("data = ", "dta = ", 2, "Did you mean \"data\"?"),
        ("file = ", "fil = ", 4, "Did you mean \"file\"?"),
        ("file = \"counterfoil.key\"", "file = \"k\"\nprompt = true", 5, "one place only"),
        ("file = \"counterfoil.key\"", "credential = \"../k\"", 4, "not a path"),
        ("[key]\nfile = \"counterfoil.key\"", "[key]", 3, "Add under [key]"),
        ("[listen]", "[lisen]", 5, "Did you mean [listen]?"),
        ("address = \"0.0.0.0:443\"", "adress = \"0.0.0.0:443\"", 6, "Did you mean \"address\"?"),
        ("address = \"0.0.0.0:443\"", "address = \"portal:443\"", 6, "0.0.0.0:443"),
        ("address = \"0.0.0.0:443\"", "address = 443", 6, "text in double quotes"),
        ("tls = \"self-signed\"", "tls = \"acme\"", 7, "self-signed"),
        ("tls = \"self-signed\"", "tls = \"proxy\"", 6, "127.0.0.1:443"),
        ("tls = \"self-signed\"", "tls = \"files\"", 5, "certificate = "),
        ("tls = \"self-signed\"", "tls = \"self-signed\"\ncertificate = \"a\"", 7, "tls = \"files\""),
        ("tls = \"self-signed\"", "tls = \"self-signed\"\ntrusted_proxies = [\"10.0.0.0/99\"]", 8, "10.0.0.0/8"),
        ("tls = \"self-signed\"", "tls = \"self-signed\"\nextra_hosts = [\"https://a\"]", 8, "without scheme"),
        ("tls = \"self-signed\"", "tls = \"self-signed\"\nforwarded_header = \"via\"", 8, "x-forwarded-for"),
        ("security = \"tls\"", "security = \"none\"", 11, "starttls"),
        ("security = \"tls\"", "password = \"hunter2\"", 11, "password_file"),
        ("security = \"tls\"", "port = 70000", 11, "from 1 to 65535"),
        ("security = \"tls\"", "username = \"me\"", 8, "password_file"),
        ("host = \"smtp.example.com\"\n", "", 8, "host = "),
        ("from_address = \"billing@example.com\"", "from_address = \"Billing <b@example.com>\"", 12, "address alone"),
        ("zone = \"Europe/Madrid\"", "zone = \"Europe/Madird\"", 14, "Europe/London"),
        ("time = \"08:30\"", "time = \"8.30\"", 15, "08:00"),
        ("time = \"08:30\"", "time = \"25:00\"", 15, "08:00"),
        ("cache_mib = 32", "cache_mib = 0", 17, "from 1 to"),
        ("cache_mib = 32", "cache_mib = -1", 17, "from 1 to"),
        ("cache_mib = 32", "cache_mib = \"32\"", 17, "whole number"),
        ("cache_mib = 32", "from_name = \"x\"", 17, "Move it under [mail]"),
        ("cache_mib = 32", "cache_mib 32", 17, "not valid TOML"),
        ("[limits]", "[limits]\nlots = 1\n[colours]", 17, "Known here"),
    ];
    for (from, to, line, says) in cases {
        let error = refusal(from, to);
        assert_eq!(error.line, Some(line), "{to}: {error}");
        assert!(error.message.contains(says), "{to}: {error}");
        assert!(error.to_string().starts_with("/etc/counterfoil/counterfoil.toml, line "), "{error}");
    }
}

#[test]
fn a_refusal_does_not_show_a_password_written_into_the_file() {
    assert!(!refusal("security = \"tls\"", "password = \"hunter2\"").to_string().contains("hunter2"));
}

#[test]
fn proxy_mode_needs_loopback_and_a_named_proxy() {
    let proxied = GOOD.replace("0.0.0.0:443", "127.0.0.1:8080").replace("self-signed", "proxy");
    assert!(parse(&proxied).unwrap_err().message.contains("trusted_proxies"));
    let named = proxied.replace("tls = \"proxy\"", "tls = \"proxy\"\ntrusted_proxies = [\"127.0.0.1\"]");
    let config = parse(&named).unwrap();
    assert_eq!(config.listen.tls, TlsConfig::Proxy);
    assert!(config.listen.trusted_proxies[0].contains("127.0.0.1".parse().unwrap()));
}

#[test]
fn backups_are_taken_when_they_have_a_folder() {
    assert_eq!(parse(GOOD).unwrap().backup, None);
    let with = |lines: &str| parse(&GOOD.replace("[limits]", &format!("[backup]\n{lines}\n[limits]")));
    let usual = BackupConfig {
        place: BackupPlace::Folder("/srv/b".into()),
        incremental: false,
        at: jiff::civil::time(3, 15, 0, 0),
        keep_daily: 7,
        keep_weekly: 5,
        keep_monthly: 12,
        rate: 0,
        drill: true,
        scratch: "/srv/b".into(),
    };
    assert_eq!(with("folder = \"/srv/b\"").unwrap().backup, Some(usual.clone()));
    let set = "folder = \"b\"\nat = \"23:30\"\nkeep_daily = 0\nkeep_weekly = 1\nkeep_monthly = 2\nrate = 20\n\
               drill = false\nincremental = true\nscratch = \"/tmp\"";
    let all = BackupConfig {
        place: BackupPlace::Folder("/etc/counterfoil/b".into()),
        incremental: true,
        at: jiff::civil::time(23, 30, 0, 0),
        keep_daily: 0,
        keep_weekly: 1,
        keep_monthly: 2,
        rate: 20,
        drill: false,
        scratch: "/tmp".into(),
    };
    assert_eq!(with(set).unwrap().backup, Some(all));
    for (lines, says) in [
        ("at = \"03:15\"", "folder = "),
        ("folder = \"b\"\nat = \"3:15\"", "at = \"03:15\""),
        ("folder = \"b\"\nrate = -1", "from 0 to 100000"),
        ("folder = \"b\"\nkeep_dayly = 1", "keep_daily"),
    ] {
        let error = with(lines).unwrap_err();
        assert!(error.line >= Some(16) && error.message.contains(says), "{lines}: {error}");
    }
}

#[test]
fn the_example_is_read() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(
        config.limits,
        LimitsConfig {
            cache_mib: 64,
            upload_mib: 25,
            document_mib: 2_048,
            client_documents_mib: 10_240,
            documents_mib: 51_200,
            connections: 2000,
            connections_per_address: 128,
        }
    );
}

fn is_a_key(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn the_example_shows_every_key_in_its_section_and_no_other() {
    let mut shown = Vec::new();
    let mut section = "";
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && is_a_key(key)
        {
            shown.push((section, key));
        }
    }
    shown.sort_unstable();
    let mut known: Vec<_> =
        reader::KEYS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| (*section, *key))).collect();
    known.sort_unstable();
    assert_eq!(shown, known);
}

fn is_of_mailbox(setting: &str) -> bool {
    setting.starts_with("imap_") || setting.contains("imap-ca.pem")
}

#[test]
fn each_optional_line_of_the_example_is_accepted_when_its_mark_is_removed() {
    let key_file = "file = \"/etc/counterfoil/counterfoil.key\"\n";
    // What stands in the place of another setting, and that one.
    let instead = [
        ("credential = \"counterfoil.key\"", key_file),
        ("prompt = ", key_file),
        ("credential = \"s3.txt\"", "credentials_file = \"/etc/counterfoil/s3.txt\"\n"),
    ];
    for line in EXAMPLE.lines() {
        let Some(setting) = line.strip_prefix("# ") else { continue };
        let Some((key, _)) = setting.split_once(" = ") else { continue };
        if !is_a_key(key) {
            continue;
        }
        let mut text = EXAMPLE.replace(line, setting);
        // A mailbox stands in the place of the Maildir, with all that belongs to it.
        if is_of_mailbox(setting) {
            let open = |x: &str| x.strip_prefix("# ").filter(|x| is_of_mailbox(x)).unwrap_or(x).to_owned() + "\n";
            let lines = EXAMPLE.lines().filter(|x| !x.starts_with("maildir = "));
            text = lines.map(open).collect();
        }
        if let Some((_, other)) = instead.iter().find(|(start, _)| setting.starts_with(start)) {
            text = text.replace(other, "");
        }
        if let Err(error) = parse(&text) {
            panic!("{setting}: {error}");
        }
    }
}

#[test]
fn an_absent_file_is_a_sentence() {
    let error = Config::load(Path::new("/nonexistent/counterfoil.toml")).unwrap_err().to_string();
    assert!(error.contains("counterfoil init"), "{error}");
}

#[test]
fn the_starting_file_is_read_whatever_the_paths_are_called() {
    let url: PublicUrl = "https://portal.example.com:8443".parse().unwrap();
    for folder in ["/srv/data", "/srv/a \"b\" \\c", "/srv/naïve"] {
        let key = KeySource::File(Path::new(folder).join("key"));
        let text = starting_file(&url, Path::new(folder), &key);
        let config = parse(&text).unwrap();
        assert_eq!((config.url.clone(), config.data, config.key), (url.clone(), folder.into(), key));
        assert_eq!((config.listen.tls, config.mail), (TlsConfig::SelfSigned, None));
        assert!(text.contains("# [mail]\n") && text.contains("# host = "), "{text}");
        let text = starting_file(&url, Path::new(folder), &KeySource::Prompt);
        assert_eq!(parse(&text).unwrap().key, KeySource::Prompt);
    }
}

#[test]
fn a_moved_configuration_differs_in_the_two_places_only() {
    let old = "url = \"https://p.example.com\"\ndata = \"/old\"\n[key] # where\ncredential = \"k\"\n\
               [listen]\naddress = \"0.0.0.0:443\"\ntls = \"self-signed\"\n";
    let new =
        Config::parse(&moved(old, Path::new("/new"), &KeySource::File("/new.key".into())), Path::new("/x/c.toml"))
            .unwrap();
    assert_eq!((new.data.as_path(), &new.key), (Path::new("/new"), &KeySource::File("/new.key".into())));
    assert_eq!(new.url.origin(), "https://p.example.com");
}

const SIGNING: &str = "[dkim]\nselector = \"counterfoil\"\nkey_file = \"dkim.pem\"\n";

#[test]
fn the_limits_of_the_mail_server_have_defaults_and_ends() {
    let smtp = |more: &str| match parse(&GOOD.replace("[reminders]", &format!("{more}[reminders]"))).unwrap().mail {
        Some(MailConfig { transport: MailTransport::Smtp(smtp), .. }) => smtp,
        other => panic!("{other:?}"),
    };
    let usual = smtp("");
    assert_eq!((usual.connections, usual.letters_per_connection, usual.letters_per_minute), (4, 50, 0));
    let own = smtp("connections = 2\nletters_per_minute = 30\n");
    assert_eq!((own.connections, own.letters_per_minute), (2, 30));
    let fault = refusal("[reminders]", "connections = 0\n[reminders]");
    assert!(fault.message.contains("from 1 to 50"), "{fault}");
}

#[test]
fn a_signature_is_of_the_senders_domain_or_of_one_above_it() {
    let with = |more: &str| parse(&GOOD.replace("[reminders]", &format!("{SIGNING}{more}[reminders]")));
    let dkim = with("").unwrap().dkim.unwrap();
    assert_eq!((&*dkim.selector, &*dkim.domain), ("counterfoil", "example.com"));
    assert_eq!(dkim.key_file, Path::new("/etc/counterfoil/dkim.pem"));
    let fault = with("domain = \"other.example\"\n").unwrap_err();
    assert!(fault.message.contains("does not fit from_address"), "{fault}");
    let fault = refusal("[reminders]", "[dkim]\nselector = \"a b\"\nkey_file = \"k\"\n[reminders]");
    assert!(fault.message.contains("no name of the DNS"), "{fault}");
    assert!(refusal("[reminders]", "[dkim]\nselector = \"a\"\n[reminders]").message.contains("key_file is missing"));
}

fn bouncing(more: &str) -> Result<BouncesConfig, ConfigError> {
    let config = parse(&GOOD.replace("[reminders]", &format!("[bounces]\n{more}[reminders]")))?;
    Ok(config.bounces.unwrap())
}

#[test]
fn what_comes_back_has_a_maildir_and_perhaps_an_address() {
    let plan = bouncing("maildir = \"back\"\nreturn_path = \"bounces@example.com\"\n").unwrap();
    assert_eq!(plan.place, BouncesPlace::Maildir("/etc/counterfoil/back".into()));
    assert_eq!(plan.return_path.as_deref(), Some("bounces@example.com"));
    let fault = bouncing("").unwrap_err();
    assert!(fault.message.contains("maildir or imap_host is missing") && fault.line.is_some(), "{fault}");
    let fault = bouncing("maildir = \"b\"\nreturn_path = \"B <b@x>\"\n").unwrap_err();
    assert!(fault.message.contains("not an e-mail address"));
}

const MAILBOX: &str =
    "imap_host = \"imap.example.com\"\nimap_username = \"b@example.com\"\nimap_password_file = \"imap\"\n";

#[test]
fn what_comes_back_may_lie_in_a_mailbox_that_is_read_by_imap() {
    let with = |more: &str| bouncing(&format!("{MAILBOX}{more}"));
    let imap = |more: &str| match with(more).unwrap().place {
        BouncesPlace::Imap(imap) => imap,
        other => panic!("{other:?}"),
    };
    let usual = imap("");
    assert_eq!((usual.security, usual.port, &*usual.folder), (MailSecurity::Tls, 993, "INBOX"));
    assert_eq!(usual.password_file, Path::new("/etc/counterfoil/imap"));
    let own = imap("imap_security = \"starttls\"\nimap_folder = \"Zurückgekommen\"\nca_file = \"ca.pem\"\n");
    assert_eq!((own.port, &*own.folder), (143, "Zurückgekommen"));
    assert_eq!(own.ca_file.as_deref(), Some(Path::new("/etc/counterfoil/ca.pem")));
    assert_eq!(imap("imap_port = 1143\n").port, 1143);
    for (more, why) in [
        ("maildir = \"back\"\n", "maildir and imap_host are both given"),
        ("imap_security = \"none\"\n", "would send the password readable"),
        ("imap_security = \"ssl\"\n", "Write one of"),
        ("imap_port = 0\n", "from 1 to 65535"),
    ] {
        let fault = with(more).unwrap_err();
        assert!(fault.message.contains(why) && fault.line.is_some(), "{more}: {fault}");
    }
    for (left_out, why) in
        [("imap_username", "imap_username is missing"), ("imap_password_file", "password_file is missing")]
    {
        let rest: String = MAILBOX.lines().filter(|x| !x.starts_with(left_out)).map(|x| format!("{x}\n")).collect();
        assert!(bouncing(&rest).unwrap_err().message.contains(why), "{left_out}");
    }
    let fault = bouncing(&MAILBOX.replace("imap.example.com", "imap example")).unwrap_err();
    assert!(fault.message.contains("not a host name"), "{fault}");
    let fault = bouncing("maildir = \"back\"\nimap_folder = \"INBOX\"\n").unwrap_err();
    assert!(fault.message.contains("goes with imap_host"), "{fault}");
    assert!(
        bouncing(
            &MAILBOX.replace("imap.example.com", "127.0.0.1").replace("imap_u", "imap_security = \"none\"\nimap_u")
        )
        .is_ok()
    );
}
