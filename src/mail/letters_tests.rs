//! The letters, to the word where the design gives it.

use jiff::{Timestamp, civil::date};
use rust_decimal::Decimal;

use super::super::letter_words::greeting;
use super::super::letters_own;
use super::*;
use crate::domain::client::Party;
use crate::domain::firm::Letterhead;
use crate::domain::firm::{BankDetails, Locale, Paper, Series};
use crate::domain::ids::{ClientId, ContactId, Digest, FileRef, InvoiceId, QuoteId, StaffId};
use crate::domain::invoice::{Body, Issue, Kind, References};
use crate::domain::late_interest::LateCharge;
use crate::domain::letter::{ANCHOR_SLOT, CODE_SLOT, LINK_SLOT};
use crate::domain::money::Currency;
use crate::domain::number::Pattern;
use crate::domain::quote::{Answer, Choice, Given, Version};
use crate::domain::tax::{Content, Line, Totals};
use crate::domain::terms::{DueRule, Terms};
use crate::domain::text::EmailAddress;
use crate::domain::wording::Words;

const TONES: [Tone; 5] = [Tone::Upcoming, Tone::DueToday, Tone::Overdue, Tone::Firm, Tone::Final];

fn firm() -> Firm {
    let pattern = |text| Pattern::parse("pattern", text).unwrap();
    Firm {
        party: Party { name: "Harbour & Finch LLP".into(), ..Party::default() },
        trade: String::new(),
        registration: String::new(),
        email: EmailAddress::parse("email", "accounts@harbourfinch.example").ok(),
        phone: "01 555 0142".into(),
        correspondent: "Orla Byrne in accounts".into(),
        bank: BankDetails::default(),
        colour: "#1d5c63".into(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: vec![],
        series: Series {
            invoice: pattern("A-{0000}"),
            credit_note: pattern("C-{0000}"),
            quote: pattern("Q-{0000}"),
            receipt: pattern("R-{0000}"),
        },
        locale: Locale::EnglishIreland,
        language: Default::default(),
        paper: Paper::A4,
        quote_terms: String::new(),
    }
}

/// A credit note of the invoice of this number.
fn of(number: &str) -> Credits<'_> {
    Credits { number, is_late_note: false }
}

/// A late payment note.
fn late_note() -> Invoice {
    let (of, number, until) = (InvoiceId(7), "HF-2025-0400".parse().unwrap(), date(2025, 10, 27));
    let late = LateCharge { of, number, until, stretches: vec![], fixed: Some(4_000) };
    Invoice { late: Some(late), title: "Late payment of HF-2025-0400".into(), ..invoice() }
}

fn file() -> FileRef {
    FileRef { digest: Digest([0; 32]), length: 1, name: "a.pdf".into(), media_type: "application/pdf".into() }
}

fn invoice() -> Invoice {
    let money = Money::new(413_630, Currency::EUR);
    Invoice {
        id: InvoiceId(1),
        client: ClientId(1),
        project: None,
        kind: Kind::Invoice,
        title: "Lease of Unit 4".into(),
        currency: Currency::EUR,
        dated: date(2025, 10, 28),
        due: date(2025, 11, 27),
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Published(money),
        recipients: vec![],
        quote: None,
        late: None,
        issue: Some(Issue {
            number: "HF-2025-0412".parse().unwrap(),
            at: Timestamp::UNIX_EPOCH,
            by: None,
            pdf: file(),
            seller: Party::default(),
            buyer: Party::default(),
            letterhead: Letterhead::default(),
            totals: Totals::only(money),
            elsewhere: None,
        }),
        changed: Timestamp::UNIX_EPOCH,
    }
}

fn quote() -> Quote {
    Quote {
        id: QuoteId(1),
        client: ClientId(1),
        project: None,
        number: "Q-0007".parse().unwrap(),
        current: offer(),
        older: vec![],
    }
}

fn offer() -> Version {
    Version {
        title: "Lease of Unit 5".into(),
        issued: date(2025, 11, 1),
        valid_until: date(2025, 11, 30),
        content: Content::default(),
        options: vec![],
        totals: Totals::only(Money::new(100_000, Currency::EUR)),
        delivery: String::new(),
        note: String::new(),
        terms: String::new(),
        news: String::new(),
        seller: Party::default(),
        buyer: Party::default(),
        letterhead: Letterhead::default(),
        pdf: file(),
        at: Timestamp::UNIX_EPOCH,
        by: StaffId(1),
        answer: Answer::Open,
    }
}

