//! The texts of letters in German: polite form, one fact, one action, a way to disagree, a person's name.
//!
//! Each follows its English counterpart in [`super::letters`], paragraph by paragraph. The greeting ends with a comma,
//! so what follows it goes on in lower case.

use jiff::{Span, civil::Date};

use super::letter_html::Part;
use super::letter_words::{compose, days_late, flat, tell_us};
use super::letters::{Credits, NAMED_MAX, Posted, Subject, Text};
use crate::domain::firm::Firm;
use crate::domain::invoice::days_between;
use crate::domain::money::Money;
use crate::domain::quote::Quote;
use crate::domain::reminder::Tone;

pub(super) fn issued(s: &Subject) -> Text {
    let (amount, number, about, due) = (s.money(s.invoice.payable()), number(s), s.about(), s.due());
    if s.open.minor <= 0 {
        let says = [format!("unsere {number}{about} liegt für Sie bereit. Es ist nichts zu zahlen.")];
        return s.letter(format!("{number}: nichts zu zahlen"), says, see(s), [unclear(s)]);
    }
    if s.asked != s.open {
        let asked = s.money(s.asked);
        let says = [format!(
            "unsere {number}{about} über {amount} liegt für Sie bereit; sie ist in Raten zahlbar. Die nächste Rate \
             beträgt {asked} und ist am {due} fällig."
        )];
        return s.letter(format!("{number}: {asked}, fällig am {due}"), says, pay(s), [unclear(s)]);
    }
    let mut says = vec![format!("unsere {number}{about} über {amount} liegt für Sie bereit. Sie ist am {due} fällig.")];
    says.extend(part_paid(s));
    s.letter(format!("{number}: {amount}, fällig am {due}"), says, pay(s), [unclear(s)])
}

pub(super) fn credit_note(s: &Subject, of: Credits<'_>) -> Text {
    let (amount, number) = (s.money(s.invoice.payable()), number(s).replacen("Rechnung", "Rechnungskorrektur", 1));
    let what = if of.is_late_note { "Verzugsrechnung" } else { "Rechnung" };
    let of = if flat(of.number).is_empty() { String::new() } else { format!(" zu {what} {}", flat(of.number)) };
    let says = [
        format!("unsere {number}{} liegt für Sie bereit: {amount}{of}.", s.about()),
        "Es ist nichts zu zahlen: Der Betrag wird mit Ihren offenen Posten verrechnet.".to_owned(),
    ];
    s.letter(format!("{number}: {amount} gutgeschrieben"), says, "Rechnungskorrektur ansehen", [unclear(s)])
}

pub(super) fn reminder(s: &Subject, tone: Tone) -> Text {
    match (days_between(s.due, s.today), tone) {
        (..=-1, _) => upcoming(s),
        (0, _) => due_today(s),
        (late, Tone::Firm) => firm_reminder(s, late),
        (late, Tone::Final) => final_notice(s, late),
        (late, _) => overdue(s, late),
    }
}

fn upcoming(s: &Subject) -> Text {
    let says = [format!(
        "unsere {}{} ist am {} fällig. {} Falls die Zahlung schon veranlasst ist, brauchen Sie nichts weiter zu tun.",
        number(s),
        s.about(),
        s.due(),
        amount_sentence(s)
    )];
    s.letter(format!("Fällig {}: {}", due_in_words(s), sum(s)), says, pay(s), [unclear(s)])
}

fn due_today(s: &Subject) -> Text {
    let says = [
        format!("unsere {}{} ist heute fällig. {}", number(s), s.about(), amount_sentence(s)),
        "Falls Ihre Zahlung schon unterwegs ist: vielen Dank.".to_owned(),
    ];
    let wait = "Brauchen Sie ein paar Tage mehr? Antworten Sie bitte mit dem Tag, an dem Sie zahlen werden.".to_owned();
    let title = flat(&s.invoice.title);
    let dot = if title.is_empty() { String::new() } else { format!(", {title}") };
    s.letter(format!("Heute fällig: {}{dot}", sum(s)), says, pay(s), [wait, unclear(s)])
}

