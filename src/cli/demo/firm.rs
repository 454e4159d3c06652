//! The demo's firm, its people and its clients: who they are and what they may do. Pure data.
//!
//! Knows nothing of what happens to them; that is `story`.

use rust_decimal::Decimal;

use crate::domain::client::Party;
use crate::domain::firm::{BankDetails, Firm, Locale, Paper, Series};
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::number::Pattern;
use crate::domain::party::{Endpoint, PartyContact};
use crate::domain::person::Role;
use crate::domain::refusal::FieldFault;
use crate::domain::tax::{Vat, VatCategory};
use crate::domain::terms::DueRule;
use crate::domain::text::EmailAddress;

/// The password of everybody in the demo who has one. It protects nothing: every demo prints it.
pub const PASSWORD: &str = "teal lantern over quiet harbour";
/// The firm's zone.
pub const ZONE: &str = "Europe/Dublin";
/// Name and address that the demo's letters come from.
pub const FROM: (&str, &str) = ("Harbour & Finch LLP", "accounts@harbourfinch.example");

/// A person of the firm.
pub struct StaffPlan {
    pub name: &'static str,
    pub email: &'static str,
    pub role: Role,
    /// For a member: the only clients they may see, by their place in [`CLIENTS`].
    pub only: &'static [usize],
}

/// The firm's four.
pub const STAFF: [StaffPlan; 4] = [
    StaffPlan { name: "Orla Byrne", email: "orla.byrne@harbourfinch.example", role: Role::Owner, only: &[] },
    StaffPlan { name: "Maeve Finch", email: "maeve.finch@harbourfinch.example", role: Role::Manager, only: &[] },
    StaffPlan { name: "Jonas Weber", email: "jonas.weber@harbourfinch.example", role: Role::Member, only: &[0, 5, 7] },
    StaffPlan { name: "Nuala Tierney", email: "nuala@tierneyaudit.example", role: Role::Auditor, only: &[] },
];

/// What a contact may do, in the few ways that the demo shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Sees billing documents, answers, gets the letters.
    Payer,
    /// Sees billing documents, nothing else.
    Reader,
    /// No billing documents at all.
    Documents,
    /// As a payer, for one project only, by its place.
    Project(usize),
    /// An accountant from outside: sees and gets letters, does not answer.
    Accountant,
    /// Was a payer; their access was ended.
    Revoked,
}

/// A person at a client.
pub struct ContactPlan {
    pub name: &'static str,
    pub title: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub part: Part,
    /// Whether they set a password, so that a newcomer can sign in as them at once.
    pub password: bool,
}

const fn contact(
    name: &'static str,
    title: &'static str,
    email: &'static str,
    part: Part,
    password: bool,
) -> ContactPlan {
    ContactPlan { name, title, email, phone: "", part, password }
}

impl ContactPlan {
    /// The same, to be reached by telephone.
    const fn at(self, phone: &'static str) -> Self {
        Self { phone, ..self }
    }
}

/// How a client is charged VAT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tax {
    /// Irish rates.
    Domestic,
    /// A business elsewhere in the EU: it accounts for the VAT itself.
    ReverseCharge,
    /// A business outside the EU: outside the scope.
    Outside,
}

/// How a client pays: days from the due date in the middle, spread around it, and of how many invoices in a hundred
/// nothing is heard for long.
#[derive(Clone, Copy)]
pub struct Habit {
    pub days: i32,
    pub spread: i32,
    pub silent: u64,
    /// Of how many letters in a hundred the document is opened.
    pub opens: u64,
}

/// The terms of the firm's quotes.
pub const QUOTE_TERMS: &str = "Our fees cover the work described above. Further work is charged at our hourly rates, after we have told you.\n\n\
    Outlays are charged at cost, without an addition.\n\n\
    You can end our engagement at any time; work done until then is charged. Irish law applies.";