fn given(name: &str) -> Given {
    Given { at: Timestamp::UNIX_EPOCH, contact: ContactId(1), name: name.into(), address: None, pdf: Digest([7; 32]) }
}

fn with(invoice: &Invoice, open: i64, today: Date, write: impl Fn(&Subject) -> Text) -> Text {
    let (firm, open) = (firm(), Money::new(open, Currency::EUR));
    let from_person = "Orla Byrne";
    let (asked, due) = (open, invoice.due);
    let (to_name, also) = ("Ana Ruiz", None);
    write(&Subject { firm: &firm, to_name, invoice, open, disputed: None, asked, due, today, from_person, also })
}

fn reminded(open: i64, today: Date, tone: Tone) -> Text {
    with(&invoice(), open, today, |s| reminder(s, tone))
}

/// A second version of a quote with an option.
fn quote_saying(typed: &str, answer: Answer) -> Quote {
    let line = Line { description: typed.into(), quantity: Decimal::ONE, price: Decimal::TEN, ..Line::default() };
    let (title, news, content) = (typed.into(), typed.into(), Content::of(vec![line]));
    let current = Version { title, news, content, options: vec![1], answer, ..offer() };
    Quote { current, older: vec![offer()], ..quote() }
}

/// Every letter there is, about a document whose typed texts are `typed`.
fn all(typed: &str) -> Vec<Text> {
    let mut all = all_of(firm(), typed);
    let choice = Choice { options: vec![1], terms: Digest([0; 32]), total: Money::new(1, Currency::EUR) };
    for answer in [Answer::Accepted(given(typed), choice), Answer::Declined(given(typed), typed.into())] {
        let answered = quote_saying(typed, answer);
        all.push(quote_answered(&named(firm(), typed), typed, &answered, typed, typed));
    }
    all
}

fn named(mut firm: Firm, typed: &str) -> Firm {
    (firm.party.name, firm.phone, firm.correspondent) = (typed.into(), typed.into(), typed.into());
    firm
}

/// Every letter that a client gets of this firm.
fn all_of(firm: Firm, typed: &str) -> Vec<Text> {
    let firm = named(firm, typed);
    let invoice = Invoice { title: typed.into(), ..invoice() };
    let mut out = vec![
        sign_in(&firm, typed),
        set_password(&firm, typed, true),
        set_password(&firm, typed, false),
        quote_sent(&firm, typed, &quote_saying(typed, Answer::Open), date(2025, 11, 1)),
    ];
    let posted_of = |n: u32| Posted { title: typed, project: Some(typed.to_owned()), version: n % 2 + 1 };
    for count in [1, 2, 12] {
        out.push(posted(&firm, typed, &(0..count).map(posted_of).collect::<Vec<_>>()));
    }
    for (open, today) in [
        (413_630, date(2025, 11, 20)),
        (202_950, date(2025, 11, 27)),
        (413_630, date(2025, 12, 27)),
        (0, date(2026, 1, 1)),
    ] {
        let open = Money::new(open, Currency::EUR);
        let (asked, due) = (open, invoice.due);
        let (from_person, also) = (typed, None);
        let disputed = Some(Disputed { amount: Money::new(1, Currency::EUR), since: due }).filter(|_| open.minor > 1);
        let (firm, to_name, invoice) = (&firm, typed, &invoice);
        let s = Subject { firm, to_name, invoice, open, disputed, asked, due, today, from_person, also };
        out.extend([issued(&s), credit_note(&s, of(typed))]);
        out.extend(TONES.map(|tone| reminder(&s, tone)));
    }
    out
}