fn overdue(s: &Subject, late: i32) -> Text {
    let (number, about, due) = (number(s), s.about(), s.due());
    let says = [
        format!("zu unserer {number}{about}, fällig am {due}, fehlt uns noch Ihre Zahlung: {}.", rest(s)),
        format!(
            "Bitte zahlen Sie jetzt, oder antworten Sie mit dem Tag, an dem Sie zahlen werden. Falls etwas nicht \
             stimmt, {}.",
            tell_us(s.firm)
        ),
    ];
    let paid = "Falls Sie in den letzten Tagen gezahlt haben: vielen Dank, dann ist nichts weiter zu tun.".to_owned();
    s.letter(format!("{}: {}", days_late(s.firm, late), sum(s)), says, pay(s), [paid])
}

fn firm_reminder(s: &Subject, late: i32) -> Text {
    let (number, about, due) = (number(s), s.about(), s.due());
    let says = [
        format!(
            "unsere {number}{about} war am {due} fällig, und offen ist noch: {}. Wir möchten das gern mit Ihnen \
             zum Abschluss bringen.",
            rest(s)
        ),
        format!(
            "Bitte zahlen Sie noch in dieser Woche, oder nennen Sie uns einen Tag, auf den wir uns verlassen können. \
             Falls etwas nicht stimmt, {}.",
            tell_us(s.firm)
        ),
    ];
    let paid =
        "Falls Ihre Zahlung unterwegs ist, sagen Sie uns bitte, wann sie abging; dann suchen wir danach.".to_owned();
    s.letter(format!("{}: {} noch offen", days_late(s.firm, late), sum(s)), says, pay(s), [paid])
}

fn final_notice(s: &Subject, late: i32) -> Text {
    let (number, about, due, locale) = (number(s), s.about(), s.due(), s.firm.locale);
    let last = s.today.saturating_add(Span::new().days(super::letters::FINAL_DAYS));
    let (weekday, day) = (locale.weekday(last), locale.date_medium(last, s.today));
    let says = [
        format!(
            "unsere {number}{about} war am {due} fällig. Offen ist noch: {}. Dies ist unsere letzte Mahnung.",
            rest(s)
        ),
        format!(
            "Bitte zahlen Sie bis {weekday}, den {day}. Danach können wir Verzugszinsen und Kosten berechnen, soweit \
             das Gesetz es zulässt."
        ),
    ];
    let way = format!(
        "Falls Sie nicht alles auf einmal zahlen können oder etwas nicht stimmt, sprechen Sie vorher mit uns: {}.",
        tell_us(s.firm)
    );
    s.letter(format!("Letzte Mahnung: {}, {}", sum(s), days_late(s.firm, late)), says, pay(s), [way])
}

pub(super) fn sign_in(firm: &Firm, to_name: &str) -> Text {
    let name = flat(&firm.party.name);
    let parts = vec![
        Part::Says(format!("hier ist Ihr Link zur Anmeldung bei {name}. Er gilt einmal, 15 Minuten lang.")),
        Part::Button("Anmelden"),
        Part::Says("Oder geben Sie diesen Code dort ein, wo danach gefragt wird:".to_owned()),
        Part::Code,
        Part::Says("Falls Sie das nicht angefordert haben, brauchen Sie nichts zu tun.".to_owned()),
    ];
    compose(firm, to_name, &firm.correspondent, format!("Anmeldung bei {name}"), parts)
}

pub(super) fn set_password(firm: &Firm, to_name: &str, invited: bool) -> Text {
    let name = flat(&firm.party.name);
    let (subject, says, ignore) = if invited {
        (
            format!("{name} hat Ihren Zugang eingerichtet"),
            format!(
                "{name} hält Ihre Unterlagen an einem Ort bereit: was gesendet wurde, was offen ist und was bezahlt \
                 wurde. Wählen Sie ein Passwort, dann können Sie jederzeit nachsehen."
            ),
            "Falls Sie das nicht erwarten, brauchen Sie nichts zu tun; oder antworten Sie, und fragen Sie uns.",
        )
    } else {
        (
            format!("Neues Passwort für {name}"),
            format!("hier ist Ihr Link, um ein neues Passwort für {name} zu wählen. Er gilt einmal."),
            "Falls Sie das nicht angefordert haben, brauchen Sie nichts zu tun: Ihr Passwort bleibt, wie es ist.",
        )
    };
    let parts = vec![Part::Says(says), Part::Button("Passwort wählen"), Part::Says(ignore.to_owned())];
    compose(firm, to_name, &firm.correspondent, subject, parts)
}

