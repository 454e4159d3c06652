//! Names for any number of invented clients and their contacts; the same number gives the same name.

use crate::domain::client::Party;

const FIRST: [&str; 24] = [
    "Alder", "Amber", "Basalt", "Beacon", "Bramble", "Cedar", "Cobalt", "Copper", "Drumlin", "Ember", "Fern",
    "Granite", "Hazel", "Heron", "Juniper", "Lantern", "Linden", "Meadow", "Nettle", "Osprey", "Pebble", "Rowan",
    "Slate", "Thistle",
];
const SECOND: [&str; 20] = [
    "Bridge", "Court", "Cross", "Field", "Ford", "Gate", "Grove", "Hill", "Island", "Lane", "Mill", "Point", "Quay",
    "Ridge", "Row", "Shore", "Square", "Strand", "Valley", "Yard",
];
const TRADE: [&str; 16] = [
    "Bakery",
    "Builders",
    "Cycles",
    "Dairies",
    "Design",
    "Electrical",
    "Farms",
    "Fisheries",
    "Foods",
    "Freight",
    "Gardens",
    "Hotels",
    "Joinery",
    "Optics",
    "Printers",
    "Textiles",
];
const GIVEN: [&str; 20] = [
    "Aoife", "Bartek", "Cormac", "Deirdre", "Elif", "Fionn", "Gemma", "Hugo", "Ivana", "Jarlath", "Katya", "Lorcan",
    "Mairéad", "Noah", "Oisín", "Priya", "Roisín", "Stefan", "Tara", "Una",
];
const FAMILY: [&str; 22] = [
    "Ahern", "Brennan", "Clery", "Devlin", "Egan", "Fallon", "Gorman", "Hanley", "Ivers", "Joyce", "Kiely", "Lawlor",
    "Mannion", "Nolan", "Okafor", "Power", "Quirke", "Ruane", "Scally", "Tobin", "Varga", "Whelan",
];
const TOWNS: [&str; 10] =
    ["Athlone", "Bray", "Carlow", "Drogheda", "Ennis", "Kilkenny", "Limerick", "Sligo", "Tralee", "Waterford"];

fn of<'a, const N: usize>(list: &[&'a str; N], n: u64) -> &'a str {
    list.get(usize::try_from(n % N as u64).unwrap_or(0)).copied().unwrap_or_default()
}

/// A client's name and address.
pub fn party(n: u64) -> Party {
    let (first, second, trade) = (of(&FIRST, n), of(&SECOND, n / 24), of(&TRADE, n / 480));
    let again = n / 7_680;
    let name = match again {
        0 => format!("{first} {second} {trade} Ltd"),
        _ => format!("{first} {second} {trade} {} Ltd", again + 1),
    };
    let address = vec![format!("{} {second} Street", n % 180 + 1)];
    let (city, vat_id) = (of(&TOWNS, n / 3).to_owned(), format!("IE{:07}T", 1_000_000 + n));
    Party { name, address, city, country: "IE".to_owned(), vat_id, ..Party::default() }
}

/// A contact's name and address.
pub fn contact(n: u64) -> (String, String) {
    let name = format!("{} {}", of(&GIVEN, n * 7 + n / 20), of(&FAMILY, n * 5 + n / 22));
    (name, format!("accounts@client-{:05}.example", n + 1))
}
