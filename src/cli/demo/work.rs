//! What the demo's firm does and what it charges: matters with their lines, priced for a client. Deterministic.
//!
//! Knows no store and no calendar beyond the month it is told.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::firm::{ClientPlan, Tax};
use crate::domain::firm::Locale;
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::tax::{Discount, Line, Unit, Vat, VatCategory};
use crate::secrets::Entropy;

/// A source of choices that a seed repeats.
pub struct Dice(Entropy);

impl Dice {
    /// Choices of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Entropy::seeded(seed))
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&self, from: i32, to: i32) -> i32 {
        let width = u64::from(to.abs_diff(from)) + 1;
        from.min(to) + i32::try_from(self.0.below(width)).unwrap_or(0)
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// One of `things`; `None` of nothing.
    pub fn pick<'a, T>(&self, things: &'a [T]) -> Option<&'a T> {
        let at = self.0.below(u64::try_from(things.len()).unwrap_or(1).max(1));
        things.get(usize::try_from(at).unwrap_or(0))
    }
}

/// How a line is taxed at home.
#[derive(Clone, Copy)]
enum Kind {
    /// 23 %.
    Fee,
    /// 13.5 %.
    Reduced,
    /// Zero rated.
    Zero,
    /// Exempt.
    Exempt,
    /// Paid for the client, at cost: outside the scope everywhere.
    Outlay,
}

/// Description, unit, least and most quarters of a unit (4 is one), price in euro cents, kind.
type Item = (&'static str, Unit, i32, i32, i64, Kind);

/// A piece of work as it is billed.
struct Matter {
    title: &'static str,
    items: &'static [Item],
}

use Kind::{Exempt, Fee, Outlay, Reduced, Zero};
use Unit::{Day, Each, Hour, Kilometre, LumpSum, Month};

const MATTERS: [Matter; 10] = [
    Matter {
        title: "Lease, drafting and negotiation",
        items: &[
            ("Drafting and negotiating the lease", Hour, 20, 56, 22_000, Fee),
            ("Title review and report, fixed fee as agreed", LumpSum, 4, 4, 45_000, Fee),
            ("Calls with the landlord’s solicitors", Hour, 2, 10, 22_000, Fee),
            ("Land Registry search fees, paid for you at cost", Each, 4, 8, 6_500, Outlay),
        ],
    },
    Matter {
        title: "Employment advice",
        items: &[
            ("Advice on working hours and rosters", Hour, 6, 24, 19_500, Fee),
            ("Contracts of employment, reviewed", Each, 8, 32, 9_500, Fee),
            ("Staff handbook, printed copies", Each, 20, 80, 1_450, Zero),
        ],
    },
    Matter {
        title: "Company secretarial work",
        items: &[
            ("Company secretarial service", Month, 4, 4, 18_000, Fee),
            ("Annual return, prepared and filed", LumpSum, 4, 4, 32_000, Fee),
            ("Companies Registration Office fee, at cost", Each, 4, 4, 2_000, Outlay),
        ],
    },
    Matter {
        title: "Trade mark, watching and filing",
        items: &[
            ("Filing at the EU office, one class", LumpSum, 4, 4, 65_000, Fee),
            ("Clearance search and report", Hour, 6, 16, 21_000, Fee),
            ("EUIPO official fee, at cost", Each, 4, 4, 85_000, Outlay),
        ],
    },
    Matter {
        title: "Contract review",
        items: &[
            ("Reading and commenting on the draft", Hour, 5, 18, 20_500, Fee),
            ("Meeting with the other side", Hour, 4, 8, 22_000, Fee),
        ],
    },
    Matter {
        title: "Dispute about defects",
        items: &[
            ("Letters before action and replies", Hour, 6, 20, 21_500, Fee),
            ("Photographs of the premises for the hearing", Each, 24, 72, 1_200, Reduced),
            ("Counsel’s opinion, settled for you", LumpSum, 4, 4, 95_000, Fee),
            ("Court stamp duty, at cost", Each, 4, 4, 13_000, Outlay),
        ],
    },
    Matter {
        title: "Data protection review",
        items: &[
            ("Register of processing, brought up to date", Day, 2, 8, 98_000, Fee),
            ("Training for staff, half a day", LumpSum, 4, 4, 62_000, Fee),
            ("Travel to your premises", Kilometre, 120, 480, 42, Fee),
        ],
    },
    Matter {
        title: "Purchase of premises",
        items: &[
            ("Conveyance, first stage", LumpSum, 4, 4, 240_000, Fee),
            ("Requisitions on title", Hour, 8, 22, 22_000, Fee),
            ("Title indemnity, arranged", Each, 4, 4, 28_000, Exempt),
            ("Land Registry folio and map, at cost", Each, 8, 8, 4_000, Outlay),
        ],
    },
    Matter { title: "Telephone advice", items: &[("Calls and short letters", Hour, 2, 9, 19_500, Fee)] },
    Matter {
        title: "Tender, terms and bonds",
        items: &[
            ("Comments on the form of contract", Hour, 5, 14, 21_000, Fee),
            ("Bond and collateral warranties", Hour, 4, 12, 21_000, Fee),
            ("Couriers, at cost", Each, 4, 12, 1_850, Outlay),
        ],
    },
];

const IN_GERMAN: [Matter; 4] = [
    Matter {
        title: "Vertriebsvertrag Irland",
        items: &[
            ("Entwurf und Verhandlung des Vertriebsvertrags", Hour, 12, 40, 22_000, Fee),
            ("Besprechungen mit dem Vertriebspartner", Hour, 4, 12, 22_000, Fee),
            ("Übersetzung, zu Selbstkosten", Each, 4, 8, 18_500, Outlay),
        ],
    },
    Matter {
        title: "Unionsmarke „Nordlicht“",
        items: &[
            ("Recherche und Gutachten", Hour, 6, 16, 21_000, Fee),
            ("Anmeldung beim EUIPO, eine Klasse", LumpSum, 4, 4, 65_000, Fee),
            ("Amtsgebühr des EUIPO, zu Selbstkosten", Each, 4, 4, 85_000, Outlay),
        ],
    },
    Matter {
        title: "Allgemeine Geschäftsbedingungen",
        items: &[
            ("Durchsicht und Neufassung für Irland", Hour, 6, 18, 20_500, Fee),
            ("Abstimmung mit Ihrer Rechtsabteilung", Hour, 2, 8, 20_500, Fee),
        ],
    },
    Matter { title: "Laufende Beratung", items: &[("Telefonate und kurze Schreiben", Hour, 2, 9, 19_500, Fee)] },
];

/// What a client may add to a quote.
pub fn options(dice: &Dice, client: &ClientPlan, currency: Currency) -> Vec<Line> {
    let items: [Item; 2] = [
        ("Training for staff, half a day", LumpSum, 4, 4, 62_000, Fee),
        ("Yearly review for the first two years", Each, 8, 8, 24_000, Fee),
    ];
    items.iter().map(|item| line(dice, item, client, currency, Decimal::ZERO)).collect()
}

/// The work for a client, described in their language.
fn matters(client: &ClientPlan) -> &'static [Matter] {
    if client.language == Some(Language::German) { &IN_GERMAN } else { &MATTERS }
}