#[test]
fn subjects_carry_amount_and_state() {
    let whole = 413_630;
    let table = [
        (whole, date(2025, 11, 20), Tone::Upcoming, "Due next Thursday: €4,136.30"),
        (whole, date(2025, 11, 21), Tone::Upcoming, "Due on Thursday: €4,136.30"),
        (whole, date(2025, 11, 26), Tone::Upcoming, "Due tomorrow: €4,136.30"),
        (whole, date(2025, 11, 1), Tone::Upcoming, "Due 27 November: €4,136.30"),
        (202_950, date(2025, 11, 20), Tone::Upcoming, "Due next Thursday: the remaining €2,029.50"),
        (whole, date(2025, 11, 27), Tone::DueToday, "Due today: €4,136.30, Lease of Unit 4"),
        (whole, date(2025, 12, 4), Tone::Overdue, "7 days late: €4,136.30"),
        (whole, date(2025, 11, 28), Tone::Overdue, "1 day late: €4,136.30"),
        (202_950, date(2025, 12, 4), Tone::Overdue, "7 days late: the remaining €2,029.50"),
        (whole, date(2025, 12, 11), Tone::Firm, "14 days late: €4,136.30 still open"),
        (whole, date(2025, 12, 27), Tone::Final, "Final notice: €4,136.30, 30 days late"),
        (whole, date(2025, 11, 29), Tone::DueToday, "2 days late: €4,136.30"),
        (whole, date(2025, 11, 27), Tone::Overdue, "Due today: €4,136.30, Lease of Unit 4"),
    ];
    for (open, today, tone, subject) in table {
        assert_eq!(reminded(open, today, tone).subject, subject);
    }
    let day = date(2025, 10, 28);
    assert_eq!(with(&invoice(), whole, day, issued).subject, "Invoice HF-2025-0412: €4,136.30, due 27 November");
    let last_year = with(&invoice(), whole, date(2024, 12, 30), issued).subject;
    assert_eq!(last_year, "Invoice HF-2025-0412: €4,136.30, due 27 November 2025");
    let credit = with(&invoice(), 0, day, |s| credit_note(s, of("HF-2025-0389")));
    assert_eq!(credit.subject, "Credit note HF-2025-0412: €4,136.30 credited");
    assert!(credit.text.contains("€4,136.30 on invoice HF-2025-0389."), "{}", credit.text);
    let offer = quote_sent(&firm(), "Ana Ruiz", &quote(), date(2025, 11, 1));
    assert_eq!(offer.subject, "Quote Q-0007: €1,000.00, valid until 30 November");
}

#[test]
fn a_letter_about_a_new_version_says_what_is_new_and_what_can_be_chosen() {
    let letter = quote_sent(&firm(), "Ana Ruiz", &quote_saying("Kiln", Answer::Open), date(2025, 11, 1));
    assert_eq!(letter.subject, "Quote Q-0007, version 2: €1,000.00, valid until 30 November");
    for part in ["takes the place of version 1", "What is new: Kiln", "an option that you can add there"] {
        assert!(letter.text.contains(part), "{}", letter.text);
    }
    let choice = Choice { options: vec![1], terms: Digest([0; 32]), total: Money::new(101_000, Currency::EUR) };
    let answered = quote_saying("Kiln", Answer::Accepted(given("Ana Ruiz"), choice));
    let letter = quote_answered(&firm(), "Tom Hartmann", &answered, "Ana Ruiz", "Marlow");
    assert_eq!(letter.subject, "Quote Q-0007, version 2 accepted by Ana Ruiz: €1,010.00");
    assert!(letter.text.contains("With the options chosen: Kiln."), "{}", letter.text);
}

#[test]
fn a_letter_about_a_document_names_its_number_in_the_body_too() {
    let (day, untitled) = (date(2025, 10, 28), Invoice { title: String::new(), ..invoice() });
    for invoice in [invoice(), untitled] {
        for (letter, name) in [
            (with(&invoice, 413_630, day, issued), "our invoice HF-2025-0412"),
            (with(&invoice, 0, day, issued), "our invoice HF-2025-0412"),
            (with(&invoice, 0, day, |s| credit_note(s, of("HF-2025-0389"))), "our credit note HF-2025-0412"),
            (quote_sent(&firm(), "Ana Ruiz", &quote(), day), "our quote Q-0007"),
        ] {
            assert!(letter.text.contains(name) && letter.html.contains(name), "{}", letter.text);
        }
    }
}

