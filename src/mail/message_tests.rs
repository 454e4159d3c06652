//! Letters that try to break out of their headers, and the form of those that do not.

use proptest::prelude::*;

use super::*;

pub(super) fn letter() -> Outgoing {
    Outgoing {
        message_id: "invoice-17.stage-1@portal.example".to_owned(),
        from_name: "Example & Sons".to_owned(),
        from_address: "office@portal.example".to_owned(),
        return_path: None,
        reply_to: Some(("Zoë".to_owned(), "zoe@portal.example".to_owned())),
        to_name: "Ann Example".to_owned(),
        to_address: "ann@client.example".to_owned(),
        subject: "Invoice 17 – £120.00 due".to_owned(),
        text: "Hello,\n.\n\nFrom here: £120\n".to_owned(),
        html: Some("<p>Hello, £120</p>".to_owned()),
        thread: Vec::new(),
        in_reply_to: Some("thread-3@portal.example".to_owned()),
        auto_submitted: true,
        list_unsubscribe: Some("https://portal.example/stop?x=1".to_owned()),
        attachments: vec![Attachment {
            name: "Rechnung für März.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            bytes: b"%PDF-1.7 \r\n.\r\n\xff".to_vec(),
        }],
        date: "2026-03-01T09:30:00Z".parse().unwrap(),
    }
}

fn text_of(letter: &Outgoing) -> String {
    String::from_utf8(letter.compose().unwrap().mime).unwrap()
}

#[test]
fn a_letter_bears_its_own_date_and_identifier_and_is_the_same_each_time() {
    let text = text_of(&letter());
    for line in [
        "Date: Sun, 01 Mar 2026 09:30:00 +0000\r\n",
        "Message-ID: <invoice-17.stage-1@portal.example>\r\n",
        "In-Reply-To: <thread-3@portal.example>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "List-Unsubscribe: <https://portal.example/stop?x=1>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "To: \"Ann Example\"\r\n <ann@client.example>\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Transfer-Encoding: base64\r\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!(text, text_of(&letter()));
}

#[test]
fn a_thread_is_told_from_its_first_letter_and_folds() {
    let parsed = |letter: &Outgoing| {
        let mime = letter.compose().unwrap().mime;
        let message = mail_parser::MessageParser::default().parse(&mime).unwrap();
        let all: Vec<String> = message.references().as_text_list().unwrap().iter().map(ToString::to_string).collect();
        (message.in_reply_to().as_text().unwrap().to_owned(), all)
    };
    let answered = "thread-3@portal.example".to_owned();
    for (first, references) in [
        (vec![], vec![answered.clone()]),
        (vec![answered.clone()], vec![answered.clone()]),
        (vec!["first@portal.example".to_owned()], vec!["first@portal.example".to_owned(), answered.clone()]),
    ] {
        assert_eq!(parsed(&Outgoing { thread: first, ..letter() }), (answered.clone(), references));
    }
    let long = |c: &str| format!("{}@portal.example", c.repeat(super::message::MAX_IDENTIFIER_BYTES - 15));
    let longest = Outgoing { thread: vec![long("a")], in_reply_to: Some(long("b")), ..letter() };
    assert_eq!(parsed(&longest).1, [long("a"), long("b")]);
    let broken = Outgoing { thread: vec!["x@y>\r\nBcc: a@b.c".to_owned()], ..letter() };
    assert_eq!(broken.compose().unwrap_err(), MessageError::MessageId);
}

#[test]
fn a_line_break_in_any_header_field_is_refused() {
    let breaks = ["x\r\nBcc: thief@evil.example", "x\nBcc: a@b.c", "x\rBcc: a@b.c", "x\0", "x\u{85}y"];
    for bad in breaks.map(str::to_owned) {
        let changes: [fn(&mut Outgoing, String); 10] = [
            |l, bad| l.subject = bad,
            |l, bad| l.from_name = bad,
            |l, bad| l.to_name = bad,
            |l, bad| l.reply_to = Some((bad, "a@b.example".to_owned())),
            |l, bad| l.to_address = format!("{bad}@b.example"),
            |l, bad| l.from_address = format!("a@{bad}"),
            |l, bad| l.message_id = format!("{bad}@b.example"),
            |l, bad| l.in_reply_to = Some(format!("a@{bad}")),
            |l, bad| l.list_unsubscribe = Some(format!("https://{bad}")),
            |l, bad| l.attachments[0].name = bad,
        ];
        for (i, change) in changes.into_iter().enumerate() {
            let mut l = letter();
            change(&mut l, bad.clone());
            assert!(l.compose().is_err(), "change {i} with {bad:?}");
        }
    }
}

#[test]
fn an_attachment_cannot_choose_a_folder_or_a_type_that_is_no_file() {
    for (name, kind, error) in [
        ("../x.pdf", "application/pdf", MessageError::AttachmentName),
        ("", "application/pdf", MessageError::AttachmentName),
        ("x.pdf", "multipart/mixed; boundary=x", MessageError::ContentType),
        ("x.pdf", "message/rfc822", MessageError::ContentType),
        ("x.pdf", "application/pdf\r\nX: y", MessageError::ContentType),
    ] {
        let mut l = letter();
        l.attachments[0].name = name.to_owned();
        l.attachments[0].content_type = kind.to_owned();
        assert_eq!(l.compose().unwrap_err(), error, "{name} {kind}");
    }
}

#[test]
fn addresses_are_read_strictly_and_their_domains_become_ascii() {
    assert_eq!(check_address("ann@BÜRO.example").as_deref(), Some("ann@xn--bro-hoa.example"));
    for bad in ["", "ann", "@x.example", "a b@x.example", "<a@x.example>", "a@x.example, b@y.example", "ü@x.example"] {
        assert_eq!(check_address(bad), None, "{bad}");
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let mut l = letter();
    l.subject = "x".repeat(MAX_SUBJECT_CHARS + 1);
    assert_eq!(l.compose(), Err(MessageError::TooLong("the subject")));
    let mut l = letter();
    l.date = "1969-12-31T23:59:59Z".parse().unwrap();
    assert_eq!(l.compose(), Err(MessageError::Date));
}

use super::message::MAX_SUBJECT_CHARS;

const KNOWN: [&str; 15] = [
    "Date",
    "From",
    "To",
    "Subject",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
];

proptest! {
    #[test]
    fn whatever_people_type_no_header_appears_that_is_not_ours(
        from in "\\PC{0,40}", to in any::<String>(), subject in any::<String>(), reply in "[ -~]{0,40}",
        file in "\\PC{0,60}", text in any::<String>(), html in proptest::option::of(any::<String>()),
    ) {
        let mut l = letter();
        l.from_name = from;
        l.to_name = to;
        l.subject = subject;
        l.reply_to = Some((reply, "a@b.example".to_owned()));
        l.attachments[0].name = file;
        l.text = text;
        l.html = html;
        if let Ok(composed) = l.compose() {
            let mime = String::from_utf8(composed.mime).unwrap();
            let head = mime.split("\r\n\r\n").next().unwrap();
            for line in head.split("\r\n").filter(|l| !l.starts_with([' ', '\t'])) {
                let name = line.split(':').next().unwrap();
                prop_assert!(KNOWN.contains(&name), "{line}");
            }
            prop_assert_eq!(head.matches("\r\nTo: ").count(), 1);
        }
    }

    #[test]
    fn no_address_gets_through_that_could_end_its_command(address in any::<String>()) {
        if let Some(ok) = check_address(&address) {
            prop_assert!(ok.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>'));
            prop_assert_eq!(check_address(&ok), Some(ok.clone()));
        }
    }
}