/// The month of a bill as its title names it.
pub fn month(client: &ClientPlan, dated: Date) -> String {
    let written = if client.language == Some(Language::German) { Locale::German } else { Locale::default() };
    written.date_long(dated).split_once(' ').map_or_else(String::new, |x| x.1.to_owned())
}

/// A bill's title and lines for a client, with an agreed discount on the fees now and then.
pub fn bill(dice: &Dice, client: &ClientPlan, currency: Currency, month: &str) -> (String, Vec<Line>) {
    let Some(matter) = dice.pick(matters(client)) else { return (String::new(), Vec::new()) };
    let discount = if dice.chance(12) { Decimal::from(dice.between(1, 3) * 5) } else { Decimal::ZERO };
    let take = dice.between(1, i32::try_from(matter.items.len()).unwrap_or(1)).max(1);
    let items = matter.items.iter().take(usize::try_from(take).unwrap_or(1));
    let lines = items.map(|item| line(dice, item, client, currency, discount)).collect();
    (format!("{}, {month}", matter.title), lines)
}

fn line(dice: &Dice, item: &Item, client: &ClientPlan, currency: Currency, discount: Decimal) -> Line {
    let &(what, unit, least, most, cents, kind) = item;
    let quarters = dice.between(least, most);
    let whole = !matches!(unit, Hour | Day);
    let quantity = if whole { Decimal::from((quarters / 4).max(1)) } else { Decimal::new(i64::from(quarters) * 25, 2) };
    let price = Decimal::new(cents, 2) * Decimal::new(client.price, 2);
    let price = price.round_dp_with_strategy(currency.digits(), RoundingStrategy::MidpointAwayFromZero);
    let discount = if matches!(kind, Outlay | Zero) { Decimal::ZERO } else { discount };
    Line {
        description: what.to_owned(),
        quantity: quantity.normalize(),
        unit,
        price: price.normalize(),
        discount: Discount::percent(discount),
        vat: vat(client.tax, kind),
        ..Line::default()
    }
}

fn vat(tax: Tax, kind: Kind) -> Vat {
    let standard = |rate| Vat { category: VatCategory::Standard, rate };
    let without = |category| Vat { category, rate: Decimal::ZERO };
    match (tax, kind) {
        (Tax::Outside, _) => without(VatCategory::OutOfScope),
        // Beside lines with VAT an outlay can't be out of its scope (EN 16931, BR-O-11).
        (_, Outlay) => without(VatCategory::Exempt),
        (Tax::ReverseCharge, _) => without(VatCategory::ReverseCharge),
        (Tax::Domestic, Fee) => standard(Decimal::from(23)),
        (Tax::Domestic, Reduced) => standard(Decimal::new(135, 1)),
        (Tax::Domestic, Zero) => without(VatCategory::Zero),
        (Tax::Domestic, Exempt) => without(VatCategory::Exempt),
    }
}