#[test]
fn the_issue_letter_reads_as_designed() {
    let letter = with(&invoice(), 413_630, date(2025, 10, 28), issued);
    assert_eq!(
        letter.text,
        "Dear Ana,\n\n\
         Here is our invoice HF-2025-0412 “Lease of Unit 4”: €4,136.30, due 27 November.\n\n\
         See the invoice and pay:\n[[link]]\n\n\
         If anything on it is unclear or wrong, reply to this e-mail or ring 01 555 0142.\n\n\
         Orla Byrne\nHarbour & Finch LLP\n01 555 0142\naccounts@harbourfinch.example\n\n\
         Our activity log when this was sent: [[anchor]]\n"
    );
}

#[test]
fn a_part_paid_invoice_says_what_is_left() {
    let left = "Of €4,136.30, €2,029.50 is left to pay.";
    let early = reminded(202_950, date(2025, 11, 20), Tone::Upcoming);
    assert!(early.text.contains(left), "{}", early.text);
    for tone in [Tone::Overdue, Tone::Firm, Tone::Final] {
        let late = reminded(202_950, date(2025, 12, 27), tone).text.to_lowercase();
        assert!(late.contains("the remaining €2,029.50 of €4,136.30"), "{late}");
    }
    let nothing = with(&invoice(), 0, date(2025, 10, 28), issued);
    assert_eq!(nothing.subject, "Invoice HF-2025-0412: nothing to pay");
}

#[test]
fn only_the_final_notice_speaks_of_consequences() {
    for tone in TONES {
        let letter = reminded(413_630, date(2025, 12, 27), tone);
        let threat = ["interest", "costs", "final"].iter().any(|x| letter.text.to_lowercase().contains(x));
        assert_eq!(threat, tone == Tone::Final, "{}", letter.text);
    }
    let last = reminded(413_630, date(2025, 12, 27), Tone::Final);
    assert!(last.text.contains("Please pay by Saturday 3 January 2026."), "{}", last.text);
}

#[test]
fn link_and_code_have_their_slots_and_no_letter_has_more() {
    for typed in ["Ana", "[[link]]", "[[code]] [[[[link]]]]", "a [[li[[link]]nk]]"] {
        for (n, letter) in all(typed).into_iter().enumerate() {
            let codes = usize::from(n == 0);
            assert_eq!(letter.text.matches(LINK_SLOT).count(), 1, "{}", letter.text);
            assert_eq!(letter.html.matches(LINK_SLOT).count(), 3, "{}", letter.html);
            assert_eq!(letter.text.matches(CODE_SLOT).count(), codes, "{}", letter.text);
            assert_eq!(letter.html.matches(CODE_SLOT).count(), codes, "{}", letter.html);
            assert!(!letter.subject.contains("[["), "{}", letter.subject);
        }
    }
}

#[test]
fn a_notice_holds_no_link_and_says_when_and_from_where() {
    for letter in super::super::notices::all(&firm(), "Ana [[link]] Ruiz") {
        let typed = |text: &str| text.replace(ANCHOR_SLOT, "");
        assert!(!typed(&letter.text).contains("[[") && !typed(&letter.html).contains("[["), "{}", letter.text);
        assert!(!letter.text.contains("http") && !letter.html.contains("href"), "{}", letter.html);
        assert!(letter.text.contains("on 1 January 1970 at 00:00 (UTC)"), "{}", letter.text);
    }
    let all = super::super::notices::all(&firm(), "Orla Byrne");
    assert!(all.iter().any(|x| x.text.contains("Orla Byrne changed the bank details")), "{all:?}");
    let [password, ..] = all;
    assert_eq!(
        password.text,
        "Dear Orla,\n\n\
         Your password for Harbour & Finch LLP was set on 1 January 1970 at 00:00 (UTC), from the network address \
         192.0.2.7.\n\n\
         Wherever else you were signed in, you are signed out. If this was you, there is nothing to do.\n\n\
         If it was not you, reply to this e-mail or ring 01 555 0142 at once, and find out who else can read your \
         e-mail.\n\n\
         Orla Byrne in accounts\nHarbour & Finch LLP\n01 555 0142\naccounts@harbourfinch.example\n\n\
         Our activity log when this was sent: [[anchor]]\n"
    );
}