/// A customer of the firm.
pub struct ClientPlan {
    pub name: &'static str,
    pub address: &'static [&'static str],
    /// Town, postcode, county.
    pub town: [&'static str; 3],
    pub country: &'static str,
    pub vat_id: &'static str,
    pub legal_id: &'static str,
    /// Scheme and electronic address.
    pub endpoint: [&'static str; 2],
    pub reference: &'static str,
    /// In which they are written to; `None` for English.
    pub language: Option<Language>,
    pub currency: &'static str,
    pub terms: u16,
    pub tax: Tax,
    pub habit: Habit,
    pub note: &'static str,
    pub projects: &'static [&'static str],
    pub contacts: &'static [ContactPlan],
    /// Who looks after them, by their place in [`STAFF`].
    pub manager: usize,
    /// What one hour or unit costs them, as a factor on the price list: 100 is as listed, in their currency.
    pub price: i64,
}

/// The nine clients.
pub const CLIENTS: [ClientPlan; 9] = [
    ClientPlan {
        name: "Marlow Ceramics Ltd",
        address: &["Unit 2, Kiln Yard", "Ringsend Road"],
        town: ["Dublin 4", "D04 X2R6", ""],
        country: "IE",
        vat_id: "IE6388047V",
        legal_id: "512684",
        endpoint: ["9935", "IE6388047V"],
        reference: "C-1014",
        language: None,
        currency: "EUR",
        terms: 30,
        tax: Tax::Domestic,
        habit: Habit { days: 2, spread: 9, silent: 4, opens: 92 },
        note: "Quotes their purchase order on every bill. Peter signs, Ana pays.",
        projects: &["Alder Wharf lease", "Trade mark, MARLOW", "Supply agreement, Delft Glaze"],
        contacts: &[
            contact("Ana Ruiz", "Finance", "ana.ruiz@marlowceramics.example", Part::Payer, true).at("01 555 0161"),
            contact("Peter Marlow", "Director", "peter@marlowceramics.example", Part::Reader, true),
            contact("Siobhán Keane", "Studio manager", "siobhan.keane@marlowceramics.example", Part::Documents, true),
            contact("Declan Marsh", "Finance, until last year", "declan@marlowceramics.example", Part::Revoked, false),
        ],
        manager: 1,
        price: 100,
    },
    ClientPlan {
        name: "Kestrel Architects",
        address: &["14 Sullivan’s Quay"],
        town: ["Cork", "T12 K6WD", ""],
        country: "IE",
        vat_id: "IE9514872K",
        legal_id: "",
        endpoint: ["", ""],
        reference: "C-1021",
        language: None,
        currency: "EUR",
        terms: 30,
        tax: Tax::Domestic,
        habit: Habit { days: -6, spread: 4, silent: 0, opens: 97 },
        note: "",
        projects: &["Collective agreement with engineers", "Blackpool library tender"],
        contacts: &[
            contact("Ruairí Daly", "Partner", "ruairi@kestrelarchitects.example", Part::Payer, true).at("01 555 0174"),
            contact("Inês Costa", "Project lead, library", "ines@kestrelarchitects.example", Part::Project(1), true),
        ],
        manager: 1,
        price: 100,
    },
    ClientPlan {
        name: "Brightwater Marine Ltd",
        address: &["New Docks"],
        town: ["Galway", "H91 C2VT", ""],
        country: "IE",
        vat_id: "IE4471903W",
        legal_id: "468120",
        endpoint: ["", ""],
        reference: "C-1026",
        language: None,
        currency: "EUR",
        terms: 14,
        tax: Tax::Domestic,
        habit: Habit { days: 18, spread: 12, silent: 12, opens: 55 },
        note: "Seasonal: money is tight from November to March.",
        projects: &["Slipway licence", "Charter terms"],
        contacts: &[
            contact("Fergus Tuohy", "Owner", "fergus@brightwatermarine.example", Part::Payer, true).at("021 555 0188")
        ],
        manager: 0,
        price: 100,
    },
    ClientPlan {
        name: "Oakfield Nursing Homes DAC",
        address: &["Oakfield House", "Station Road"],
        town: ["Naas", "W91 PX3D", "Co. Kildare"],
        country: "IE",
        vat_id: "",
        legal_id: "390417",
        endpoint: ["", ""],
        reference: "C-1030",
        language: None,
        currency: "EUR",
        terms: 30,
        tax: Tax::Domestic,
        habit: Habit { days: 34, spread: 16, silent: 22, opens: 60 },
        note: "Approval takes two signatures. Ring Gráinne before the 20th of a month.",
        projects: &["Registration with the regulator", "Employment matters", "Purchase of Beech Lodge"],
        contacts: &[
            contact("Gráinne Walsh", "Accounts payable", "grainne.walsh@oakfieldhomes.example", Part::Payer, true)
                .at("045 555 0119"),
            contact("Thomas Abara", "Finance director", "thomas.abara@oakfieldhomes.example", Part::Reader, true),
        ],
        manager: 1,
        price: 110,
    },
    ClientPlan {
        name: "Lumen Dental Group",
        address: &["3 Fitzwilliam Lane"],
        town: ["Dublin 2", "D02 HN88", ""],
        country: "IE",
        vat_id: "IE3320658M",
        legal_id: "",
        endpoint: ["EM", "invoices@lumendental.example"],
        reference: "C-1033",
        language: None,
        currency: "EUR",
        terms: 30,
        tax: Tax::Domestic,
        habit: Habit { days: 6, spread: 8, silent: 5, opens: 85 },
        note: "Bills go to the accountant as well.",
        projects: &["Partnership deed", "Data protection review"],
        contacts: &[
            contact("Aisha Khan", "Practice manager", "aisha.khan@lumendental.example", Part::Payer, true)
                .at("01 555 0137"),
            contact("Colm Rafferty", "Rafferty & Co, accountants", "colm@raffertyco.example", Part::Accountant, true),
        ],
        manager: 0,
        price: 100,
    },
    ClientPlan {
        name: "Delft Glaze BV",
        address: &["Oude Delft 118"],
        town: ["Delft", "2611 CG", ""],
        country: "NL",
        vat_id: "NL814203977B01",
        legal_id: "27184093",
        endpoint: ["0106", "27184093"],
        reference: "C-1038",
        language: None,
        currency: "EUR",
        terms: 30,
        tax: Tax::ReverseCharge,
        habit: Habit { days: -2, spread: 5, silent: 0, opens: 90 },
        note: "",
        projects: &["Irish branch"],
        contacts: &[contact("Pieter de Vos", "Controller", "p.devos@delftglaze.example", Part::Payer, true)],
        manager: 2,
        price: 105,
    },
    ClientPlan {
        name: "Wren & Sparrow Books Ltd",
        address: &["27 Lamb’s Passage"],
        town: ["London", "EC1Y 8LE", ""],
        country: "GB",
        vat_id: "GB412773809",
        legal_id: "07418852",
        endpoint: ["", ""],
        reference: "C-1042",
        language: None,
        currency: "GBP",
        terms: 30,
        tax: Tax::Outside,
        habit: Habit { days: 9, spread: 10, silent: 6, opens: 75 },
        note: "Pays from a sterling account; check the reference.",
        projects: &["Irish distribution", "Author contracts"],
        contacts: &[
            contact("Ruth Sparrow", "Publisher", "ruth@wrenandsparrow.example", Part::Payer, true).at("020 7946 0153"),
            contact("Luca Ferri", "Rights", "luca.ferri@wrenandsparrow.example", Part::Payer, false),
        ],
        manager: 0,
        price: 85,
    },
    ClientPlan {
        name: "Aoi Instruments KK",
        address: &["4-12 Kitahama Higashi, Chuo-ku"],
        town: ["Osaka", "540-0031", ""],
        country: "JP",
        vat_id: "",
        legal_id: "1200-01-087345",
        endpoint: ["", ""],
        reference: "C-1047",
        language: None,
        currency: "JPY",
        terms: 60,
        tax: Tax::Outside,
        habit: Habit { days: -10, spread: 6, silent: 0, opens: 88 },
        note: "Letters reach them in the evening; nobody answers before 08:00 Osaka time.",
        projects: &["European holding"],
        contacts: &[contact("Haruka Mori", "General affairs", "h.mori@aoi-instruments.example", Part::Payer, true)],
        manager: 2,
        price: 16_500,
    },
    ClientPlan {
        name: "Nordlicht Möbelwerkstatt GmbH",
        address: &["Große Elbstraße 140"],
        town: ["Hamburg", "22767", ""],
        country: "DE",
        vat_id: "DE298471635",
        legal_id: "HRB 118204",
        endpoint: ["9930", "DE298471635"],
        reference: "C-1051",
        language: Some(Language::German),
        currency: "EUR",
        terms: 14,
        tax: Tax::ReverseCharge,
        habit: Habit { days: -1, spread: 6, silent: 2, opens: 85 },
        note: "Documents and letters in German.",
        projects: &["Irland-Vertrieb"],
        contacts: &[
            contact("Katrin Petersen", "Buchhaltung", "k.petersen@nordlicht-moebel.example", Part::Payer, true),
            contact("Jens Lüders", "Geschäftsführer", "j.lueders@nordlicht-moebel.example", Part::Reader, false),
        ],
        manager: 1,
        price: 102,
    },
];

