//! Messages that mail servers send back, as several of them write them, and what nobody should have written.

use proptest::prelude::*;

use super::*;

/// As Postfix writes it; `parts` stand behind the text.
fn report(parts: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: billing@example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry.\r\n\r\n{parts}--b1--\r\n"
    )
}

fn status(action: &str) -> String {
    format!(
        "--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; ana@marlow.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <ana@marlow.example>:\r\n    no such mailbox here\r\n\r\n"
    )
}

const LETTER: &str = "--b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: billing@example.com\r\n\
                      Message-ID: <0123456789abcdef@example.com>\r\nSubject: Due today\r\n\r\nHello\r\n\r\n";
const HEADERS: &str = "--b1\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: billing@example.com\r\n\
                       Message-ID: <0123456789abcdef@example.com>\r\nSubject: Due today\r\n\r\n";
const WORDS: &str = "ana@marlow.example: 550 5.1.1 <ana@marlow.example>: no such mailbox here";

fn bounced(text: &str) -> (String, String) {
    match read(text.as_bytes()) {
        Reading::Bounced(Bounce { message_id, words }) => (message_id, words),
        other => panic!("{other:?} for {text}"),
    }
}

#[test]
fn a_report_names_the_letter_and_the_server_s_words() {
    for returned in [LETTER, HEADERS] {
        let text = report(&format!("{}{returned}", status("failed")));
        let expected = ("0123456789abcdef@example.com".to_owned(), WORDS.to_owned());
        assert_eq!(bounced(&text), expected);
        assert_eq!(bounced(&text.replace("\r\n", "\n")), expected, "as a Maildir keeps it");
    }
}

#[test]
fn a_delay_a_delivery_and_a_receipt_are_no_bounce() {
    for action in ["delayed", "delivered", "relayed", "expanded", ""] {
        assert_eq!(read(report(&format!("{}{LETTER}", status(action))).as_bytes()), Reading::Other, "{action}");
    }
    // RFC 3798: somebody deleted the letter unread. It arrived.
    let receipt = "--b1\r\nContent-Type: message/disposition-notification\r\n\r\n\
                   Final-Recipient: rfc822;ana@marlow.example\r\nDisposition: automatic-action/MDN-sent; deleted\r\n\
                   Failure: nothing\r\n\r\n";
    assert_eq!(read(report(&format!("{receipt}{LETTER}")).as_bytes()), Reading::Other);
    let answer = "From: ana@marlow.example\r\nIn-Reply-To: <0123456789abcdef@example.com>\r\nSubject: Away\r\n\r\nI am away.\r\n";
    assert_eq!(read(answer.as_bytes()), Reading::Other);
}

#[test]
fn exim_without_a_status_is_understood() {
    let text = "From: Mail Delivery System <Mailer-Daemon@mx.example>\r\nX-Failed-Recipients: ana@marlow.example\r\n\
                Auto-Submitted: auto-replied\r\nSubject: Mail delivery failed\r\n\r\n\
                This message was created automatically.\r\n\r\n\x20 ana@marlow.example\r\n\
                \x20   host mx [192.0.2.1]: 550 no such user\r\n\r\n\
                ------ This is a copy of the message ------\r\n\r\nFrom: billing@example.com\r\n\
                Message-ID: <0123456789abcdef@example.com>\r\n\r\nHello\r\n";
    let (id, words) = bounced(text);
    assert_eq!(id, "0123456789abcdef@example.com");
    assert!(words.starts_with("ana@marlow.example: host mx") && words.contains("550 no such user"), "{words}");
}

#[test]
fn one_of_several_recipients_is_enough_and_the_words_are_one_short_line() {
    let two = format!(
        "{}Final-Recipient: rfc822; b@c.example\r\nAction: failed\r\nDiagnostic-Code: smtp; 552 full\u{202e}\x07 {}\r\n\r\n{LETTER}",
        status("delivered"),
        "x".repeat(2_000)
    );
    let (_, words) = bounced(&report(&two));
    assert!(words.starts_with("b@c.example: 552 full x"), "{words}");
    assert_eq!(words.chars().count(), WORDS_MAX);
}

#[test]
fn what_is_too_deep_or_nothing_at_all_is_refused_or_left() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
    assert_eq!(read(nested.as_bytes()), Reading::Refused);
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(PARTS_MAX);
    assert_ne!(read(deep.as_bytes()), Reading::Refused, "within the limit it is read to its end");
    for junk in [&b""[..], b"\0\0\0", b"\r\n\r\n", &[0xff; 4_096]] {
        assert!(!matches!(read(junk), Reading::Bounced(_)), "{junk:?}");
    }
    let long = report(&format!("{}{LETTER}{}", status("failed"), "x".repeat(2 * MESSAGE_MAX)));
    assert!(matches!(read(long.as_bytes()), Reading::Bounced(_)), "the letter’s own text may be cut");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_reports_never_break_the_reader(at in 0_usize..900, with in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut bytes = report(&format!("{}{LETTER}", status("failed"))).into_bytes();
        let at = at.min(bytes.len());
        bytes.splice(at..(at + with.len() / 2).min(bytes.len()), with);
        let _ = read(&bytes);
    }
}