#[test]
fn hostile_names_are_escaped_and_never_break_a_subject() {
    let typed = "A\r\nBcc: x@y.example\u{202e}<script>alert(1)</script>\"><img src=x>&amp;";
    for letter in all(typed).into_iter().chain(super::super::notices::all(&firm(), typed)) {
        assert!(!letter.subject.contains(['\r', '\n', '\u{202e}']), "{:?}", letter.subject);
        assert!(!letter.html.contains("<script") && !letter.html.contains("<img"), "{}", letter.html);
        assert!(!letter.text.contains("\nBcc:") && !letter.text.contains('\r'), "{}", letter.text);
    }
}

#[test]
fn every_letter_is_polite_and_names_whom_to_answer() {
    let banned = ["just", "kindly", "oops", "friendly", "unfortunately"];
    for letter in all("Orla Byrne").into_iter().chain(super::super::notices::all(&firm(), "Orla Byrne")) {
        let said = letter.text.to_lowercase();
        let words: Vec<&str> = said.split(|c: char| !c.is_alphabetic()).collect();
        assert!(banned.iter().all(|x| !words.contains(x)), "{said}");
        assert!(said.starts_with("dear orla,\n\n") && said.contains("accounts@harbourfinch.example"), "{said}");
        assert!(!letter.text.contains("  \n") && !letter.text.contains("()") && letter.text.ends_with('\n'));
    }
}

#[test]
fn a_letter_about_several_invoices_names_what_was_promised_in_both_languages() {
    use super::super::letters_digest::{Also, Aside, Entry, Promised, digest, other};
    let (amount, day) = (Money::new(201_043, Currency::EUR), date(2025, 12, 28));
    let promised = || Promised { amount, day };
    let write = |s: &Subject| {
        let entry = |broken| Entry { about: *s, tone: Tone::Overdue, broken };
        let line = other(&entry(None), Some(&Aside::Promised(promised())));
        let all = other(&entry(None), Some(&Aside::Promised(Promised { amount: s.open, day })));
        let also = Also { lines: vec![line, all], more: 3, open: vec![amount], unlooked: false };
        let whole = digest(&[entry(Some(promised())), entry(None)], &also, None).unwrap();
        let alone = reminder(&Subject { also: Some(&also), ..*s }, Tone::Overdue);
        Text { text: format!("{} ~~ {}", whole.text, alone.text), ..whole }
    };
    let one_line = |text: Text| text.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let english = one_line(with(&invoice(), 413_630, date(2025, 12, 20), write));
    let german = one_line(in_german(413_630, date(2025, 12, 20), write));
    let english_parts = [
        " You promised €2,010.43 by 28 December 2025.",
        "Also open: Invoice HF-2025-0412 “Lease of Unit 4”: €4,136.30, of which €2,010.43 is promised by 28 December. \
         See it: [[link-2]]",
        "€4,136.30, promised by 28 December. See it: [[link-3]] and 3 more, €2,010.43 in all. See all of them and pay: \
         [[link]]",
        "€4,136.30, promised by 28 December. See it: [[link-1]] and 3 more, €2,010.43 in all. See all open \
         invoices and pay: [[all]]",
    ];
    let german_parts = [
        " Sie hatten 2.010,43 € bis zum 28. Dezember 2025 zugesagt.",
        "Außerdem offen: Rechnung HF-2025-0412 „Lease of Unit 4“: 4.136,30 €, davon 2.010,43 € zugesagt bis zum \
         28. Dezember. Ansehen: [[link-2]]",
        "4.136,30 €, zugesagt bis zum 28. Dezember. Ansehen: [[link-3]] und 3 weitere, zusammen 2.010,43 €.",
        "und 3 weitere, zusammen 2.010,43 €. Alle offenen Rechnungen ansehen und bezahlen: [[all]]",
    ];
    for (text, parts) in [(english, english_parts), (german, german_parts)] {
        for part in parts {
            assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
        }
    }
}