pub(super) fn quote_sent(firm: &Firm, to_name: &str, quote: &Quote, today: Date) -> Text {
    let (locale, offer) = (firm.locale, &quote.current);
    let (amount, until) = (locale.money(offer.totals.payable()), locale.date_medium(offer.valid_until, today));
    let (number, title) = (flat(quote.number.as_str()), super::letter_words::about(firm, &offer.title));
    let (mut parts, subject) = match quote.latest() {
        1 => {
            let says = format!(
                "unser Angebot {number}{title} über {amount} liegt für Sie bereit. Es gilt bis zum Ablauf des {until}."
            );
            (vec![Part::Says(says)], format!("Angebot {number}: {amount}, gültig bis {until}"))
        }
        version => {
            let before = version.saturating_sub(1);
            let says = format!(
                "Fassung {version} unseres Angebots {number}{title} über {amount} liegt für Sie bereit. Sie gilt bis \
                 zum Ablauf des {until} und ersetzt Fassung {before}."
            );
            let parts = vec![Part::Says(says), Part::Says(format!("Neu ist: {}", flat(&offer.news)))];
            (parts, format!("Angebot {number}, Fassung {version}: {amount}, gültig bis {until}"))
        }
    };
    let all = offer.totals_with_all().map(|x| locale.money(x.payable()));
    parts.extend(all.map(|all| match offer.options.len() {
        1 => Part::Says(format!("Es enthält eine Option, die Sie dort hinzunehmen können; damit sind es {all}.")),
        some => Part::Says(format!("Sie können dort unter {some} Optionen wählen; mit allen sind es {all}.")),
    }));
    parts.push(Part::Button("Angebot ansehen"));
    let answer = "Dort können Sie es annehmen oder ablehnen. Möchten Sie vorher etwas ändern, antworten Sie bitte auf \
                  diese E-Mail.";
    parts.push(Part::Says(answer.to_owned()));
    compose(firm, to_name, &firm.correspondent, subject, parts)
}

pub(super) fn statement(firm: &Firm, to_name: &str, month: Date, closing: &[Money], replaced: bool) -> Text {
    let words = firm.locale.month_and_year(month);
    let one = |x: &Money| match x.minor {
        0.. => format!("{} offen", firm.locale.money(*x)),
        _ => format!("{} Guthaben", firm.locale.money(Money::new(x.minor.saturating_neg(), x.currency))),
    };
    let owed = closing.iter().map(one).collect::<Vec<_>>().join(", ");
    let last = firm.locale.date_medium(month.last_of_month(), month);
    let says = format!("Ihr Kontoauszug für {words} liegt für Sie bereit. Stand am {last}: {owed}.");
    let mut parts = vec![Part::Says(says)];
    if replaced {
        let before = "Er ersetzt den zuvor veröffentlichten: Für diesen Monat wurde seither mehr gebucht.";
        parts.push(Part::Says(before.to_owned()));
    }
    parts.push(Part::Button("Kontoauszug ansehen"));
    parts.push(Part::Says(format!("Ist etwas unklar oder falsch, {}.", tell_us(firm))));
    let from = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    compose(firm, to_name, from, format!("Kontoauszug {words}: {owed}"), parts)
}

