//! German, as businesses in Germany and Austria write it: polite form, and the words of their tax law.
//!
//! A credit note is called *Rechnungskorrektur (Gutschrift)*, since *Gutschrift* alone is the law's word for an invoice
//! that the customer makes out (§ 14 Abs. 2 UStG).

use super::{
    InvoiceWords, LateDays, LateWords, LineWords, PayWords, QuoteWords, ReceiptWords, SheetWords, StatementWords,
    VatWords, Words,
};
use crate::domain::payment::{Cause, Method};
use crate::domain::quote_billing::PartWords;
use crate::domain::statement::EntryKind;
use crate::domain::tax::{Unit, VatCategory};

pub(super) static WORDS: Words = Words {
    sheet: SheetWords {
        recipient: "An",
        attention: |name| format!("z. Hd. {name}"),
        vat_id: |id| format!("USt-IdNr. {id}"),
        legal_id: |id| format!("Registernummer {id}"),
        ask_us: |ways| format!("Bei Fragen erreichen Sie uns so: {ways}."),
        ask: |ways| format!("Ihre Fragen beantwortet gern: {ways}."),
        number: "Nummer",
        issued: "Datum",
        project: "Projekt",
        page: |page, of| format!("Seite {page} von {of}"),
        totals: "Summen",
        xml: "Dasselbe Dokument für Programme (EN 16931, CII)",
        period: |from, to| format!("{from} bis {to}"),
        span: |from, to| format!("{from}–{to}"),
        in_currency: |what, currency| format!("{what} in {currency}"),
        anchor: |code| format!("Stand unseres Protokolls bei der Erstellung: {code}"),
    },
    pay: PayWords {
        heading: |amount| format!("Bitte überweisen Sie {amount}"),
        instalments: "Bitte überweisen Sie jede Rate zu ihrem Termin",
        account_name: "Kontoinhaber",
        reference: "Verwendungszweck",
        structured: "Strukturierte Referenz",
        exactly: "Bitte geben Sie genau diesen Verwendungszweck an, damit wir Ihre Zahlung zuordnen können.",
        numbers: "Bitte geben Sie die Rechnungsnummern als Verwendungszweck an, damit wir Ihre Zahlung zuordnen können.",
        scan: "Die meisten Banking-Apps übernehmen alle Angaben aus dem Code.",
        code: "QR-Code dieser Überweisung für Banking-Apps",
    },
    lines: LineWords {
        caption: "Positionen",
        description: "Beschreibung",
        quantity: "Menge",
        price: "Einzelpreis",
        price_gross: "Einzelpreis inkl. USt.",
        amount: "Betrag",
        amount_gross: "Betrag inkl. USt.",
        discount: "Rabatt",
        unit,
        item: "Artikel",
        order_line: "Ihre Bestellposition",
        discount_for: |reason| format!("Rabatt: {reason}"),
        at: |quantity, price| format!("{quantity} zu {price}"),
        less: |discount| format!(", abzüglich {discount}"),
        sum: "Summe der Positionen",
        allowance: "Nachlass",
        charge: "Zuschlag",
        net: "Nettobetrag",
        net_other: "Nettobetrag",
        net_of_gross: "Nettobetrag",
        included: |group| format!("Enthalten: {group}"),
        total: "Gesamtbetrag",
        gross: "Bruttobetrag",
        gross_other: "Bruttobetrag",
        prepaid: "Bereits gezahlt",
        rounding: "Rundung",
        left: "Noch zu zahlen",
    },
    vat: VatWords {
        column: "USt.",
        column_other: "Steuer",
        cell: |category| match category {
            VatCategory::Standard | VatCategory::Zero => "",
            VatCategory::Igic => "IGIC",
            VatCategory::Ipsi => "IPSI",
            VatCategory::Exempt => "steuerfrei",
            VatCategory::ReverseCharge => "Reverse Charge",
            VatCategory::IntraCommunity => "innergem.",
            VatCategory::Export => "Ausfuhr",
            VatCategory::OutOfScope => "keine",
        },
        words: |category, rate| match category {
            VatCategory::Standard | VatCategory::Zero => format!("{rate} USt."),
            VatCategory::Igic => format!("{rate} IGIC"),
            VatCategory::Ipsi => format!("{rate} IPSI"),
            VatCategory::OutOfScope => "ohne USt.".to_owned(),
            VatCategory::Exempt => "umsatzsteuerfrei".to_owned(),
            VatCategory::ReverseCharge => "Reverse Charge".to_owned(),
            VatCategory::IntraCommunity => "innergemeinschaftliche Lieferung".to_owned(),
            VatCategory::Export => "Ausfuhrlieferung".to_owned(),
        },
        group: |category, rate, base| match category {
            VatCategory::Standard => format!("USt. {rate} auf {base}"),
            VatCategory::Zero => format!("Nullsatz {rate} auf {base}"),
            VatCategory::Igic => format!("IGIC {rate} auf {base}"),
            VatCategory::Ipsi => format!("IPSI {rate} auf {base}"),
            VatCategory::Exempt => format!("Umsatzsteuerfrei, {base}"),
            VatCategory::ReverseCharge => format!("Reverse Charge, {base}"),
            VatCategory::IntraCommunity => format!("Innergemeinschaftliche Lieferung, {base}"),
            VatCategory::Export => format!("Ausfuhrlieferung, {base}"),
            VatCategory::OutOfScope => format!("Ohne USt., {base}"),
        },
        accounting: |vat, currency, rate, on| {
            format!("Die Umsatzsteuer beträgt {vat} in {currency}, zum Kurs {rate} vom {on}.")
        },
    },
    invoice: InvoiceWords {
        credit_for: |number| format!("Gutschrift zu {number}"),
        part_credited: |number| format!("Gutschrift zu einem Teil von {number}"),
        title: "Rechnung",
        credit_note: "Rechnungskorrektur (Gutschrift)",
        draft: "ENTWURF – keine Rechnung",
        credit_draft: "ENTWURF – keine Rechnungskorrektur",
        total_credited: "Gutgeschriebener Betrag",
        due: "Fällig am",
        credits: "Zu Rechnung",
        quote: "Unser Angebot",
        reference: "Ihr Zeichen",
        order: "Ihre Bestellung",
        contract: "Vertrag",
        project: "Ihr Projekt",
        attention: "Zu Händen",
        delivered: "Leistungsdatum",
        period: "Leistungszeitraum",
        instalment: "Rate",
        instalments: "Raten",
        how_paid: "Zahlungsplan",
        copy: "Abschrift nach den Angaben, die ein anderes Programm zu diesem Dokument gespeichert hat.",
        set_off: "Es ist nichts zu zahlen: Der Betrag wird mit Ihren offenen Posten verrechnet.",
        by_instalments: |count| format!("Bitte zahlen Sie in {count} Raten, jede zu ihrem oben genannten Termin."),
        nothing: "Es ist nichts zu zahlen.",
        within: |days, due| match days {
            1 => format!("Bitte zahlen Sie innerhalb eines Tages, bis zum {due}."),
            days => format!("Bitte zahlen Sie innerhalb von {days} Tagen, bis zum {due}."),
        },
        on_receipt: "Bitte zahlen Sie sofort nach Erhalt.",
        early: |until, percent, rest| {
            format!("Bei Zahlung bis zum {until} gewähren wir {percent} Skonto; zu zahlen sind dann {rest}.")
        },
        xml_set_off: |number| format!("Wird mit Rechnung{number} verrechnet."),
        xml_due: |due| format!("Zahlbar bis {due}."),
        xml_instalment: |amount, due| format!("{amount} bis {due}."),
        xml_early: |percent, until| format!("{percent} % Skonto bei Zahlung bis {until}."),
    },
    late: LateWords {
        title: "Verzugsrechnung",
        draft: "ENTWURF – keine Verzugsrechnung",
        heading: |number| format!("Zahlungsverzug bei {number}"),
        interest: |x| {
            let days = if x.days == 1 { "1 Tag".to_owned() } else { format!("{} Tage", x.days) };
            let LateDays { number, open, from, to, rate, .. } = x;
            format!("Verzugszinsen auf {number}\n{open}, {from} bis {to} ({days}) zu {rate} im Jahr")
        },
        fixed: |number| format!("Pauschale für den Zahlungsverzug bei {number}\nRichtlinie 2011/7/EU, Art. 6"),
        no_vat: "Entschädigung für Zahlungsverzug, nicht umsatzsteuerbar.",
        note: "Einfache Zinsen für jeden Tag nach der Fälligkeit; ein Jahr zählt 365 Tage.",
    },
    quote: QuoteWords {
        parts: PartWords {
            rest: |number| format!("Restbetrag aus Angebot {number}"),
            share: |percent, number| format!("{} % aus Angebot {number}", percent.replace('.', ",")),
            lines: |number| format!("Teil aus Angebot {number}"),
        },
        title: "Angebot",
        draft: "ENTWURF – kein Angebot",
        version: "Fassung",
        in_place_of: |version, before| format!("{version}, ersetzt Fassung {before}"),
        valid_until: "Gültig bis",
        delivery: "Lieferung",
        stands: |until| {
            format!("Dieses Angebot gilt bis zum Ablauf des {until}. Sie können es online oder schriftlich annehmen.")
        },
        stands_on_terms: |until| {
            format!(
                "Dieses Angebot gilt bis zum Ablauf des {until}. Sie können es online oder schriftlich annehmen, zu \
                 den untenstehenden Bedingungen."
            )
        },
        terms: "Bedingungen",
        option: |number| format!("Option {number}"),
        options: "Optionen",
        choose: "Optionen: bei der Annahme zu wählen",
        with_all: "Gesamtbetrag mit allen Optionen",
    },
    receipt: ReceiptWords {
        title: "Zahlungsbeleg",
        void: "UNGÜLTIG – diese Zahlung wurde zurückgenommen",
        received: "Eingegangen am",
        by: "Zahlungsart",
        method,
        amount: "Betrag",
        thanks: |amount, payer| format!("Wir haben {amount} von {payer} erhalten. Vielen Dank."),
        taken_back: |cause, on| {
            let why = match cause {
                Cause::Returned => "von der Bank zurückgegeben",
                Cause::Mistaken => "irrtümlich erfasst",
            };
            format!(
                "Diese Zahlung wurde {why}; ab dem {on} ist damit nichts mehr beglichen, und der Beleg ist ungültig."
            )
        },
        invoice: "Rechnung",
        applied: "Verrechnet am",
        caption: "Was damit beglichen ist",
        settled_nothing: "Damit war nichts beglichen",
        had_settled: "Was damit beglichen war",
        on_account: |on| format!("Stand {on}: Guthaben auf Ihrem Konto"),
        settles: |on| format!("Was damit beglichen ist, Stand {on}"),
        not_applied: "Noch nicht verrechnet, auf Ihrem Konto",
        sum: "Eingegangen",
    },
    statement: StatementWords {
        title: "Kontoauszug",
        from: "Von",
        to: "Bis",
        currency: "Währung",
        owed: "Offen",
        in_favour: "Guthaben",
        on: |what, day| format!("{what} am {day}"),
        before: |day| format!("Saldo vor dem {day}"),
        charged: "Berechnet",
        settled: "Bezahlt oder gutgeschrieben",
        opening: "Anfangssaldo",
        date: "Datum",
        what: "Vorgang",
        balance: "Saldo",
        caption: "Alle Forderungen und Zahlungen, die älteste zuerst, mit dem Saldo nach jeder",
        account_in: |currency| format!("In {currency}"),
        entry: |kind, number| match kind {
            EntryKind::Invoice | EntryKind::EarlyPayment | EntryKind::WrittenOff => format!("Rechnung {number}"),
            EntryKind::LateNote | EntryKind::LateNoteWrittenOff => format!("Verzugsrechnung {number}"),
            EntryKind::CreditNote => format!("Rechnungskorrektur {number}"),
            EntryKind::Receipt => "Zahlung, vielen Dank".to_owned(),
            EntryKind::Reversal => "Zahlung zurückgenommen".to_owned(),
            EntryKind::Refund => "Rückzahlung an Sie".to_owned(),
            EntryKind::RefundReturned => "Rückzahlung zurückgekommen".to_owned(),
        },
        narrow: |kind, amount| match kind {
            EntryKind::Invoice | EntryKind::LateNote => format!("{amount} berechnet"),
            EntryKind::CreditNote | EntryKind::EarlyPayment | EntryKind::WrittenOff | EntryKind::LateNoteWrittenOff => {
                format!("{amount} gutgeschrieben")
            }
            EntryKind::Receipt => format!("{amount} bezahlt"),
            EntryKind::Reversal => format!("{amount} zurückgenommen"),
            EntryKind::Refund => format!("{amount} zurückgezahlt"),
            EntryKind::RefundReturned => format!("{amount} zurückgekommen"),
        },
        received_by: |by| format!("Eingegangen per {}", method(by)),
        paid_back_by: |by| format!("Zurückgezahlt per {}", method(by)),
        cause: |cause| match cause {
            Cause::Returned => "Von der Bank zurückgegeben",
            Cause::Mistaken => "Irrtümlich erfasst",
        },
        returned: "Sie hat Sie nicht erreicht",
        written_off: "Ausgebucht",
        recorded: |day| format!("Erfasst am {day}"),
        settled_recorded: |day| format!("Der Ausgleich wurde am {day} erfasst"),
        settled_later: |day, list| format!("Nicht aufgeführt, da nach dem {day} als ausgeglichen erfasst: {list}."),
        settled_item: |what, day| format!("{what} (erfasst am {day})"),
        early: "Skonto",
        ageing: "Fälligkeit der offenen Posten",
        ages: ["Noch nicht fällig", "1–30 Tage überfällig", "31–60 Tage", "61–90 Tage", "Über 90 Tage"],
        unapplied: "Noch nicht verrechnet",
        open_title: "Aufstellung der offenen Posten",
        as_of: "Stand",
        due: "Fällig am",
        late: "Tage überfällig",
        original: "Betrag",
        open: "Offen",
        open_caption: "Was offen ist: Rechnungen, die am längsten fälligen zuerst, dann noch nicht Verrechnetes",
        open_invoices: "Offene Rechnungen",
        nothing_open: "Nichts ist offen",
        part: |nth, of| format!("Rate {nth} von {of}"),
        due_of: |due, amount| format!("Fällig am {due}, von {amount}"),
    },
    currency: |code| {
        Some(match code {
            "EUR" => ["Euro"; 2],
            "GBP" => ["Britischen Pfund", "Britische Pfund"],
            "USD" => ["US-Dollar"; 2],
            "CAD" => ["Kanadischen Dollar", "Kanadische Dollar"],
            "AUD" => ["Australischen Dollar", "Australische Dollar"],
            "NZD" => ["Neuseeland-Dollar"; 2],
            "CHF" => ["Schweizer Franken"; 2],
            "SEK" => ["Schwedischen Kronen", "Schwedische Kronen"],
            "DKK" => ["Dänischen Kronen", "Dänische Kronen"],
            "NOK" => ["Norwegischen Kronen", "Norwegische Kronen"],
            "PLN" => ["Polnischen Złoty", "Polnische Złoty"],
            "CZK" => ["Tschechischen Kronen", "Tschechische Kronen"],
            "JPY" => ["Japanischen Yen", "Japanische Yen"],
            _ => return None,
        })
    },
    country: crate::domain::country::german_name,
};

fn method(method: Method) -> &'static str {
    match method {
        Method::Transfer => "Überweisung",
        Method::Card => "Karte",
        Method::DirectDebit => "Lastschrift",
        Method::Cheque => "Scheck",
        Method::Cash => "Barzahlung",
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Each | Unit::LumpSum => "",
        Unit::Minute => "Min.",
        Unit::Hour => "Std.",
        Unit::Day => "Tage",
        Unit::Week => "Wo.",
        Unit::Month => "Mon.",
        Unit::Year => "J.",
        Unit::Piece => "Stk.",
        Unit::Set => "Sätze",
        Unit::Pair => "Paar",
        Unit::Page => "S.",
        Unit::Millimetre => "mm",
        Unit::Metre => "m",
        Unit::Kilometre => "km",
        Unit::Mile => "Meilen",
        Unit::SquareMetre => "m²",
        Unit::Hectare => "ha",
        Unit::CubicMetre => "m³",
        Unit::Gram => "g",
        Unit::Kilogram => "kg",
        Unit::Tonne => "t",
        Unit::Litre => "l",
        Unit::KilowattHour => "kWh",
        Unit::Megabyte => "MB",
        Unit::Gigabyte => "GB",
    }
}