#[test]
fn what_is_promised_of_an_invoice_is_no_more_than_is_open_of_it() {
    use super::super::letters_digest::{Aside, Entry, Promised, other};
    let (amount, day) = (Money::new(413_630, Currency::EUR), date(2025, 12, 28));
    let write = |s: &Subject| {
        let entry = Entry { about: *s, tone: Tone::Upcoming, broken: None };
        let text = other(&entry, Some(&Aside::Promised(Promised { amount, day })));
        // Without the blanks that keep a sum on one line.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Text { text, ..reminder(s, Tone::Overdue) }
    };
    let english = with(&invoice(), 313_630, date(2025, 12, 20), write).text;
    assert!(english.ends_with("€3,136.30 open of €4,136.30, promised by 28 December."), "{english}");
    let german = in_german(313_630, date(2025, 12, 20), write).text;
    assert!(german.ends_with("3.136,30 € offen von 4.136,30 €, zugesagt bis zum 28. Dezember."), "{german}");
}

#[test]
fn of_more_than_anybody_looked_at_no_sum_is_told() {
    use super::super::letters_digest::{Also, Entry, digest};
    let amount = Money::new(201_043, Currency::EUR);
    for (more, unlooked, english, german) in [
        (1, false, "and 1 more, €2,010.43 in all.", "und 1 weitere, zusammen 2.010,43 €."),
        (1, true, "and at least 1 more.", "und mindestens 1 weitere."),
        (0, true, "There may be more.", "Es können weitere offen sein."),
    ] {
        let write = |s: &Subject| {
            let entry = || Entry { about: *s, tone: Tone::Overdue, broken: None };
            let also = Also { lines: vec!["one".to_owned()], more, open: vec![amount], unlooked };
            let whole = digest(&[entry(), entry()], &also, None).unwrap();
            Text { text: whole.text.split_whitespace().collect::<Vec<_>>().join(" "), ..whole }
        };
        let said = with(&invoice(), 413_630, date(2025, 12, 20), write).text;
        assert!(said.contains(english), "{english}: {said}");
        let said = in_german(413_630, date(2025, 12, 20), write).text;
        assert!(said.contains(german), "{german}: {said}");
    }
}

#[test]
fn people_are_greeted_by_their_first_name() {
    let table = [
        ("Ana Ruiz", "Dear Ana,"),
        ("Zoë", "Dear Zoë,"),
        ("Dr. Ana Ruiz", "Dear Dr. Ana Ruiz,"),
        ("  ", "Hello,"),
        ("Ms Ruiz", "Dear Ms Ruiz,"),
    ];
    for (name, greeted) in table {
        assert_eq!(greeting(&firm(), name), greeted);
    }
}

fn german() -> Firm {
    Firm { locale: Locale::German, ..firm() }
}

fn in_german(open: i64, today: Date, write: impl Fn(&Subject) -> Text) -> Text {
    let (firm, invoice, open) = (german(), invoice(), Money::new(open, Currency::EUR));
    let (asked, due, from_person) = (open, invoice.due, "Orla Byrne");
    let (firm, invoice, disputed) = (&firm, &invoice, None);
    let (to_name, also) = ("Katrin Petersen", None);
    write(&Subject { firm, to_name, invoice, open, disputed, asked, due, today, from_person, also })
}

