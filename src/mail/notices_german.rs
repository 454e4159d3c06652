//! The notices that clients get, in German; those to the firm's own people are in the desk's language.

use super::letter_words::{Text, flat, tell_us};
use super::notices::{Happened, notice, told};
use crate::domain::firm::Firm;

pub(super) fn password_set(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    let (name, when) = (flat(&firm.party.name), told(firm, happened.at, happened.zone));
    let from = happened.from.map_or_else(String::new, |from| format!(", von der Netzwerkadresse {from} aus"));
    let says = [
        format!("Ihr Passwort für {name} wurde am {when}{from} gesetzt."),
        "Überall sonst, wo Sie angemeldet waren, sind Sie jetzt abgemeldet. Wenn Sie das selbst waren, ist nichts zu \
         tun."
            .to_owned(),
        format!(
            "Wenn Sie es nicht waren, {} – am besten sofort –, und klären Sie, wer sonst Ihre E-Mails lesen kann.",
            tell_us(firm)
        ),
    ];
    notice(firm, to_name, format!("Ihr Passwort für {name} wurde gesetzt"), says)
}

pub(super) fn address_is_now_this(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    let name = flat(&firm.party.name);
    let says = [
        changed(firm, happened),
        "Es ist jetzt diese, und unsere Briefe an Sie kommen hierher. Frühere Links gelten nicht mehr.".to_owned(),
        format!("Falls Sie das nicht veranlasst haben, {}.", tell_us(firm)),
    ];
    notice(firm, to_name, format!("Sie melden sich bei {name} jetzt mit dieser Adresse an"), says)
}

pub(super) fn address_was_this(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    let name = flat(&firm.party.name);
    let says = [
        changed(firm, happened),
        "Mit dieser hier können Sie sich nicht mehr anmelden; unsere Briefe an Sie gehen an die neue.".to_owned(),
        format!("Falls Sie das nicht veranlasst haben, {} – am besten sofort.", tell_us(firm)),
    ];
    notice(firm, to_name, format!("Sie melden sich bei {name} nicht mehr mit dieser Adresse an"), says)
}

fn changed(firm: &Firm, happened: &Happened) -> String {
    let (who, name, when) = (flat(happened.who), flat(&firm.party.name), told(firm, happened.at, happened.zone));
    format!("{who} hat am {when} die E-Mail-Adresse geändert, mit der Sie sich bei {name} anmelden.")
}
