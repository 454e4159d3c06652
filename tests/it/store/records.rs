//! The bytes of every record: a changed shape can't pass unnoticed, for it would make every data file unreadable.
//!
//! A difference here means a new version of that record in `src/store/records.rs` and a step in `migrate`; only then
//! are the golden files written again, with `COUNTERFOIL_BLESS=1`.

use counterfoil::domain::attention::{Item, Snooze};
use counterfoil::domain::backup::{SealedIdentities, SealedIdentity};
use counterfoil::domain::backups::{Backups, Drill, Failed, Made};
use counterfoil::domain::calendar::Zone;
use counterfoil::domain::client::Client;
use counterfoil::domain::credit_terms::{CreditTerms, Hold, Limit};
use counterfoil::domain::dispute::{self, Dispute, Ground, Turn};
use counterfoil::domain::document::{Document, Version, Withdrawn};
use counterfoil::domain::drop::{Dropped, Fate};
use counterfoil::domain::event::{Actor, By, Entrance, Event, LogEntry};
use counterfoil::domain::firm::{Letterhead, Locale, Logo};
use counterfoil::domain::format::Format;
use counterfoil::domain::grant::{CodeRequest, Grant, Opens, Session, Strength};
use counterfoil::domain::ids::*;
use counterfoil::domain::import::{Given as Range, Import, Undone};
use counterfoil::domain::invoice::{Body, Elsewhere, Invoice, Issue, Kind, References};
use counterfoil::domain::language::Language;
use counterfoil::domain::late_interest::{LateCharge, RateFrom, Stretch, YearlyRate};
use counterfoil::domain::late_payment::{LateException, LatePayment, LatePaymentVersion};
use counterfoil::domain::letter::{Letter, LetterState, Link, Purpose};
use counterfoil::domain::money::Currency;
use counterfoil::domain::monthly::MonthStatement;
use counterfoil::domain::pause::{Pause, Paused, Stopped};
use counterfoil::domain::payment::{Allocation, Cause, Method, Receipt, Refund, Returned, Reversal, Source};
use counterfoil::domain::person::{Contact, Person, ProjectAccess, Rights, Role, Staff};
use counterfoil::domain::policy::{Condition, Policy, PolicyVersion, Reach, ScoreBand, Tone};
use counterfoil::domain::project::Project;
use counterfoil::domain::promise::{Outcome, Promise};
use counterfoil::domain::quote::{self, Answer, Choice, Given, Quote};
use counterfoil::domain::quote_billing::{FromQuote, Part};
use counterfoil::domain::recurring::{Covers, End, Makes, NewPrice, PriceChange, Recurring, Schedule, Trouble, Unit};
use counterfoil::domain::statement::{Ageing, Entry, EntryKind, Reckoned, balance_forward};
use counterfoil::domain::tax::{
    AccountingVat, Adjustment, Content, Period, Prices, Takes, Totals, VatCategory, totals,
};
use counterfoil::domain::terms::{DueRule, EarlyPayment, Instalment, Terms};
use counterfoil::domain::wording::{LetterKind, Wording, Words};
use counterfoil::store::records::Record;
use jiff::Timestamp;
use jiff::civil::date;
use rust_decimal::Decimal;

use crate::house::*;

fn at() -> Timestamp {
    Timestamp::from_millisecond(1_795_000_000_123).unwrap()
}

fn file() -> FileRef {
    let name = "HF-2026-0001.pdf".to_owned();
    FileRef { digest: Digest([9; 32]), length: 40_000, name, media_type: "application/pdf".to_owned() }
}

