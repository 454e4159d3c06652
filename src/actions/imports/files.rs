//! Files as they are handed over: XML, PDF, tables, and archives of them, each read as what its bytes are.

use std::io::{Cursor, Read};
use std::sync::Arc;

use super::columns::Listing;
use super::intake::{DocumentRow, Entry, Intake, Remark, Understood, What};
use super::table::{self, Reading, Table};
use super::{lines, rows};
use crate::documents::einvoice::read::read;
use crate::documents::{XML, embedded_xml};
use crate::domain::ids::Digest;
use crate::domain::money::Currency;
use crate::domain::refusal::Refusal;
use crate::secrets::Sha256;

/// Most files of one import, those in archives among them.
pub const FILES_MAX: usize = 20_000;
/// What all files of one import may be unpacked, in bytes.
pub const BYTES_MAX: u64 = 128 << 20;
/// Most remarks that are kept; the others are counted.
pub const REMARKS_MAX: usize = 1_000;
/// Longest words about the files, in characters.
const WORDS_MAX: usize = 120;

/// Longest name of a file, in characters.
const NAME_MAX: usize = 200;

/// A file by its name.
#[derive(Clone, Debug)]
pub struct NamedFile {
    /// Its name, without folders.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads files; what can't be read is a remark. `fallback` is the currency of amounts that state none.
pub fn intake(
    files: &[NamedFile],
    reading: &Reading,
    fallback: Currency,
    mut progress: impl FnMut(u64, u64),
) -> Intake {
    let (mut sum, names) = (Sha256::default(), words(files));
    let mut all = Intake {
        files: names,
        digest: Digest([0; 32]),
        rows: 0,
        entries: Vec::new(),
        remarks: Vec::new(),
        tables: Vec::new(),
    };
    let mut room = Room { files: FILES_MAX, bytes: BYTES_MAX };
    let count = files.len() as u64;
    for (at, file) in (1..).zip(files) {
        sum.update(&crate::secrets::sha256(&file.bytes));
        let name: Arc<str> = file.name.as_str().into();
        one(&name, &file.bytes, reading, fallback, &mut room, &mut all, 0);
        progress(at, count);
    }
    all.digest = Digest(sum.finish());
    all
}

/// What may still come.
struct Room {
    files: usize,
    bytes: u64,
}

fn words(files: &[NamedFile]) -> String {
    let Some(first) = files.first() else { return "no file".to_owned() };
    let name: String = first.name.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
    match files.len() {
        1 => name,
        n => format!("{name} and {} more", n - 1),
    }
}

fn one(
    file: &Arc<str>,
    bytes: &[u8],
    reading: &Reading,
    fallback: Currency,
    room: &mut Room,
    all: &mut Intake,
    depth: usize,
) {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"PK\x03\x04") {
        if depth > 0 {
            return whole(all, file, "An archive within an archive is not opened.");
        }
        archive(file, bytes, reading, fallback, room, all);
    } else if bytes.get(..1_024.min(bytes.len())).is_some_and(|x| x.windows(5).any(|x| x == b"%PDF-")) {
        pdf(file, bytes, all);
    } else if text.starts_with(b"<") {
        document(file, bytes, bytes, XML, all);
    } else {
        rows_of(file, bytes, reading, fallback, all);
    }
}

fn whole(all: &mut Intake, file: &Arc<str>, message: impl Into<String>) {
    note(all, file, 0, String::new(), message.into());
}

fn note(all: &mut Intake, file: &Arc<str>, row: u32, column: String, message: String) {
    all.remarks.push(Remark { file: Arc::clone(file), row, column, grave: true, message });
}

