//! The story is the same for a seed, shows every state of a document, and its ledger agrees.

use std::collections::BTreeMap;

use super::*;
use crate::domain::invoice::Standing;
use crate::domain::letter::LetterState;
use crate::domain::payment::Source;
use crate::domain::quote::Answer;
use crate::store::invoices::Filter;
use crate::store::verify;

struct Demo {
    app: App,
    mailbox: MemoryMailer,
    _folder: Folder,
}

/// A demo without anything in it, on a Sunday.
fn empty(seed: u64) -> Demo {
    let folder = Folder::prepare(None).unwrap();
    let store = folder.begin(16 << 20, &Entropy::system()).unwrap();
    let settings = settings("https://127.0.0.1:8443".to_owned(), 1 << 20, FileLimits::of_mib(1, 8, 32)).unwrap();
    let end = calendar::wall_clock(Date::new(2026, 11, 22).unwrap(), time(9, 0, 0, 0), &settings.zone);
    let mailbox = MemoryMailer::default();
    let app = App {
        store,
        clock: Clock::fixed(end),
        entropy: Entropy::seeded(seed),
        mailer: Arc::new(Mailer::Memory(mailbox.clone())),
        fonts: Arc::new(Fonts::embedded()),
        settings: Arc::new(settings),
        wake: Arc::default(),
        points: Arc::default(),
    };
    Demo { app, mailbox, _folder: folder }
}

fn setting(demo: &Demo, seed: u64, months: i64) -> story::Setting {
    let password_hash = secrets::hash_password(firm::PASSWORD, &demo.app.entropy).unwrap();
    story::Setting { end: demo.app.now(), months, seed, password_hash }
}

fn tell(seed: u64, months: i64) -> Demo {
    let demo = empty(seed);
    let setting = setting(&demo, seed, months);
    story::tell(&demo.app.store, &demo.app, &demo.mailbox, setting, Arc::new(|_, _| true)).unwrap();
    demo
}

fn everything(demo: &Demo) -> Vec<crate::store::invoices::Row> {
    let today = demo.app.today();
    let page = |filter| demo.app.store.read(|r| r.invoice_page(None, filter, today, None, 10_000)).unwrap().rows;
    let mut all = page(Filter::All);
    all.extend(page(Filter::Draft));
    all
}

#[test]
fn the_story_shows_every_state_and_its_ledger_agrees() {
    let demo = tell(1, 7);
    let (rows, today) = (everything(&demo), demo.app.today());
    let states: Vec<Standing> = rows.iter().map(|r| r.invoice.standing(r.settled, today)).collect();
    let has = |what: &str, found: fn(&Standing) -> bool| assert!(states.iter().any(found), "{what}: {states:?}");
    has("draft", |s| *s == Standing::Draft);
    has("due", |s| matches!(s, Standing::Due { days: 1.., part_paid: false }));
    has("due today", |s| matches!(s, Standing::Due { days: 0, .. }));
    has("part paid", |s| matches!(s, Standing::Due { part_paid: true, .. }));
    has("overdue", |s| matches!(s, Standing::Overdue { part_paid: false, .. }));
    has("long overdue", |s| matches!(s, Standing::Overdue { days: 91.., .. }));
    has("overdue and part paid", |s| matches!(s, Standing::Overdue { part_paid: true, .. }));
    has("paid", |s| *s == Standing::Paid);
    has("credited", |s| *s == Standing::Credited);
    has("credit note", |s| *s == Standing::CreditNote);
    let report = demo.app.store.read(|r| verify::whole(r, |_, _, _| {})).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    balances_agree(&demo, &rows);
    holds_the_rest(&demo);
    letters_have_their_states(&demo);
    promises_have_their_states(&demo, &rows);
    disputes_have_their_states(&demo, &rows);
    let mut last = Timestamp::MAX;
    let log = |r: &ReadTx| {
        r.log_backwards(None, |entry| {
            assert!(entry.at <= last && entry.at <= demo.app.now(), "the log goes forward in time");
            last = entry.at;
            true
        })
    };
    demo.app.store.read(log).unwrap();
}

/// One was broken, and one is open.
fn promises_have_their_states(demo: &Demo, rows: &[crate::store::invoices::Row]) {
    let of = |row: &crate::store::invoices::Row| demo.app.store.read(|r| r.newest_promise(row.invoice.id)).unwrap();
    let mut all: Vec<&str> = rows.iter().filter_map(of).map(|x| x.outcome.words()).collect();
    all.sort_unstable();
    assert_eq!(all, ["broken", "open"]);
}