impl ClientPlan {
    /// As documents print it, with its first contact.
    pub fn party(&self) -> Party {
        let [city, postcode, subdivision] = self.town.map(str::to_owned);
        let [scheme, id] = self.endpoint.map(str::to_owned);
        let who = self.contacts.first().filter(|c| c.part == Part::Payer);
        let contact =
            who.map(|c| PartyContact { name: c.name.to_owned(), phone: c.phone.to_owned(), email: c.email.to_owned() });
        Party {
            name: self.name.to_owned(),
            address: self.address.iter().map(|x| (*x).to_owned()).collect(),
            city,
            postcode,
            subdivision,
            country: self.country.to_owned(),
            vat_id: self.vat_id.to_owned(),
            legal_id: self.legal_id.to_owned(),
            endpoint: Endpoint { scheme, id },
            contact: contact.unwrap_or_default(),
        }
    }
}

/// The firm's particulars.
///
/// # Errors
/// None for these constants; a changed pattern that is no pattern would be named.
pub fn firm() -> Result<Firm, FieldFault> {
    let pattern = |text| Pattern::parse("series", text);
    Ok(Firm {
        party: Party {
            name: "Harbour & Finch LLP".to_owned(),
            address: vec!["9 Sir John’s Lane".to_owned()],
            city: "Dublin 2".to_owned(),
            postcode: "D02 AX07".to_owned(),
            country: "IE".to_owned(),
            vat_id: "IE3456789KH".to_owned(),
            endpoint: Endpoint { scheme: "9935".to_owned(), id: "IE3456789KH".to_owned() },
            ..Party::default()
        },
        trade: "Solicitors".to_owned(),
        registration: "Partners: Maeve Finch, Tom Harbour. Registered with the Law Society of Ireland.".to_owned(),
        email: Some(email(FROM.1)?),
        phone: "01 555 0142".to_owned(),
        correspondent: "Orla Byrne in accounts".to_owned(),
        bank: BankDetails {
            account_name: "Harbour & Finch LLP".to_owned(),
            iban: "IE29AIBK93115212345678".to_owned(),
            bic: "AIBKIE2D".to_owned(),
            without_code: false,
        },
        colour: "#0b5b5e".to_owned(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: [Decimal::from(23), Decimal::new(135, 1), Decimal::from(9)]
            .map(|rate| Vat { category: VatCategory::Standard, rate })
            .into(),
        series: Series {
            invoice: pattern("HF-{YYYY}-{0000}")?,
            credit_note: pattern("HF-CN-{0000}")?,
            quote: pattern("HF-Q-{0000}")?,
            receipt: pattern("HF-R-{YYYY}-{0000}")?,
        },
        locale: Locale::EnglishIreland,
        language: Default::default(),
        paper: Paper::A4,
        quote_terms: QUOTE_TERMS.to_owned(),
    })
}

/// An address of these constants.
pub fn email(text: &str) -> Result<EmailAddress, FieldFault> {
    EmailAddress::parse("email", text)
}