fn archive(file: &Arc<str>, bytes: &[u8], reading: &Reading, fallback: Currency, room: &mut Room, all: &mut Intake) {
    let Ok(mut zip) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return whole(all, file, "The archive is damaged.");
    };
    for at in 0..zip.len() {
        let Ok(mut inner) = zip.by_index(at) else {
            return whole(all, file, "A file in the archive can’t be unpacked; it may have a password.");
        };
        let Ok(path) = inner.name().map(|x| x.into_owned()) else {
            return whole(all, file, "The name of a file in the archive can’t be read.");
        };
        let name: String = path.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(NAME_MAX).collect();
        if inner.is_dir() || name.is_empty() || name.starts_with('.') || path.starts_with("__MACOSX") {
            continue;
        }
        if room.files == 0 {
            return whole(all, file, format!("There are more than {FILES_MAX} files."));
        }
        room.files -= 1;
        let mut unpacked = Vec::new();
        let read = inner.by_ref().take(room.bytes + 1).read_to_end(&mut unpacked);
        let length = unpacked.len() as u64;
        if length > room.bytes {
            return whole(all, file, format!("It unpacks to more than {} MiB.", BYTES_MAX >> 20));
        }
        room.bytes -= length;
        let inner_name: Arc<str> = name.as_str().into();
        match read {
            Ok(_) if &*inner_name == "manifest.csv" => {}
            Ok(_) => one(&inner_name, &unpacked, reading, fallback, room, all, 1),
            Err(_) => whole(all, &inner_name, "It can’t be unpacked."),
        }
    }
}

fn pdf(file: &Arc<str>, bytes: &[u8], all: &mut Intake) {
    match embedded_xml(bytes) {
        Ok(Some(xml)) => document(file, &xml, bytes, "application/pdf", all),
        Ok(None) => whole(all, file, "No e-invoice is in this PDF. Publish it by itself and say what it asks for."),
        Err(why) => whole(all, file, why.to_string()),
    }
}

/// Reads an e-invoice that is kept as `bytes`.
fn document(file: &Arc<str>, xml: &[u8], bytes: &[u8], media_type: &'static str, all: &mut Intake) {
    all.rows += 1;
    let bill = match read(xml) {
        Ok((_, bill)) => bill,
        Err(fault) => return note(all, file, fault.line, fault.element, fault.message),
    };
    match bill.taken() {
        Ok(incoming) => {
            let document = DocumentRow {
                client: String::new(),
                email: incoming.buyer.contact.email.clone(),
                incoming,
                bytes: bytes.to_vec(),
                media_type,
            };
            all.entries.push(Entry { file: Arc::clone(file), row: 0, what: What::Document(Box::new(document)) });
        }
        Err(Refusal::Fields(faults)) => {
            faults.into_iter().for_each(|fault| note(all, file, 0, fault.field, fault.message));
        }
        Err(other) => whole(all, file, other.to_string()),
    }
}

fn rows_of(file: &Arc<str>, bytes: &[u8], reading: &Reading, fallback: Currency, all: &mut Intake) {
    let table = match table::parse(bytes, reading) {
        Ok(table) => table,
        Err((row, message)) => {
            let columns = table::headings(bytes).into_iter().map(|x| (x, None)).collect();
            all.tables.push(Understood {
                file: Arc::clone(file),
                listing: reading.listing,
                columns,
                dates_unclear: false,
            });
            return note(all, file, row, String::new(), message);
        }
    };
    let order = table.order(reading.dates);
    all.rows += table.rows.len();
    entries(&table, file, reading, order, fallback, all);
    all.tables.push(Understood {
        file: Arc::clone(file),
        listing: Some(table.listing),
        columns: table.headings.iter().cloned().zip(table.columns.iter().copied()).collect(),
        dates_unclear: order.is_none() && table.has_unclear_dates(),
    });
}

fn entries(
    table: &Table,
    file: &Arc<str>,
    reading: &Reading,
    order: Option<table::DateOrder>,
    fallback: Currency,
    all: &mut Intake,
) {
    if table.listing == Listing::Invoices {
        let made = lines::invoices(table, file, reading, order, fallback, &mut all.remarks);
        all.entries.extend(made);
        return;
    }
    for row in &table.rows {
        let mut row = rows::Row::new(table, file, row, order);
        let what = match table.listing {
            Listing::Clients => rows::client(&mut row).map(|x| What::Client(Box::new(x))),
            Listing::Contacts => rows::contact(&mut row).map(What::Contact),
            Listing::Payments => rows::payment(&mut row, reading).map(What::Payment),
            Listing::Invoices => None,
        };
        all.entries.extend(what.map(|what| rows::entry(&row, what)));
        all.remarks.append(&mut row.remarks);
    }
}