#[test]
fn german_letters_read_as_a_german_office_writes() {
    let letter = in_german(413_630, date(2025, 10, 28), issued);
    assert_eq!(letter.subject, "Rechnung HF-2025-0412: 4.136,30\u{a0}€, fällig am 27. November");
    assert_eq!(
        letter.text,
        "Guten Tag Katrin Petersen,\n\n\
         unsere Rechnung HF-2025-0412 „Lease of Unit 4“ über 4.136,30\u{a0}€ liegt für Sie bereit. Sie ist am \
         27. November fällig.\n\n\
         Rechnung ansehen und bezahlen:\n[[link]]\n\n\
         Falls daran etwas unklar oder nicht richtig ist, antworten Sie bitte auf diese E-Mail oder rufen Sie uns an \
         (01 555 0142).\n\n\
         Orla Byrne\nHarbour & Finch LLP\n01 555 0142\naccounts@harbourfinch.example\n\n\
         Stand unseres Protokolls beim Versand: [[anchor]]\n"
    );
    assert!(letter.html.contains("<html lang=\"de\">") && letter.html.contains("Falls der Knopf nichts bewirkt"));
    let whole = 413_630;
    let table = [
        (whole, date(2025, 11, 20), Tone::Upcoming, "Fällig nächsten Donnerstag: 4.136,30 €"),
        (whole, date(2025, 11, 21), Tone::Upcoming, "Fällig am Donnerstag: 4.136,30 €"),
        (whole, date(2025, 11, 26), Tone::Upcoming, "Fällig morgen: 4.136,30 €"),
        (202_950, date(2025, 11, 1), Tone::Upcoming, "Fällig am 27. November: Restbetrag 2.029,50 €"),
        (whole, date(2025, 11, 27), Tone::DueToday, "Heute fällig: 4.136,30 €, Lease of Unit 4"),
        (whole, date(2025, 11, 28), Tone::Overdue, "1 Tag überfällig: 4.136,30 €"),
        (whole, date(2025, 12, 11), Tone::Firm, "14 Tage überfällig: 4.136,30 € noch offen"),
        (whole, date(2025, 12, 27), Tone::Final, "Letzte Mahnung: 4.136,30 €, 30 Tage überfällig"),
    ];
    for (open, today, tone, subject) in table {
        assert_eq!(in_german(open, today, |s| reminder(s, tone)).subject.replace('\u{a0}', " "), subject);
    }
    let last = in_german(202_950, date(2025, 12, 27), |s| reminder(s, Tone::Final)).text.replace('\u{a0}', " ");
    let says = ["Offen ist noch: 2.029,50 € von 4.136,30 €.", "Bitte zahlen Sie bis Samstag, den 3. Januar 2026."];
    assert!(says.iter().all(|x| last.contains(x)), "{last}");
    let credit = in_german(0, date(2025, 10, 28), |s| credit_note(s, of("HF-2025-0389")));
    assert!(credit.subject.starts_with("Rechnungskorrektur HF-2025-0412: "), "{}", credit.subject);
    assert!(credit.text.contains("zu Rechnung HF-2025-0389."), "{}", credit.text);
}

#[test]
fn of_a_part_in_dispute_a_letter_asks_for_the_rest_in_both_languages() {
    use super::super::letters_digest::{Also, Aside, Entry, digest, other};
    fn part<'a>(s: &Subject<'a>) -> Subject<'a> {
        let disputed = Disputed { amount: Money::new(13_630, Currency::EUR), since: date(2025, 11, 12) };
        Subject { disputed: Some(disputed), ..*s }
    }
    let several = |s: &Subject| {
        let entry = || Entry { about: part(s), tone: Tone::Overdue, broken: None };
        let whole = Entry { about: *s, tone: Tone::Upcoming, broken: None };
        let lines = vec![other(&whole, Some(&Aside::Disputed(date(2025, 11, 12))))];
        digest(&[entry(), entry()], &Also { lines, ..Also::default() }, None).unwrap()
    };
    let one_line =
        |text: Text| format!("{} {}", text.subject, text.text.split_whitespace().collect::<Vec<_>>().join(" "));
    let day = date(2025, 12, 20);
    let english = |write: &dyn Fn(&Subject) -> Text| one_line(with(&invoice(), 400_000, day, write));
    let german = |write: &dyn Fn(&Subject) -> Text| one_line(in_german(400_000, day, write));
    for (text, words) in [
        (english(&|s| reminder(&part(s), Tone::Overdue)), "the undisputed €4,000.00"),
        (
            english(&|s| reminder(&part(s), Tone::Final)),
            "€136.30 of it has been disputed since 12 November 2025; we do not ask",
        ),
        (english(&several), "€4,000.00 to pay of €4,136.30"),
        (english(&several), "€4,000.00 open of €4,136.30, disputed since 12 November, and not asked for."),
        (german(&|s| reminder(&part(s), Tone::Overdue)), "4.000,00 €, die nicht beanstandet sind"),
        (german(&|s| reminder(&part(s), Tone::Firm)), "136,30 € davon haben Sie am 12. November 2025 beanstandet"),
        (german(&several), "am 12. November von Ihnen beanstandet, hier nicht angemahnt."),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let before = with(&invoice(), 400_000, date(2025, 11, 20), |s| reminder(&part(s), Tone::Upcoming));
    assert!(before.text.contains("Of the €4,136.30 that are open, €4,000.00 is not disputed."), "{}", before.text);
}