pub(super) fn posted(firm: &Firm, to_name: &str, documents: &[Posted<'_>]) -> Text {
    let name = |d: &Posted<'_>| {
        let version = if d.version > 1 { format!(", Fassung {}", d.version) } else { String::new() };
        let project = d.project.as_deref().map_or_else(String::new, |p| format!(", zu {}", flat(p)));
        format!("„{}“{version}{project}", flat(d.title))
    };
    let (subject, mut says, action) = match documents {
        [one] => {
            let what = if one.version > 1 { "eine neue Fassung eines Dokuments" } else { "ein Dokument" };
            let says = format!("wir haben {what} für Sie bereitgestellt: {}.", name(one));
            (format!("Neu: {}", flat(one.title)), vec![says], "Dokument ansehen")
        }
        many => {
            let count = many.len();
            let mut says = vec![format!("wir haben {count} Dokumente für Sie bereitgestellt:")];
            says.extend(many.iter().take(NAMED_MAX).map(name));
            (format!("Neu: {count} Dokumente"), says, "Dokumente ansehen")
        }
    };
    if documents.len() > NAMED_MAX {
        says.push(format!("und {} weitere.", documents.len() - NAMED_MAX));
    }
    let mut parts: Vec<Part> = says.into_iter().map(Part::Says).collect();
    parts.push(Part::Button(action));
    parts.push(Part::Says("Falls darin etwas unklar ist, antworten Sie bitte auf diese E-Mail.".to_owned()));
    let from = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    compose(firm, to_name, from, subject, parts)
}

/// "Rechnung HF-2025-0412", "Verzugsrechnung HF-2025-0413".
pub(super) fn number(s: &Subject) -> String {
    let number = s.invoice.number().map(|x| flat(x.as_str())).unwrap_or_default();
    format!("{} {number}", what(s)).trim().to_owned()
}

fn what(s: &Subject) -> &'static str {
    if s.is_late_note() { "Verzugsrechnung" } else { "Rechnung" }
}

fn see(s: &Subject) -> &'static str {
    if s.is_late_note() { "Verzugsrechnung ansehen" } else { "Rechnung ansehen" }
}

pub(super) fn pay(s: &Subject) -> &'static str {
    if s.is_late_note() { "Verzugsrechnung ansehen und bezahlen" } else { "Rechnung ansehen und bezahlen" }
}

/// What is open, in a subject: "4.136,30 €", "Restbetrag 2.029,50 €", or "Rate 1.000,00 €".
fn sum(s: &Subject) -> String {
    let open = s.money(s.open);
    if s.asked != s.open {
        return format!("Rate {}", s.money(s.asked));
    }
    match s.disputed {
        Some(_) => format!("nicht beanstandete {open}"),
        None if s.has_part_paid() => format!("Restbetrag {open}"),
        None => open,
    }
}

/// What is open, after a colon: "4.136,30 €", "2.029,50 € von 4.136,30 €", "die Rate von 1.000,00 €".
fn rest(s: &Subject) -> String {
    let open = s.money(s.open);
    if s.asked != s.open {
        return format!("die Rate von {}", s.money(s.asked));
    }
    match s.disputed {
        Some(_) => format!("{open}, die nicht beanstandet sind"),
        None if s.has_part_paid() => format!("{open} von {}", s.money(s.invoice.payable())),
        None => open,
    }
}

fn amount_sentence(s: &Subject) -> String {
    let (open, whole) = (s.money(s.open), s.money(s.whole_open()));
    if s.asked != s.open {
        return format!("Die Rate beträgt {}; insgesamt sind {whole} offen.", s.money(s.asked));
    }
    if s.disputed.is_some() {
        return format!("Von den offenen {whole} sind {open} nicht beanstandet.");
    }
    part_paid(s).unwrap_or_else(|| format!("Zu zahlen sind {open}."))
}

fn part_paid(s: &Subject) -> Option<String> {
    let (open, whole) = (s.money(s.open), s.money(s.invoice.payable()));
    s.has_part_paid().then(|| format!("Von {whole} sind noch {open} zu zahlen."))
}

/// "morgen", "am Donnerstag", "nächsten Donnerstag", "am 27. November".
fn due_in_words(s: &Subject) -> String {
    let weekday = s.firm.locale.weekday(s.due);
    match days_between(s.today, s.due) {
        1 => "morgen".to_owned(),
        2..=6 => format!("am {weekday}"),
        7 => format!("nächsten {weekday}"),
        _ => format!("am {}", s.due()),
    }
}

fn unclear(s: &Subject) -> String {
    format!("Falls daran etwas unklar oder nicht richtig ist, {}.", tell_us(s.firm))
}
