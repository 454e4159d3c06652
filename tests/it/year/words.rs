//! What a letter of reminders says: of each invoice its number and what is asked for, in one paragraph; of several what
//! that comes to; in the text and in the HTML alike.

use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::letter::ALSO_MAX;
use counterfoil::mail::Kept;
use counterfoil::store::prelude::*;
use jiff::Timestamp;

use super::{Owed, Told, World, claim};
use crate::house::*;

/// Whether `word` stands in `text` by itself: `P-3` is not in "P-31", nor `€1.00` in "€1.005" or "€21.00".
fn names(text: &str, word: &str) -> bool {
    let ends = |rest: &str| {
        let mut next = rest.chars();
        match next.next() {
            Some(c) if c.is_alphanumeric() || c == '-' => false,
            Some('.' | ',') => !next.next().is_some_and(|c| c.is_ascii_digit()),
            _ => true,
        }
    };
    let begins = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '-');
    text.match_indices(word).any(|(at, _)| begins(&text[..at]) && ends(&text[at + word.len()..]))
}

/// The words of each paragraph of an HTML part.
fn paragraphs(html: &str) -> Vec<String> {
    let words = |part: &str| {
        let (mut out, mut inside) = (String::new(), false);
        for c in part.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        out.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")
    };
    html.split("</p>").map(words).collect()
}

impl World {
    /// That a letter asks for what is open of these invoices and not disputed, and names what else is open.
    pub(super) fn says_what_is_so(&self, kept: &Kept, asked: &[InvoiceId]) -> Told {
        let html = paragraphs(kept.letter.html.as_deref().unwrap_or_default());
        let text: Vec<String> = kept.letter.text.split("\n\n").map(str::to_owned).collect();
        for (part, all) in [("text", &text), ("HTML", &html)] {
            self.asks_for(all, asked).map_err(|what| format!("the {part} of a letter {what}: {all:#?}"))?;
        }
        let owed = self.owed_of(asked);
        let all = self.money(owed.iter().map(|x| x.asked()).sum());
        claim(names(&kept.letter.subject, &all), || format!("{} in place of {all}", kept.letter.subject))?;
        self.lists_all(&text, owed[0].client, kept.letter.date)
    }

    fn asks_for(&self, paragraphs: &[String], asked: &[InvoiceId]) -> Told {
        let owed = self.owed_of(asked);
        for one in &owed {
            let (number, asks) = (self.number(one.id), self.money(one.asked()));
            let says = match (one.disputed(), one.open() < one.amount) {
                _ if owed.len() == 1 => asks,
                (0, false) => format!(": {asks}, "),
                (0, true) => format!(": {asks} open of {}, ", self.money(one.amount)),
                (_, _) => format!(": {asks} to pay of {}, ", self.money(one.open())),
            };
            let asks = |part: &str| if owed.len() == 1 { names(part, &says) } else { part.contains(&says) };
            claim(paragraphs.iter().any(|part| names(part, &number) && asks(part)), || {
                format!("does not ask for {says} of {number}")
            })?;
        }
        let all = self.money(owed.iter().map(|x| x.asked()).sum());
        claim(paragraphs.iter().any(|part| names(part, &all)), || format!("does not come to {all}"))
    }

    /// That it names each invoice of its client that was open as it was begun, and none that is settled.
    fn lists_all(&self, paragraphs: &[String], client: usize, begun: Timestamp) -> Told {
        let settled = self.owed.iter().filter(|x| x.client == client && x.open() == 0);
        // A late payment note is called by the number of what was paid late.
        for owed in settled.filter(|_| !self.dunning.on) {
            let number = self.number(owed.id);
            claim(paragraphs.iter().all(|part| !names(part, &number)), || {
                format!("{number} is settled, and a letter names it: {paragraphs:#?}")
            })?;
        }
        let open: Vec<&Owed> = self.owed.iter().filter(|x| x.client == client && x.open() > 0).collect();
        for owed in open.iter().filter(|x| open.len() <= ALSO_MAX && x.published <= begun && !x.reopened_since(begun)) {
            let number = self.number(owed.id);
            claim(paragraphs.iter().any(|part| names(part, &number)), || {
                format!("{number} is open, and a letter does not name it: {paragraphs:#?}")
            })?;
        }
        Ok(())
    }

    fn owed_of(&self, all: &[InvoiceId]) -> Vec<&Owed> {
        all.iter().map(|id| self.owed.iter().find(|x| x.id == *id).unwrap()).collect()
    }

    fn number(&self, id: InvoiceId) -> String {
        self.house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().number().unwrap().to_string()
    }

    fn money(&self, minor: i64) -> String {
        self.locale.money(eur(minor))
    }
}

impl Owed {
    /// Whether it was paid and open again since.
    fn reopened_since(&self, at: Timestamp) -> bool {
        self.reopened.is_some_and(|x| x > at)
    }
}

#[test]
fn an_amount_or_a_number_is_no_part_of_another_one() {
    let text = "Invoice P-31 “Year-end accounts”: €21.00 open of €1,021.00.";
    assert!(names(text, "P-31") && names(text, "€21.00") && names(text, "€1,021.00"));
    assert!(!names(text, "P-3") && !names(text, "€21.0") && !names(text, "€1") && !names("€1.005", "€1"));
}