/// Compares the stored forms of `samples` with the golden file of `name`, line by line, and reads them back.
fn golden<R: Record + PartialEq + std::fmt::Debug>(name: &str, samples: &[R]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/records");
    let path = format!("{folder}/{name}.hex");
    let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n";
    let now: String = samples.iter().map(|x| hex(x.encode().unwrap())).collect();
    if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    for (n, (now, kept)) in now.lines().zip(kept.lines().chain(std::iter::repeat(""))).enumerate() {
        assert_eq!(now, kept, "the stored form of {name} {n} changed: see the head of this file");
    }
    for sample in samples {
        let bytes = sample.encode().unwrap();
        assert_eq!(&R::decode(&bytes).unwrap(), sample);
        for cut in 0..bytes.len() {
            assert!(R::decode(&bytes[..cut]).is_err(), "{name} was read although it was cut to {cut} bytes");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(R::decode(&longer).is_err(), "{name} was read with a byte too many");
        let newer = [&[bytes[0] + 1], &bytes[1..]].concat();
        assert!(R::decode(&newer).is_err(), "{name} of another version was read");
    }
}

#[test]
fn people_and_the_firm_keep_their_stored_form() {
    let plain = hartmann();
    let logo = Some(Logo { file: file(), width: 300, height: 90 });
    golden("firm", &[plain.clone(), counterfoil::domain::firm::Firm { logo, ..plain }]);
    let staff = |role, only_clients| Staff {
        id: StaffId(300),
        name: "Orla Byrne".to_owned(),
        email: email("orla@hartmann.example"),
        role,
        only_clients,
        active: true,
        since: at(),
    };
    let all: Vec<Staff> =
        Role::ALL.into_iter().map(|r| staff(r, None)).chain([staff(Role::Member, Some(vec![ClientId(2)]))]).collect();
    golden("staff", &all);
    let client = Client {
        id: ClientId(2),
        party: party("Marlow Ceramics"),
        reference: "D-1044".to_owned(),
        language: Some(Language::German),
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        manager: Some(StaffId(3)),
        note: "Rings on Fridays".to_owned(),
        since: at(),
    };
    golden("client", &[client]);
    let contact = |rights| Contact {
        id: ContactId(4),
        client: ClientId(2),
        name: "Ana Ruiz".to_owned(),
        title: "Finance".to_owned(),
        email: email("ana@marlow.example"),
        phone: String::new(),
        language: None,
        zone: Some(Zone::parse("zone", "America/New_York").unwrap()),
        format: Some(Format::Csv),
        rights,
        leads: true,
        active: true,
        since: at(),
    };
    let some = Rights { projects: ProjectAccess::Only(vec![ProjectId(5), ProjectId(6)]), ..rights(true, false, true) };
    golden("contact", &[contact(rights(false, true, false)), contact(some)]);
    let version = |number: u32, by| Version { file: file(), at: at(), by, note: format!("Draft {number}") };
    let document = |project, withdrawn| Document {
        id: DocumentId(10),
        client: ClientId(2),
        project,
        title: "Lease".to_owned(),
        versions: vec![version(1, Actor::Staff(StaffId(3))), version(2, Actor::CommandLine)],
        withdrawn,
    };
    let withdrawn = |erased| {
        Some(Withdrawn { at: at(), by: Actor::Staff(StaffId(3)), reason: "The wrong client".to_owned(), erased })
    };
    let some = Some(ProjectId(5));
    golden("document", &[document(None, None), document(some, withdrawn(None)), document(some, withdrawn(Some(at())))]);
    golden("project", &[Project { id: ProjectId(5), client: ClientId(2), name: "Glaze".to_owned(), open: true }]);
}

#[test]
fn documents_keep_their_stored_form() {
    let lines = vec![line(1_050)];
    let issue = |totals| Issue {
        number: "HF-2026-0001".parse().unwrap(),
        at: at(),
        by: Some(StaffId(1)),
        pdf: file(),
        seller: party("Hartmann & Finch LLP"),
        buyer: party("Marlow Ceramics"),
        letterhead: Letterhead {
            trade: "Solicitors".to_owned(),
            phone: "01 555 0142".to_owned(),
            locale: Locale::German,
            ..Letterhead::default()
        },
        totals,
        elsewhere: Some(Elsewhere { import: Some(ImportId(11)), reminds: true }),
    };
    let content = Content {
        adjustments: vec![Adjustment { reason: "Agreed".to_owned(), ..Adjustment::default() }],
        prices: Prices::Gross,
        prepaid: 3,
        round_to: 5,
        exemptions: VatCategory::Exempt.usual_exemption(Language::English, true).into_iter().collect(),
        accounting: Some(AccountingVat {
            currency: "GBP".parse().unwrap(),
            rate: Decimal::new(88, 2),
            on: date(2026, 11, 20),
        }),
        ..Content::of(lines.clone())
    };
    let draft = Invoice {
        id: InvoiceId(700),
        client: ClientId(2),
        project: Some(ProjectId(5)),
        kind: Kind::Invoice,
        title: "Lease of Unit 4".to_owned(),
        currency: Currency::EUR,
        dated: date(2026, 11, 23),
        due: date(2026, 12, 23),
        terms: Terms {
            instalments: vec![Instalment { due: date(2026, 12, 23), amount: 99 }],
            early: Some(EarlyPayment { percent: Decimal::TWO, until: date(2026, 11, 30) }),
        },
        reference: "PO 7".to_owned(),
        references: References { order: "4711".to_owned(), contact: "Ana".to_owned(), ..References::default() },
        delivered: Some(date(2026, 11, 20)),
        period: Some(Period { from: date(2026, 11, 1), to: date(2026, 11, 20) }),
        note: String::new(),
        body: Body::Composed(content.clone()),
        recipients: vec![ContactId(4)],
        quote: Some(FromQuote { quote: QuoteId(8), number: "Q-1".parse().unwrap(), part: Part::Lines(vec![1]) }),
        late: None,
        issue: None,
        changed: at(),
    };
    let composed = Invoice { issue: Some(issue(totals(&content, Currency::EUR).unwrap())), ..draft.clone() };
    let published =
        Invoice { body: Body::Published(eur(99)), issue: Some(issue(Totals::only(eur(99)))), ..draft.clone() };
    let takes = Takes { lines: vec![Some(0)], adjustments: vec![0], vat: vec![(line(1).vat, 19)], rounding: -1 };
    let taken = Content { takes: Some(takes), ..content.clone() };
    let charged = totals(&taken, Currency::EUR).unwrap();
    let (kind, body) = (Kind::CreditNote(InvoiceId(700)), Body::Composed(taken));
    let credit = Invoice { kind, body, issue: Some(issue(charged)), ..composed.clone() };
    let rate = YearlyRate::parse("rate", "10.15").unwrap();
    let stretch = Stretch { from: date(2026, 10, 1), to: date(2026, 11, 20), open: 120_000, rate, interest: 1_702 };
    let (of, number) = (InvoiceId(699), "A-1".parse().unwrap());
    let late = LateCharge { of, number, until: date(2026, 11, 20), stretches: vec![stretch], fixed: Some(4_000) };
    let note = Invoice { quote: None, late: Some(late), ..draft.clone() };
    golden("invoice", &[draft, composed.clone(), published, credit, note]);
    let offer = |answer| quote::Version {
        title: "A kiln".to_owned(),
        issued: date(2026, 11, 23),
        valid_until: date(2026, 12, 23),
        content: content.clone(),
        options: vec![2],
        totals: totals(&content, Currency::EUR).unwrap(),
        delivery: "In spring".to_owned(),
        note: String::new(),
        terms: "Half before we begin.".to_owned(),
        news: "A larger kiln".to_owned(),
        seller: party("Hartmann & Finch LLP"),
        buyer: party("Marlow Ceramics"),
        letterhead: Letterhead::default(),
        pdf: file(),
        at: at(),
        by: StaffId(1),
        answer,
    };
    let quote = |answer| Quote {
        id: QuoteId(8),
        client: ClientId(2),
        project: None,
        number: "Q-2026-0001".parse().unwrap(),
        current: offer(answer),
        older: vec![offer(Answer::Open)],
    };
    let address = Some("192.0.2.7".parse().unwrap());
    let given = Given { at: at(), contact: ContactId(4), name: "Ana".into(), address, pdf: file().digest };
    let choice = Choice { options: vec![1], terms: file().digest, total: eur(7) };
    let answers = [Answer::Open, Answer::Accepted(given.clone(), choice), Answer::Declined(given, "Dear".into())];
    golden("quote", &answers.map(quote));
    let receipt = |method| Receipt {
        id: ReceiptId(9),
        client: ClientId(2),
        number: "R-2026-0001".parse().unwrap(),
        payer: party("Marlow Ceramics"),
        payee: party("Hartmann & Finch LLP"),
        amount: eur(-1),
        on: date(2026, 11, 23),
        method,
        reference: "RF18".to_owned(),
        at: at(),
        by: StaffId(1),
        reversed: None,
    };
    let allocation = |source| Allocation {
        id: AllocationId(10),
        source,
        invoice: InvoiceId(700),
        amount: eur(5),
        on: date(2026, 11, 24),
        at: at(),
        reason: "Not worth a letter".to_owned(),
    };
    let taken_back = |cause| Receipt {
        reversed: Some(Reversal {
            on: date(2026, 11, 25),
            cause,
            reason: "Refer to drawer".to_owned(),
            at: at(),
            by: StaffId(1),
            parts: vec![allocation(Source::Receipt(ReceiptId(9)))],
        }),
        ..receipt(Method::Cheque)
    };
    golden("receipt", &[&Method::ALL.map(receipt)[..], &Cause::ALL.map(taken_back)].concat());
    let (money, credit) = (Source::Receipt(ReceiptId(9)), Source::Credit(InvoiceId(701)));
    let (early, lost) = (Source::EarlyPayment(ClientId(2)), Source::WrittenOff(ClientId(2)));
    let refund = |source, returned| Refund {
        id: RefundId(5),
        client: ClientId(2),
        source,
        amount: eur(5),
        on: date(2026, 11, 24),
        method: Method::Transfer,
        reference: "Back 5".to_owned(),
        at: at(),
        by: StaffId(1),
        returned,
    };
    let came_back = Returned { on: date(2026, 11, 25), reason: "Closed".to_owned(), at: at(), by: StaffId(1) };
    golden("refund", &[refund(money, None), refund(credit, Some(came_back))]);
    golden("allocation", &[money, credit, early, lost].map(allocation));
}

#[test]
fn recurring_templates_keep_their_stored_form() {
    let schedule = |unit, end, covers| Schedule { first: date(2026, 11, 30), anchor: 31, every: 2, unit, end, covers };
    let change = |line, to| PriceChange { from: date(2027, 1, 1), line, to };
    let one = |makes, schedule, trouble| Recurring {
        id: RecurringId(3),
        client: ClientId(2),
        makes,
        project: Some(ProjectId(5)),
        title: "Rent".to_owned(),
        currency: Currency::EUR,
        schedule,
        days: 14,
        reference: "PO 7".to_owned(),
        references: References::default(),
        note: "{month}".to_owned(),
        content: Content::of(vec![line(1_050)]),
        changes: vec![change(None, NewPrice::Percent(Decimal::TEN)), change(Some(1), NewPrice::Price(Decimal::TEN))],
        recipients: vec![ContactId(4)],
        by_itself: true,
        since: date(2026, 11, 30),
        paused: Some(date(2026, 12, 1)),
        trouble,
        wake: Some(at()),
        by: StaffId(1),
        changed: at(),
    };
    let trouble = Trouble { key: "2026-11".to_owned(), reason: "No VAT number".to_owned(), since: at() };
    let all = [
        one(Makes::Invoice, schedule(Unit::Week, End::Never, Covers::This), None),
        one(Makes::Invoice, schedule(Unit::Month, End::On(date(2027, 1, 1)), Covers::Last), Some(trouble)),
        one(Makes::Quote, schedule(Unit::Quarter, End::After(3), Covers::Nothing), None),
        one(Makes::Quote, schedule(Unit::Year, End::Never, Covers::This), None),
    ];
    golden("recurring", &all);
}

#[test]
fn letters_and_secrets_keep_their_stored_form() {
    let letter = |purpose, link, state| Letter {
        id: LetterId(11),
        key: "reminder/700/-7/contact-4".to_owned(),
        to: Person::Contact(ContactId(4)),
        to_name: "Ana Ruiz".to_owned(),
        to_address: email("ana@marlow.example"),
        client: Some(ClientId(2)),
        purpose,
        link,
        subject: "Invoice".to_owned(),
        text: "[[link]]".to_owned(),
        html: String::new(),
        message_id: "aa".to_owned(),
        follows: None,
        state,
        attempts: 1,
        queued: at(),
        with: Some(LetterId(10)),
        carries: vec![LetterId(12), LetterId(13)],
    };
    use LetterState as S;
    let (id, why) = (InvoiceId(700), "why".to_owned());
    let all = [
        letter(Purpose::Issued(id), Some(Link::Document(id)), S::Queued),
        letter(Purpose::Reminder(id, -7), Some(Link::SignIn([3; 32])), S::Sending(at())),
        letter(Purpose::SignIn, Some(Link::SetPassword), S::Accepted(at(), why.clone())),
        letter(Purpose::SetPassword, None, S::Deferred(at(), why.clone())),
        letter(Purpose::SignIn, None, S::Failed(at(), why.clone())),
        letter(Purpose::SignIn, None, S::Uncertain(at(), why.clone())),
        letter(Purpose::SignIn, None, S::Withdrawn(at(), why.clone())),
        letter(Purpose::Notice, None, S::Queued),
        letter(Purpose::Posted(DocumentId(10)), None, S::Queued),
        letter(Purpose::Statement(StatementId(13)), None, S::Queued),
        letter(Purpose::SignIn, None, S::Bounced(at(), why)),
    ];
    golden("letter", &all);
    let person = Person::Staff(StaffId(1));
    let opens =
        [Opens::Document(id), Opens::SignIn, Opens::SetPassword, Opens::SignInOf([5; 32]), Opens::StopReminders];
    golden("grant", &opens.map(|opens| Grant { person, opens, expires: at() }));
    let code = |person, code| CodeRequest { person, code, tries: 2, expires: at() };
    golden("code", &[code(None, None), code(Some(person), Some([4; 32]))]);
    let strengths = [Strength::Password, Strength::Mailed, Strength::Document(id)];
    golden("session", &strengths.map(|strength| Session { person, strength, since: at(), used: at() }));
}

#[test]
fn every_event_keeps_its_stored_form() {
    let entry = |actor, event| LogEntry {
        sequence: 12,
        at: at(),
        by: By { actor, address: Some("192.0.2.7".parse().unwrap()) },
        client: Some(ClientId(2)),
        invoice: Some(InvoiceId(700)),
        event,
        previous: [1; 32],
    };
    let mut all: Vec<LogEntry> = events().into_iter().map(|e| entry(Actor::Staff(StaffId(1)), e)).collect();
    let others =
        [Actor::Contact(ContactId(4)), Actor::Visitor, Actor::Counterfoil("outbox".into()), Actor::CommandLine];
    all.extend(others.map(|actor| entry(actor, Event::SignedOut)));
    golden("event", &all);
}

#[test]
fn what_is_known_of_the_backups_keeps_its_form() {
    let last = Made { taken: at(), file: "f".to_owned(), bytes: 1, added: 1, digest: Digest([5; 32]), seconds: 2 };
    let failed = Drill { at: at(), taken: at(), rows: 0, seconds: 3, fault: Some("x".to_owned()) };
    let full = Backups {
        since: Some(at()),
        day: Some(date(2026, 11, 22)),
        last: Some(last),
        failure: Some(Failed { at: at(), reason: "x".to_owned(), attempts: 3 }),
        told: true,
        drills: vec![failed.clone(), Drill { rows: 9, fault: None, ..failed }],
        drill_told: true,
    };
    golden("backups", &[Backups::default(), full]);
}

#[test]
fn identities_that_passphrases_open_keep_their_form() {
    let one = SealedIdentity { recipient: "age1x".to_owned(), file: vec![1, 2, 3] };
    golden("sealed-identities", &[SealedIdentities::default(), SealedIdentities(vec![one])]);
}

#[test]
fn imports_keep_their_form() {
    let given = |first, count| Range { first, count };
    let import = |undone| Import {
        id: ImportId(11),
        at: at(),
        by: StaffId(1),
        files: "invoices.csv".to_owned(),
        digest: Digest([5; 32]),
        clients: given(7, 2),
        contacts: given(9, 1),
        documents: given(700, 300),
        receipts: given(0, 0),
        until: 70_000,
        undone,
    };
    let drop = |fate| Dropped { id: DropId(3), file: file(), at: at(), fate };
    let refused = Fate::Refused { reason: "x".to_owned(), by: StaffId(1), at: at() };
    let waits = |stranger| Fate::Waits { reason: "x".to_owned(), stranger };
    let published = Fate::Published(InvoiceId(9));
    golden("dropped", &[drop(waits(false)), drop(waits(true)), drop(published), drop(refused)]);
    golden("import", &[import(None), import(Some(Undone { at: at(), by: StaffId(0) }))]);
}

#[test]
fn a_month_end_statement_keeps_its_form() {
    let receipt = EntryKind::Receipt;
    let entry = Entry {
        date: date(2026, 10, 5),
        kind: receipt,
        invoice: Some(InvoiceId(1)),
        receipt: Some("R-1".parse().unwrap()),
        number: "x".to_owned(),
        title: "x".to_owned(),
        way: None,
        amount: -100,
        recorded_at: at(),
    };
    let statement = balance_forward([entry], date(2026, 10, 1), date(2026, 10, 31));
    let ageing = Ageing { current: 1, d1_30: 2, d31_60: 3, d61_90: 4, over_90: 5, unapplied: 6 };
    let first = MonthStatement {
        id: StatementId(1),
        client: ClientId(5),
        month: date(2026, 10, 1),
        at: at(),
        by: None,
        seller: party("x"),
        buyer: party("y"),
        letterhead: Letterhead::of(&hartmann()),
        anchor: "x".to_owned(),
        accounts: vec![Reckoned { currency: Currency::EUR, statement, ageing }],
        pdf: file(),
        replaces: None,
    };
    let second =
        MonthStatement { id: StatementId(2), by: Some(StaffId(3)), replaces: Some(StatementId(1)), ..first.clone() };
    golden("month-statement", &[first, second]);
}

#[test]
fn a_pause_keeps_its_form() {
    let of = Paused { client: ClientId(5), invoice: None };
    let all = Pause { of, until: date(2026, 11, 30), reason: "x".to_owned(), by: StaffId(3), since: at() };
    let one = Pause { of: Paused { invoice: Some(InvoiceId(1)), ..of }, ..all.clone() };
    golden("pause", &[all, one]);
    let (contact, client, reason) = (ContactId(4), ClientId(5), String::new());
    let link = Stopped { contact, client, by: None, reason, since: at(), noted: false };
    let noted = Stopped { by: Some(StaffId(3)), reason: "rang".to_owned(), noted: true, ..link.clone() };
    golden("stopped", &[link, noted]);
}

#[test]
fn a_promise_keeps_its_form() {
    let on = date(2026, 12, 2);
    let open = Promise {
        id: PromiseId(14),
        client: ClientId(5),
        invoice: InvoiceId(1),
        by: Person::Contact(ContactId(4)),
        at: at(),
        made: date(2026, 11, 20),
        day: date(2026, 11, 28),
        grace: 3,
        amount: eur(100),
        open: 1_000_00,
        note: "x".to_owned(),
        after: AllocationId(10),
        outcome: Outcome::Open,
    };
    let ended = [Outcome::Kept(on), Outcome::Broken(on), Outcome::Replaced(on), Outcome::Withdrawn(on)];
    let mut all: Vec<Promise> = ended.map(|outcome| Promise { outcome, ..open.clone() }).into();
    all.push(open);
    golden("promise", &all);
}

#[test]
fn a_dispute_keeps_its_form() {
    let on = date(2026, 12, 2);
    let open = Dispute {
        id: DisputeId(15),
        client: ClientId(5),
        invoice: InvoiceId(1),
        by: Person::Contact(ContactId(4)),
        at: at(),
        made: date(2026, 11, 20),
        part: dispute::Part::Lines(vec![0, 2]),
        amount: eur(100),
        ground: Ground::Quality,
        words: "x".to_owned(),
        with: StaffId(3),
        changes: 1,
        outcome: dispute::Outcome::Open,
        waits: false,
        answer: None,
    };
    let answer = Some(dispute::Answer { by: StaffId(3), words: "y".to_owned() });
    let ended = [
        dispute::Outcome::Upheld(on),
        dispute::Outcome::Rejected(on),
        dispute::Outcome::Withdrawn(on),
        dispute::Outcome::Settled(on),
    ];
    let parts = [dispute::Part::Whole, dispute::Part::Amount(7), dispute::Part::Lines(vec![1]), dispute::Part::Whole];
    let one = |(outcome, part)| Dispute { outcome, part, answer: answer.clone(), ..open.clone() };
    let mut all: Vec<Dispute> = ended.into_iter().zip(parts).map(one).collect();
    all.push(Dispute { outcome: dispute::Outcome::Upheld(on), waits: true, answer, ..open.clone() });
    all.push(open.clone());
    all.extend(Ground::ALL.map(|ground| Dispute { ground, ..open.clone() }));
    golden("dispute", &all);
}

#[test]
fn a_snooze_keeps_its_form() {
    let until = date(2026, 11, 30);
    golden(
        "snooze",
        &[Snooze { item: Item::Unopened(InvoiceId(1)), until, reason: "x".into(), by: StaffId(3), since: at() }],
    );
}

#[test]
fn credit_terms_keep_their_form() {
    let limit = Limit { amount: eur(500), reason: "x".to_owned(), by: StaffId(3), since: at() };
    let hold = Hold { reason: "y".to_owned(), by: StaffId(3), since: at() };
    let both = CreditTerms { client: ClientId(5), limit: Some(limit), hold: Some(hold) };
    golden("credit-terms", &[both, CreditTerms::none(ClientId(5))]);
}

#[test]
fn late_payment_keeps_its_form() {
    let rate = RateFrom { from: date(2026, 7, 1), rate: YearlyRate::parse("rate", "10.15").unwrap() };
    let least = LatePayment::standard().fixed;
    let policy = LatePayment { on: true, rates: vec![rate], by_itself: true, least, ..LatePayment::standard() };
    let by = Actor::Staff(StaffId(3));
    golden("late-payment", &[LatePaymentVersion { version: 2, policy, by, at: at(), reason: "x".to_owned() }]);
    let (client, by, reason) = (ClientId(5), StaffId(3), "x".to_owned());
    golden("late-exception", &[LateException { client, reason, by, since: at() }]);
}

#[test]
fn a_version_of_the_reminder_policy_keeps_its_form() {
    let mut policy = Policy::standard();
    policy.steps[4].to = Reach::Both;
    policy.steps[4].copies = vec![StaffId(3)];
    policy.steps[4].only =
        Condition { unopened: true, over: Some(eur(500)), score: Some(ScoreBand { from: 0, to: 49 }) };
    policy.days.holidays.insert(date(2026, 12, 25), "Christmas Day".to_owned());
    let by = Actor::Staff(StaffId(3));
    golden("policy", &[PolicyVersion { version: 2, policy, by: by.clone(), at: at(), reason: "x".to_owned() }]);
    let words = Words { subject: "{number}".to_owned(), opening: "x".to_owned(), closing: String::new() };
    let one = |kind, words| Wording { kind, language: Language::German, version: 2, words, by: by.clone(), at: at() };
    golden("wording", &[one(LetterKind::Issued, Some(words)), one(LetterKind::Reminder(Tone::Firm), None)]);
}

/// One of each kind, in the order in which the stored form counts them; a new kind is added at the end.
fn events() -> Vec<Event> {
    use Event as E;
    let (invoice, credit, staff, contact, client) = (InvoiceId(1), InvoiceId(2), StaffId(3), ContactId(4), ClientId(5));
    let (project, quote, receipt, letter) = (ProjectId(6), QuoteId(7), ReceiptId(8), LetterId(9));
    let (document, recurring) = (DocumentId(10), RecurringId(12));
    let (total, amount, left_open, digest) = (eur(1), eur(2), eur(3), Digest([5; 32]));
    let number: counterfoil::domain::number::DocumentNumber = "A-1".parse().unwrap();
    let (purpose, step) = (Purpose::SignIn, -7);
    let (statement, month) = (StatementId(13), date(2026, 10, 1));
    let promise = PromiseId(14);
    let s = || "x".to_owned();
    let disputed = |turn| E::Dispute { invoice, dispute: DisputeId(15), amount, turn };
    vec![
        E::FirmSetUp { name: s() },
        E::FirmChanged { what: s() },
        E::StaffAdded { staff, name: s(), role: s() },
        E::StaffChanged { staff, name: s(), what: s() },
        E::ClientAdded { client, name: s() },
        E::ClientChanged { client, what: s() },
        E::ContactAdded { contact, name: s() },
        E::ContactChanged { contact, name: s(), what: s() },
        E::ContactRevoked { contact, name: s() },
        E::ProjectAdded { project, name: s() },
        E::DraftSaved { invoice, total },
        E::DraftDiscarded { invoice },
        E::InvoiceIssued { invoice, number: number.clone(), total, digest },
        E::InvoicePublished { invoice, number: number.clone(), total, digest },
        E::CreditNoteIssued { credit, number: number.clone(), total, digest, of: invoice },
        E::QuoteSent { quote, version: 2, number: number.clone(), total, digest },
        E::ReceiptRecorded { receipt, number: number.clone(), amount },
        E::Allocated { invoice, amount, left_open },
        E::AllocationUndone { invoice, amount, reason: s() },
        E::WrittenOff { invoice, amount, left_open: amount, reason: s() },
        E::EarlyPaymentTaken { invoice, amount, left_open: amount },
        E::LetterQueued { letter, subject: s(), to: s(), purpose },
        E::LetterAccepted { letter, to: s(), response: s(), purpose },
        E::LetterDeferred { letter, to: s(), reason: s() },
        E::LetterFailed { letter, to: s(), reason: s() },
        E::LetterUncertain { letter, to: s(), reason: s() },
        E::LetterDecided { letter, to: s(), decision: s(), reason: s() },
        E::LetterWithdrawn { letter, to: s(), reason: s() },
        E::ReminderSuperseded { invoice, step },
        E::ReminderExpired { invoice, step },
        E::ReminderSkipped { invoice, step, reason: s() },
        E::SignedIn { entrance: Entrance::Password },
        E::SignInRefused { address: s(), reason: s() },
        E::SignedOut,
        E::LinkRequested { address: s() },
        E::PasswordSet,
        E::Opened { invoice, digest },
        E::Downloaded { invoice, digest, format: Format::Ubl },
        E::StaffPreviewed { invoice },
        E::StaffDownloaded { invoice, format: Format::Csv },
        E::QuoteOpened { quote, version: 2, digest },
        E::QuoteDownloaded { quote, version: 2, digest, format: Format::Html },
        E::StatementOpened,
        E::BackupMade { bytes: 1, digest },
        E::Restored { taken: at() },
        E::QuoteAccepted { quote, version: 2, digest, terms: digest, options: vec![1, 3], total },
        E::QuoteDeclined { quote, version: 2, digest, reason: s() },
        E::SendingReleased,
        E::StatementDownloaded { from: date(2026, 9, 1), to: date(2026, 11, 22), digest, format: Format::Pdf },
        E::StaffStatementDownloaded { from: date(2026, 9, 1), to: date(2026, 11, 22), format: Format::Zip },
        E::BackupFailed { reason: s() },
        E::BackupLate { since: at() },
        E::DrillPassed { taken: at(), rows: 7 },
        E::DrillFailed { taken: at(), reason: s() },
        E::NumbersStated { last: s() },
        E::CertificateMade { invoice, digest },
        E::Exported { documents: 3 },
        E::ReceiptReversed { receipt, amount, on: date(2026, 11, 25), cause: Cause::Returned, reason: s() },
        E::PaymentTakenBack { invoice, receipt, amount, left_open: amount, cause: Cause::Mistaken },
        E::DocumentPosted { document, version: 2, title: s(), digest, bytes: 1 },
        E::DocumentWithdrawn { document, title: s(), reason: s() },
        E::DocumentErased { document, title: s(), bytes: 1 },
        E::DocumentOpened { document, version: 2, title: s(), digest },
        E::DocumentDownloaded { document, version: 2, title: s(), digest },
        E::StaffDocumentDownloaded { document, version: 2, title: s() },
        E::DocumentImported { invoice, number: "A-1".parse().unwrap(), total, digest },
        E::ImportMade { import: ImportId(11), what: s() },
        E::ImportUndone { import: ImportId(11), what: s() },
        E::DropWaits { name: s(), reason: s() },
        E::DropRefused { name: s(), reason: s() },
        E::StaffQuoteDownloaded { quote, version: 2, format: Format::Csv },
        E::QuoteBilled { quote, invoice, total },
        E::Refunded { refund: RefundId(11), amount, on: date(2026, 11, 25) },
        E::RefundReturned { refund: RefundId(11), amount, on: date(2026, 11, 26), reason: s() },
        E::RecurringSaved { recurring, title: s(), schedule: s() },
        E::RecurringPaused { recurring, title: s() },
        E::RecurringResumed { recurring, title: s(), skipped: 2 },
        E::RecurringMade { recurring, title: s(), key: s(), total: amount, issued: true },
        E::RecurringFailed { recurring, title: s(), key: s(), reason: s() },
        E::RemindersPaused { client, invoice: Some(invoice), until: date(2026, 11, 30), reason: s() },
        E::RemindersGoOn { client, invoice: None },
        E::ReceiptOpened { receipt, number: number.clone() },
        E::ReceiptDownloaded { receipt, number: number.clone(), digest, format: Format::Html },
        E::StaffReceiptDownloaded { receipt, number, format: Format::Pdf },
        E::IdentityDownloaded { recipient: s() },
        E::MonthPublished { statement, month, digest, closing: vec![eur(1_00)] },
        E::MonthFailed { month, reason: s() },
        E::MonthOpened { statement, month, digest },
        E::MonthDownloaded { statement, month, digest, format: Format::Csv },
        E::StaffMonthDownloaded { statement, month, format: Format::Pdf },
        E::RegisterTaken { format: Format::Csv, client: Some(client), month: None },
        E::PolicyChanged { version: 2, reason: s() },
        E::ContactStopped { contact, name: s(), reason: s() },
        E::ContactResumed { contact, name: s(), reason: s() },
        E::StopNoted { contact, name: s() },
        E::LetterBounced { letter, to: s(), reason: s() },
        E::RecurringSkipped { recurring, title: s(), key: s() },
        E::CreditLimitSet { client, limit: Some(eur(1)), reason: s() },
        E::CreditHeld { client, reason: s() },
        E::CreditHoldLifted { client },
        E::CreditLimitExceeded { client, invoice, limit: eur(1), owed: eur(2) },
        E::PutOff { item: Item::Letter(letter), until: date(2026, 11, 30), reason: s() },
        E::ShownAgain { item: Item::Silent(invoice) },
        E::OpenItemsDownloaded { on: date(2026, 11, 22), digest, format: Format::Pdf },
        E::StaffOpenItemsDownloaded { on: date(2026, 11, 22), format: Format::Csv },
        E::LetterWorded { letter: LetterKind::Several(Tone::Final), language: Language::German, own: true },
        E::ClockLeapt { from: at(), to: at() },
        E::CallAskedFor { invoice, step: 30 },
        E::Called { invoice, reached: false, said: s() },
        E::PaymentPromised {
            invoice,
            promise,
            amount,
            day: date(2026, 11, 28),
            last: date(2026, 12, 1),
            note: s(),
            replaces: true,
        },
        E::PromiseWithdrawn { invoice, promise, amount, day: date(2026, 11, 28) },
        E::PromiseKept { invoice, promise, amount, day: date(2026, 11, 28), on: date(2026, 11, 27) },
        E::PromiseBroken { invoice, promise, amount, day: date(2026, 11, 28) },
        E::PromiseReopened { invoice, promise, amount, day: date(2026, 11, 28) },
        E::LatePaymentChanged { version: 2, on: true, least: vec![total], reason: s() },
        E::LateNoteDrafted { note: credit, of: invoice, total, until: date(2026, 11, 20) },
        E::LateExcepted { client, reason: s() },
        E::LateExceptionEnded { client },
        disputed(Turn::Raised {
            part: dispute::Part::Lines(vec![0, 2]),
            ground: Ground::Price,
            words: s(),
            with: staff,
        }),
        disputed(Turn::Changed { part: dispute::Part::Amount(7), ground: Ground::Other, words: s() }),
        disputed(Turn::Passed { to: staff }),
        disputed(Turn::Upheld { words: s() }),
        disputed(Turn::Rejected { words: s() }),
        disputed(Turn::Withdrawn),
        disputed(Turn::Settled),
        disputed(Turn::Reopened),
        disputed(Turn::Done { credited: true }),
    ]
}