#[test]
fn no_german_letter_has_an_english_word_and_each_is_polite() {
    const ENGLISH: [&str; 20] = [
        "the", "of", "your", "you", "please", "pay", "paid", "invoice", "quote", "credit", "payment", "due", "here",
        "our", "and", "to", "by", "not", "with", "reply",
    ];
    let all = all_of(german(), "Katrin Petersen");
    let notices = super::super::notices::all(&german(), "Katrin Petersen").into_iter();
    // Those that clients get: of their access, and what was answered to a dispute.
    let (first, answers) = (notices.clone().take(3), notices.skip(15).take(2));
    for letter in all.into_iter().chain(first).chain(answers) {
        let said = letter.text.replace("harbourfinch.example", "").to_lowercase();
        let found: Vec<&str> = said.split(|c: char| !c.is_alphabetic()).filter(|x| ENGLISH.contains(x)).collect();
        assert!(found.is_empty(), "{found:?} in {}", letter.text);
        assert!(letter.text.starts_with("Guten Tag Katrin Petersen,\n\n"), "{}", letter.text);
        let words: Vec<&str> = said.split(|c: char| !c.is_alphabetic()).collect();
        assert!(["du", "dein", "deine", "dir"].iter().all(|x| !words.contains(x)), "{said}");
        let whole = letter.text.replace("    [[code]]", "");
        assert!(!whole.contains("  ") && letter.text.ends_with('\n'), "{}", letter.text);
    }
}

#[test]
fn a_late_payment_note_is_called_so_in_both_languages() {
    let (note, open, from_person) = (late_note(), Money::new(413_630, Currency::EUR), "Orla Byrne");
    for (firm, name, other) in
        [(firm(), "ate payment note HF-2025-0412", "nvoice"), (german(), "Verzugsrechnung HF-2025-0412", "Rechnung")]
    {
        let (asked, due, to_name, also) = (open, note.due, "Ana Ruiz", None);
        let (firm, disputed) = (&firm, None);
        let on =
            |today| Subject { firm, to_name, invoice: &note, open, disputed, asked, due, today, from_person, also };
        let mut all = vec![issued(&on(date(2025, 10, 28)))];
        for today in [date(2025, 11, 20), date(2025, 11, 27), date(2025, 12, 4)] {
            all.extend(TONES.map(|tone| reminder(&on(today), tone)));
        }
        for letter in all {
            assert!(letter.text.contains(name), "{}", letter.text);
            assert!(
                !letter.text.contains(other) && !letter.subject.contains(other),
                "{}\n{}",
                letter.subject,
                letter.text
            );
        }
        let own = Words { subject: "Invoice".into(), opening: "An invoice, Rechnung.".into(), closing: String::new() };
        let (today, own) = (on(date(2025, 12, 4)), Some(&own));
        let yours = [letters_own::issued(&today, own), letters_own::reminder(&today, Tone::Firm, own)];
        assert!(yours.iter().all(|x| !x.text.contains("An invoice") && x.text.contains(name)), "{yours:?}");
        let (about, credits) = (on(date(2025, 12, 4)), Credits { number: "HF-2025-0399", is_late_note: true });
        let credit = credit_note(&Subject { invoice: &invoice(), ..about }, credits);
        assert!(credit.text.contains(&name.replace("0412", "0399")), "{}", credit.text);
    }
}

#[test]
fn what_becomes_of_reminders_is_told_by_whether_all_that_is_open_is_disputed() {
    use crate::domain::dispute::Dispute;
    use crate::mail::notices::Happened;
    use crate::mail::notices_disputes::{Said, raised, withdrawn};
    let (firm, dispute, zone) = (firm(), Dispute::of_test(), &jiff::tz::TimeZone::UTC);
    let happened = Happened { at: jiff::Timestamp::UNIX_EPOCH, zone, who: "Ana Ruiz", from: None };
    let told = |write: fn(&Firm, &str, &Happened<'_>, Said<'_>) -> Text, whole| {
        let said = Said { client: "Marlow", invoice: "A-1", lines: "", dispute: &dispute, whole };
        write(&firm, "Orla Byrne", &happened, said).text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(told(raised, true).contains("No reminder of it goes until you answer"), "lines may be all that is open");
    assert!(told(raised, false).contains("reminders ask for the rest alone"));
    assert!(told(withdrawn, true).contains("the latest one that was missed goes, once"));
    assert!(told(withdrawn, false).contains("Its reminders were not held for it"));
}