/// One was rejected, and one, of a part, is open.
fn disputes_have_their_states(demo: &Demo, rows: &[crate::store::invoices::Row]) {
    let of = |row: &crate::store::invoices::Row| demo.app.store.read(|r| r.newest_dispute(row.invoice.id)).unwrap();
    let all: Vec<_> = rows.iter().filter_map(|row| Some((of(row)?, row.open()))).collect();
    let mut words: Vec<&str> = all.iter().map(|x| x.0.outcome.words()).collect();
    words.sort_unstable();
    assert_eq!(words, ["open", "rejected"]);
    assert!(all.iter().all(|(dispute, open)| !dispute.is_open() || !dispute.holds(*open)), "the open one is of a part");
}

/// Per currency: charged = received − unapplied + credited + open.
fn balances_agree(demo: &Demo, rows: &[crate::store::invoices::Row]) {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.invoice.is_invoice() && r.invoice.issue.is_some()) {
        *sums.entry(row.invoice.currency.to_string()).or_default() += row.invoice.payable().minor - row.open().minor;
    }
    demo.app
        .store
        .read(|r| {
            for receipt in r.receipts(None, 10_000)? {
                *sums.entry(receipt.amount.currency.to_string()).or_default() -= receipt.worth().minor;
            }
            for client in r.clients_by_name("", None, 100)? {
                for refund in r.refunds_of(client.id, Date::MAX)?.iter().filter(|x| x.returned.is_none()) {
                    *sums.entry(refund.amount.currency.to_string()).or_default() += refund.amount.minor;
                }
                for unapplied in r.unapplied_of(client.id)? {
                    *sums.entry(unapplied.left.currency.to_string()).or_default() += unapplied.left.minor;
                }
            }
            for note in rows.iter().filter(|r| !r.invoice.is_invoice() && r.invoice.issue.is_some()) {
                let applied = r.allocations_from(Source::Credit(note.invoice.id))?;
                let left = note.invoice.payable().minor - applied.iter().map(|a| a.amount.minor).sum::<i64>();
                *sums.entry(note.invoice.currency.to_string()).or_default() -= note.invoice.payable().minor;
                assert!(left >= 0);
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(sums.len() >= 3, "several currencies: {sums:?}");
    assert!(sums.values().all(|s| *s == 0), "{sums:?}");
}

/// A refund, a credit of which a part is held, documents in versions, and a year of month-end statements whose balances
/// follow from one another.
fn holds_the_rest(demo: &Demo) {
    let held = |r: &ReadTx| -> Result<_, StoreError> {
        let (mut refunds, mut credits, mut versions, mut months) = (0, 0, 0, 0);
        for client in r.clients_by_name("", None, 100)? {
            refunds += r.refunds_of(client.id, Date::MAX)?.len();
            for left in r.unapplied_of(client.id)?.iter().filter(|x| matches!(x.source, Source::Credit(_))) {
                credits += usize::from(!r.allocations_from(left.source)?.is_empty());
            }
            let documents = r.documents_of(client.id, crate::store::documents::DocumentShelf::Posted, None, 100)?;
            versions =
                versions.max(documents.iter().filter(|x| x.project.is_some()).map(|x| x.current()).max().unwrap_or(0));
            let all = r.statements_of(client.id, None, 99)?;
            months = months.max(all.len());
            for pair in all.windows(2).filter(|x| x[1].month == crate::domain::monthly::last_ended(x[0].month)) {
                for account in &pair[0].accounts {
                    let before = pair[1].accounts.iter().find(|x| x.currency == account.currency);
                    let closing = before.map_or(0, |x| x.statement.closing);
                    assert_eq!(account.statement.opening, closing, "{} of {}", pair[0].month, client.party.name);
                }
            }
        }
        Ok((refunds, credits, versions, months))
    };
    let (refunds, credits, versions, months) = demo.app.store.read(held).unwrap();
    assert_eq!((refunds, credits, versions), (1, 1, 3), "refunds, credits partly held, versions");
    assert!(months >= 5, "{months} months");
}

fn letters_have_their_states(demo: &Demo) {
    let letters = demo.app.store.read(|r| r.letters(None, 10_000)).unwrap();
    let has = |what: &str, found: fn(&LetterState) -> bool| {
        assert!(letters.iter().any(|l| found(&l.state)), "{what}");
    };
    has("accepted", |s| matches!(s, LetterState::Accepted(..)));
    has("failed", |s| matches!(s, LetterState::Failed(..)));
    has("deferred", |s| matches!(s, LetterState::Deferred(..)));
    has("uncertain", |s| matches!(s, LetterState::Uncertain(..)));
    assert!(demo.mailbox.letters().len() > 10, "the last letters can be read");
    let quotes = demo.app.store.read(|r| r.quotes(None, 100)).unwrap();
    let today = demo.app.today();
    let said = |found: &dyn Fn(&crate::domain::quote::Quote) -> bool| quotes.iter().any(found);
    assert!(said(&|q| q.waits(today)), "an open quote");
    assert!(said(&|q| q.current.expired(today)) && said(&|q| matches!(q.current.answer, Answer::Declined(..))));
    assert!(said(&|q| q.accepted().is_some()));
    assert!(said(&|q| !q.current.options.is_empty()) && said(&|q| q.latest() == 2), "options, and a second version");
    let half = quotes.iter().filter_map(|q| {
        let billing = demo.app.store.read(|r| crate::actions::invoices::billing(r, q)).unwrap()?;
        (billing.invoiced().minor > 0 && billing.left().minor > 0).then_some(billing)
    });
    assert_eq!(half.count(), 1, "one is half invoiced");
}

#[test]
fn a_seed_repeats_its_story_and_everybody_can_sign_in() {
    let (one, two) = (tell(7, 2), tell(7, 2));
    let head = |demo: &Demo| demo.app.store.read(|r| r.anchor()).unwrap();
    assert_eq!(head(&one), head(&two), "the same seed, the same log to the last byte");
    let people = greeting::people(&one.app.store, None).unwrap();
    assert!(people.iter().filter(|p| p.client.is_none()).count() == 4, "{people:?}");
    assert!(people.iter().filter(|p| p.client.is_some()).count() >= 8, "{people:?}");
    assert!(people.iter().all(|p| p.password.as_deref() == Some(firm::PASSWORD)));
}

#[test]
fn a_generated_firm_agrees_with_itself_and_repeats() {
    let make = || {
        let demo = empty(3);
        let setting = setting(&demo, 3, 6);
        let size = bulk::Size { clients: 40, invoices: 1_500 };
        let progress: story::Progress = Arc::new(|_, _| true);
        bulk::fill(&demo.app.store, &demo.app, &setting, size, &progress).unwrap();
        demo
    };
    let (one, two) = (make(), make());
    let report = one.app.store.read(|r| verify::whole(r, |_, _, _| {})).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let head = |demo: &Demo| demo.app.store.read(|r| r.anchor()).unwrap();
    assert_eq!(head(&one), head(&two));
    let rows = everything(&one);
    assert_eq!(rows.iter().filter(|r| r.invoice.is_invoice()).count(), 1_500);
    assert!(rows.iter().any(|r| r.open().minor > 0) && rows.iter().any(|r| !r.invoice.is_invoice()));
    assert_eq!(greeting::people(&one.app.store, None).unwrap().len(), 4 + 12);
}

#[test]
fn an_earlier_demo_refuses_what_can_not_count_any_more() {
    let args = |seed, clients, today: Option<&str>| Args {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: None,
        clients,
        invoices: None,
        seed,
        today: today.map(|day| day.parse().unwrap()),
        speed: 1,
        json: false,
        make_for: None,
    };
    let folder = tempfile::tempdir().unwrap();
    Made::of(&args(Some(3), None, Some("2026-01-01"))).keep(folder.path()).unwrap();
    let reached = Date::new(2026, 3, 1).unwrap();
    let taken = |args: Args| reopen::refuse_others(&args, folder.path(), reached).is_ok();
    assert!(taken(args(None, None, None)) && taken(args(Some(3), None, Some("2026-01-01"))));
    assert!(taken(args(None, None, Some("2026-03-02"))), "the clock goes forward");
    assert!(!taken(args(Some(4), None, None)) && !taken(args(None, Some(5), None)));
    assert!(!taken(args(None, None, Some("2026-02-01"))));
}

#[test]
fn an_earlier_demo_has_its_letters_again_without_their_links() {
    let demo = tell(5, 2);
    let mailbox = MemoryMailer::default();
    reopen::refill(&mailbox, &demo.app.store, &demo.app.settings).unwrap();
    let letters = mailbox.letters();
    assert!(letters.len() > 10);
    assert!(letters.iter().all(|kept| !kept.letter.text.contains("[[") && !kept.letter.text.contains("https://")));
}
