//! One line of a timeline or of the activity log in plain English: once for staff, once for the client.
//!
//! Both sides see the same facts, but for network addresses, the firm's notes and reasons, and what staff only looked
//! at. Knows no store: names come from a lookup. A new event does not compile without its sentences.

mod disputes;

use jiff::civil::Date;

use super::attention::Item;
use super::event::{ADMITTED, Actor, Entrance, Event, LogEntry};
use super::firm::Locale;
use super::format::Format;
use super::ids::{ContactId, InvoiceId, QuoteId, StaffId};
use super::letter::Purpose;
use super::money::Money;
use super::monthly;
use super::payment::Cause;

/// Where names come from; each answers with something printable for an unknown id too.
pub trait Names {
    /// Full name of a person of the firm.
    fn staff(&self, id: StaffId) -> String;
    /// Full name of a contact.
    fn contact(&self, id: ContactId) -> String;
    /// Number of an invoice or credit note, or "a draft".
    fn document(&self, id: InvoiceId) -> String;
    /// Number of a quote.
    fn quote(&self, id: QuoteId) -> String;
    /// Whether the document is a credit note.
    fn is_credit_note(&self, id: InvoiceId) -> bool;
}

/// How a line is marked at its margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not at all.
    Plain,
    /// Good news or proof.
    Good,
    /// Somebody should look.
    Warn,
    /// It went wrong.
    Bad,
}

impl Mark {
    /// The class of the line.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A line ready to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Name of the icon, without a prefix.
    pub icon: &'static str,
    /// Its mark.
    pub mark: Mark,
    /// For staff without a full stop, for clients a whole sentence.
    pub text: String,
    /// Small print below it, for staff only: a reason, the mail server's words, the network address.
    pub detail: Option<String>,
}

/// The line as staff read it.
pub fn for_staff(entry: &LogEntry, names: &dyn Names, locale: Locale) -> Sentence {
    let (icon, mark) = margin(&entry.event);
    let (text, note) = staff_text(entry, names, locale);
    let from = entry.by.address.map(|x| format!("From {x}"));
    let parts: Vec<String> = [note, from].into_iter().flatten().filter(|x| !x.is_empty()).collect();
    let detail = (!parts.is_empty()).then(|| parts.join(" · "));
    Sentence { icon, mark, text, detail }
}

/// The line as `reader` of the client concerned reads it; `None` when it is not for clients.
pub fn for_client(entry: &LogEntry, names: &dyn Names, locale: Locale, reader: ContactId) -> Option<Sentence> {
    let text = client_text(entry, names, locale, reader)?;
    let (icon, mark) = margin(&entry.event);
    Some(Sentence { icon, mark, text, detail: None })
}

fn margin(event: &Event) -> (&'static str, Mark) {
    use Event as E;
    match event {
        E::FirmSetUp { .. } | E::FirmChanged { .. } => ("shield", Mark::Plain),
        E::StaffAdded { .. } | E::StaffChanged { .. } => ("user", Mark::Plain),
        E::ClientAdded { .. } | E::ClientChanged { .. } => ("user", Mark::Plain),
        E::ContactAdded { .. } | E::ContactChanged { .. } | E::ContactRevoked { .. } => ("user", Mark::Plain),
        E::ProjectAdded { .. } => ("file", Mark::Plain),
        E::DraftSaved { .. } | E::InvoiceIssued { .. } | E::InvoicePublished { .. } => ("invoice", Mark::Plain),
        E::CreditNoteIssued { .. } | E::QuoteSent { .. } | E::DocumentImported { .. } => ("invoice", Mark::Plain),
        E::ImportMade { .. } => ("down", Mark::Plain),
        E::ImportUndone { .. } => ("x", Mark::Warn),
        E::DropWaits { .. } => ("file", Mark::Plain),
        E::DropRefused { .. } => ("file", Mark::Warn),
        E::DraftDiscarded { .. } => ("x", Mark::Plain),
        E::ReceiptRecorded { .. } | E::Allocated { .. } => ("bank", Mark::Good),
        E::AllocationUndone { .. } | E::ReceiptReversed { .. } | E::PaymentTakenBack { .. } | E::WrittenOff { .. } => {
            ("bank", Mark::Warn)
        }
        E::PaymentPromised { .. } => ("clock", Mark::Good),
        E::PromiseKept { .. } => ("check", Mark::Good),
        E::PromiseBroken { .. } => ("alert", Mark::Bad),
        E::PromiseWithdrawn { .. } | E::PromiseReopened { .. } => ("clock", Mark::Warn),
        E::Dispute { turn, .. } => disputes::margin(turn),
        E::EarlyPaymentTaken { .. } | E::Refunded { .. } => ("bank", Mark::Plain),
        E::RefundReturned { .. } => ("bank", Mark::Warn),
        E::RecurringSaved { .. } | E::RecurringResumed { .. } | E::RecurringMade { .. } => ("clock", Mark::Plain),
        E::RecurringSkipped { .. } => ("clock", Mark::Plain),
        E::RecurringPaused { .. } => ("clock", Mark::Warn),
        E::CreditLimitSet { .. } | E::CreditHoldLifted { .. } => ("lock", Mark::Plain),
        E::CreditHeld { .. } | E::CreditLimitExceeded { .. } => ("lock", Mark::Warn),
        E::PutOff { .. } | E::ShownAgain { .. } => ("clock", Mark::Plain),
        E::CallAskedFor { .. } | E::Called { .. } => ("phone", Mark::Plain),
        E::RecurringFailed { .. } => ("alert", Mark::Bad),
        E::LetterQueued { .. } | E::LetterDecided { .. } | E::SendingReleased => ("mail", Mark::Plain),
        E::ClockLeapt { .. } => ("clock", Mark::Warn),
        E::LetterAccepted { .. } => ("check", Mark::Plain),
        E::LetterDeferred { .. } => ("clock", Mark::Plain),
        E::LetterFailed { .. } | E::LetterBounced { .. } => ("bounce", Mark::Bad),
        E::LetterUncertain { .. } => ("alert", Mark::Warn),
        E::LetterWithdrawn { .. } => ("x", Mark::Plain),
        E::ReminderSuperseded { .. } | E::ReminderExpired { .. } | E::ReminderSkipped { .. } => ("bell", Mark::Plain),
        E::RemindersPaused { .. } | E::RemindersGoOn { .. } | E::PolicyChanged { .. } => ("bell", Mark::Plain),
        E::LetterWorded { .. } => ("mail", Mark::Plain),
        E::ContactStopped { .. } => ("bell", Mark::Warn),
        E::ContactResumed { .. } | E::StopNoted { .. } => ("bell", Mark::Plain),
        E::SignedIn { .. } | E::SignedOut => ("user", Mark::Plain),
        E::SignInRefused { .. } => ("lock", Mark::Warn),
        E::LinkRequested { .. } | E::PasswordSet => ("key", Mark::Plain),
        E::Opened { .. } | E::QuoteOpened { .. } => ("eye", Mark::Good),
        E::Downloaded { .. } | E::QuoteDownloaded { .. } | E::StatementDownloaded { .. } => ("down", Mark::Good),
        E::StaffPreviewed { .. } | E::StatementOpened => ("eye", Mark::Plain),
        E::StaffDownloaded { .. } | E::StaffStatementDownloaded { .. } | E::StaffOpenItemsDownloaded { .. } => {
            ("down", Mark::Plain)
        }
        E::BackupMade { .. } | E::Restored { .. } | E::NumbersStated { .. } => ("disk", Mark::Plain),
        E::DrillPassed { .. } => ("disk", Mark::Good),
        E::BackupFailed { .. } | E::BackupLate { .. } | E::DrillFailed { .. } => ("disk", Mark::Bad),
        E::CertificateMade { .. } => ("shield", Mark::Plain),
        E::IdentityDownloaded { .. } => ("key", Mark::Plain),
        E::Exported { .. } => ("disk", Mark::Plain),
        E::DocumentPosted { .. } => ("file", Mark::Plain),
        E::DocumentWithdrawn { .. } | E::DocumentErased { .. } => ("x", Mark::Warn),
        E::DocumentOpened { .. } => ("eye", Mark::Good),
        E::ReceiptOpened { .. } | E::MonthOpened { .. } => ("eye", Mark::Good),
        E::MonthPublished { .. } => ("invoice", Mark::Plain),
        E::MonthFailed { .. } => ("alert", Mark::Bad),
        E::MonthDownloaded { .. } | E::OpenItemsDownloaded { .. } => ("down", Mark::Good),
        E::StaffMonthDownloaded { .. } | E::RegisterTaken { .. } => ("down", Mark::Plain),
        E::DocumentDownloaded { .. } | E::ReceiptDownloaded { .. } => ("down", Mark::Good),
        E::StaffDocumentDownloaded { .. } | E::StaffQuoteDownloaded { .. } | E::StaffReceiptDownloaded { .. } => {
            ("down", Mark::Plain)
        }
        E::QuoteAccepted { .. } => ("check", Mark::Good),
        E::QuoteDeclined { .. } => ("x", Mark::Warn),
        E::QuoteBilled { .. } | E::LateNoteDrafted { .. } => ("invoice", Mark::Plain),
        E::LatePaymentChanged { .. } | E::LateExcepted { .. } | E::LateExceptionEnded { .. } => ("clock", Mark::Plain),
    }
}

/// What staff read, and the small print.
fn staff_text(entry: &LogEntry, names: &dyn Names, locale: Locale) -> (String, Option<String>) {
    use Event as E;
    let who = match &entry.by.actor {
        Actor::Staff(id) => names.staff(*id),
        Actor::Contact(id) => names.contact(*id),
        Actor::Visitor => "Somebody".to_owned(),
        Actor::Counterfoil(_) => "Counterfoil".to_owned(),
        Actor::CommandLine => "The command line".to_owned(),
    };
    let money = |x| locale.money(x);
    let plain = |text: String| (text, None);
    let noted = |text: String, note: &str| (text, Some(note.to_owned()));
    match &entry.event {
        E::FirmSetUp { name } => plain(format!("{who} set up {name}")),
        E::FirmChanged { what } => plain(format!("{who} changed the firm’s settings: {what}")),
        E::StaffAdded { name, role, .. } => plain(format!("{who} added {name} as {role}")),
        E::StaffChanged { name, what, .. } => plain(format!("{who} changed {name}: {what}")),
        E::ClientAdded { name, .. } => plain(format!("{who} added the client {name}")),
        E::ClientChanged { what, .. } => plain(format!("{who} changed the client: {what}")),
        E::ContactAdded { name, .. } => plain(format!("{who} added the contact {name}")),
        E::ContactChanged { name, what, .. } if what == ADMITTED => plain(format!("{who} let {name} in again")),
        E::ContactChanged { name, what, .. } => plain(format!("{who} changed {name}: {what}")),
        E::ContactRevoked { name, .. } => plain(format!("{who} ended the access of {name}")),
        E::ProjectAdded { name, .. } => plain(format!("{who} added the project {name}")),
        E::DraftSaved { total, .. } => plain(format!("{who} saved a draft, {}", money(*total))),
        E::DraftDiscarded { .. } => plain(format!("{who} threw a draft away")),
        E::InvoiceIssued { number, total, .. } => plain(format!("{who} issued {number}, {}", money(*total))),
        E::InvoicePublished { number, total, .. } => plain(format!("{who} published {number}, {}", money(*total))),
        E::DocumentImported { number, total, .. } => plain(format!("{who} imported {number}, {}", money(*total))),
        E::ImportMade { what, .. } => plain(format!("{who} imported {what}")),
        E::DropWaits { name, reason } => noted(format!("{name} from the drop folder waits to be filed"), reason),
        E::DropRefused { name, reason } => noted(format!("{who} refused {name} from the drop folder"), reason),
        E::ImportUndone { what, .. } => plain(format!("{who} undid the import of {what}")),
        E::CreditNoteIssued { number, total, of, .. } => {
            plain(format!("{who} issued the credit note {number} for {}, {}", names.document(*of), money(*total)))
        }
        E::QuoteSent { number, version, total, .. } => {
            plain(format!("{who} sent the quote {}, {}", versioned(number.as_str(), *version), money(*total)))
        }
        E::ReceiptRecorded { number, amount, .. } => {
            plain(format!("{who} recorded a payment of {}, receipt {number}", money(*amount)))
        }
        E::ReceiptOpened { number, .. } => plain(format!("Receipt {number} opened by {who}")),
        E::ReceiptDownloaded { number, format, .. } => {
            plain(format!("{} of the receipt {number} downloaded by {who}", format.words()))
        }
        E::StaffReceiptDownloaded { number, format, .. } => {
            plain(format!("{who} took a copy of the {} of the receipt {number}", format.words()))
        }
        E::Allocated { invoice, amount, left_open } => {
            let left = if left_open.minor == 0 { "settled".to_owned() } else { format!("{} left", money(*left_open)) };
            plain(format!("{} applied to {}, {left}", money(*amount), names.document(*invoice)))
        }
        E::WrittenOff { invoice, amount, reason, .. } => {
            noted(format!("{who} wrote {} of {} off", money(*amount), names.document(*invoice)), reason)
        }
        E::PaymentPromised { invoice, amount, day, note, replaces, .. } => {
            let did = if let Actor::Staff(_) = entry.by.actor { " recorded a promise of " } else { " promised " };
            let of = format!("{} of {} by {}", money(*amount), names.document(*invoice), locale.date_long(*day));
            let instead = if *replaces { ", in place of an earlier promise" } else { "" };
            noted(format!("{who}{did}{of}{instead}"), note)
        }
        E::PromiseWithdrawn { invoice, amount, day, .. } => plain(format!(
            "{who} withdrew the promise of {} of {} by {}",
            money(*amount),
            names.document(*invoice),
            locale.date_long(*day)
        )),
        E::PromiseKept { invoice, amount, day, .. } => {
            plain(format!("{} kept", promised(money(*amount), &names.document(*invoice), *day, locale)))
        }
        E::PromiseBroken { invoice, amount, day, .. } => {
            plain(format!("{} broken", promised(money(*amount), &names.document(*invoice), *day, locale)))
        }
        E::PromiseReopened { invoice, amount, day, .. } => {
            plain(format!("{} open again", promised(money(*amount), &names.document(*invoice), *day, locale)))
        }
        E::Dispute { invoice, amount, turn, .. } => {
            disputes::for_staff((&who, &entry.by.actor), &names.document(*invoice), money(*amount), turn, names)
        }
        E::EarlyPaymentTaken { invoice, amount, .. } => {
            plain(format!("{} was taken off {} for early payment", money(*amount), names.document(*invoice)))
        }
        E::Refunded { amount, on, .. } => {
            plain(format!("{who} recorded that {} was paid back on {}", money(*amount), locale.date_long(*on)))
        }
        E::RefundReturned { amount, on, reason, .. } => noted(
            format!("{who} recorded that the {} paid back came back on {}", money(*amount), locale.date_long(*on)),
            reason,
        ),
        E::RecurringSaved { title, schedule, .. } => {
            noted(format!("{who} saved the recurring document “{title}”"), schedule)
        }
        E::RecurringPaused { title, .. } => plain(format!("{who} paused the recurring document “{title}”")),
        E::RecurringResumed { title, skipped: 0, .. } => {
            plain(format!("{who} resumed the recurring document “{title}”"))
        }
        E::RecurringResumed { title, skipped, .. } => noted(
            format!("{who} resumed the recurring document “{title}”"),
            &format!("{skipped} of the pause are not made"),
        ),
        E::RecurringMade { title, key, total, issued, .. } => plain(format!(
            "{who} {} of “{title}” for {key}, {}",
            if *issued { "issued the document" } else { "made the draft" },
            money(*total)
        )),
        E::RecurringSkipped { title, key, .. } => plain(format!("{who} left out the document of “{title}” for {key}")),
        E::RecurringFailed { title, key, reason, .. } => {
            noted(format!("The document of “{title}” for {key} could not be made; it will be tried again"), reason)
        }
        E::AllocationUndone { invoice, amount, reason } => {
            noted(format!("{who} took {} back from {}", money(*amount), names.document(*invoice)), reason)
        }
        E::ReceiptReversed { amount, cause, on, reason, .. } => noted(
            format!(
                "{who} took back the payment of {} as of {}: {}",
                money(*amount),
                locale.date_long(*on),
                cause.words()
            ),
            reason,
        ),
        E::PaymentTakenBack { invoice, amount, left_open, cause, .. } => noted(
            format!("{} no longer settles {}, {} open", money(*amount), names.document(*invoice), money(*left_open)),
            &format!("The payment was {}", cause.words()),
        ),
        E::LetterQueued { subject, to, purpose, .. } => {
            noted(format!("{} to {to} queued", letter_words(*purpose)), subject)
        }
        E::LetterAccepted { to, response, purpose, .. } => {
            noted(format!("{} to {to} handed to the mail server", letter_words(*purpose)), response)
        }
        E::LetterDeferred { to, reason, .. } => {
            noted(format!("E-mail to {to} has to wait; it will be tried again"), reason)
        }
        E::LetterFailed { to, reason, .. } => noted(format!("E-mail to {to} could not be delivered"), reason),
        E::LetterBounced { to, reason, .. } => noted(format!("E-mail to {to} came back undelivered"), reason),
        E::LetterUncertain { to, reason, .. } => {
            noted(format!("Nobody knows whether the e-mail to {to} went; please decide"), reason)
        }
        E::LetterDecided { to, decision, reason, .. } => {
            noted(format!("{who} decided about the e-mail to {to}: {decision}"), reason)
        }
        E::LetterWithdrawn { to, reason, .. } => noted(format!("E-mail to {to} withdrawn before sending"), reason),
        E::ReminderSuperseded { invoice, step } => noted(
            format!("Reminder for {} {} not sent", names.document(*invoice), step_words(*step)),
            "A later one was due too",
        ),
        E::ReminderExpired { invoice, step } => noted(
            format!("Reminder for {} {} not sent", names.document(*invoice), step_words(*step)),
            "The due date had passed",
        ),
        E::ReminderSkipped { invoice, step, reason } => {
            noted(format!("Reminder for {} {} not sent", names.document(*invoice), step_words(*step)), reason)
        }
        E::CallAskedFor { invoice, step } => {
            plain(format!("Staff were asked to call about {}, {}", names.document(*invoice), step_words(*step)))
        }
        E::Called { invoice, reached, said } => {
            let reached = if *reached { "" } else { " and reached nobody" };
            noted(format!("{who} called about {}{reached}", names.document(*invoice)), said)
        }
        E::RemindersPaused { invoice, until, reason, .. } => {
            let of = invoice.map_or("of all invoices".to_owned(), |id| format!("for {}", names.document(id)));
            noted(format!("{who} paused the reminders {of} until {}", locale.date_long(*until)), reason)
        }
        E::RemindersGoOn { invoice, .. } => {
            let of = invoice.map_or("of all invoices".to_owned(), |id| format!("for {}", names.document(id)));
            plain(format!("{who} ended the pause of the reminders {of}"))
        }
        E::ContactStopped { name, .. } if entry.by.actor == Actor::Visitor => {
            plain(format!("{name} asked for no more reminders, with the link in a letter"))
        }
        E::ContactStopped { name, reason, .. } => noted(format!("{who} stopped the reminders to {name}"), reason),
        E::ContactResumed { name, reason, .. } => noted(format!("{who} lets reminders go to {name} again"), reason),
        E::StopNoted { name, .. } => plain(format!("{who} noted that {name} wants no reminders")),
        E::PutOff { item, until, reason } => {
            noted(format!("{who} put off {} until {}", put_off(*item, names), locale.date_long(*until)), reason)
        }
        E::ShownAgain { item } => plain(format!("{who} put {} back on Today", put_off(*item, names))),
        E::CreditLimitSet { limit: Some(limit), reason, .. } => {
            noted(format!("{who} set the credit limit to {}", locale.money(*limit)), reason)
        }
        E::CreditLimitSet { limit: None, reason, .. } => noted(format!("{who} took the credit limit away"), reason),
        E::CreditHeld { reason, .. } => noted(format!("{who} put the client on credit hold"), reason),
        E::CreditHoldLifted { .. } => plain(format!("{who} lifted the credit hold")),
        E::CreditLimitExceeded { invoice, limit, owed, .. } => plain(format!(
            "{who} issued {} beyond the credit limit of {}: {} would be owed",
            names.document(*invoice),
            locale.money(*limit),
            locale.money(*owed)
        )),
        E::PolicyChanged { version, reason } => {
            noted(format!("{who} changed the reminder policy (version {version})"), reason)
        }
        E::LetterWorded { letter, language, own } => {
            let did = if *own { "chose words of the firm’s own for" } else { "went back to the usual words of" };
            plain(format!("{who} {did} {}, in {}", letter.words(), language.name()))
        }
        E::SignedIn { entrance } => plain(format!("{who} signed in {}", entrance_words(*entrance))),
        E::SignInRefused { address, reason } if address.is_empty() => noted("Sign-in refused".to_owned(), reason),
        E::SignInRefused { address, reason } => noted(format!("Sign-in as {address} refused"), reason),
        E::SignedOut => plain(format!("{who} signed out")),
        E::LinkRequested { address } => plain(format!("A sign-in e-mail was asked for {address}")),
        E::PasswordSet => plain(format!("{who} set a password")),
        E::Opened { invoice, .. } => plain(format!("{} opened by {who}", names.document(*invoice))),
        E::Downloaded { invoice, format, .. } => {
            plain(format!("{} of {} downloaded by {who}", format.words(), names.document(*invoice)))
        }
        E::StaffPreviewed { invoice } => plain(format!("{who} looked at {}", names.document(*invoice))),
        E::StaffDownloaded { invoice, format } => {
            plain(format!("{who} took a copy of the {} of {}", format.words(), names.document(*invoice)))
        }
        E::QuoteAccepted { quote, version, options, total, .. } => plain(format!(
            "{who} accepted the quote {}{}, {}",
            versioned(&names.quote(*quote), *version),
            with_options(options),
            money(*total)
        )),
        E::QuoteDeclined { quote, version, reason, .. } => {
            noted(format!("{who} declined the quote {}", versioned(&names.quote(*quote), *version)), reason)
        }
        E::QuoteOpened { quote, version, .. } => {
            plain(format!("Quote {} opened by {who}", versioned(&names.quote(*quote), *version)))
        }
        E::QuoteDownloaded { quote, version, format, .. } => {
            let quote = versioned(&names.quote(*quote), *version);
            plain(format!("{} of the quote {quote} downloaded by {who}", format.words()))
        }
        E::QuoteBilled { quote, total, .. } => {
            plain(format!("{who} made a draft invoice of {} from the quote {}", money(*total), names.quote(*quote)))
        }
        E::StaffQuoteDownloaded { quote, version, format } => {
            let quote = versioned(&names.quote(*quote), *version);
            plain(format!("{who} took a copy of the {} of the quote {quote}", format.words()))
        }
        E::StatementOpened => plain(format!("{who} opened the statement of account")),
        E::StatementDownloaded { from, to, format, .. } => {
            plain(format!("Statement {} downloaded by {who}{}", span(*from, *to, locale), as_format(*format)))
        }
        E::OpenItemsDownloaded { on, format, .. } => {
            plain(format!("Open items on {} downloaded by {who}{}", locale.date_long(*on), as_format(*format)))
        }
        E::StaffOpenItemsDownloaded { on, format } => {
            let on = locale.date_long(*on);
            plain(format!("{who} took a copy of the open items on {on}{}", as_format(*format)))
        }
        E::StaffStatementDownloaded { from, to, format } => {
            plain(format!("{who} took a copy of the statement {}{}", span(*from, *to, locale), as_format(*format)))
        }
        E::MonthPublished { month, closing, .. } => {
            plain(format!("{who} published the statement of {}: {}", monthly::words(*month), balances(closing, locale)))
        }
        E::MonthFailed { month, reason } => {
            noted(format!("The statement of {} could not be made", monthly::words(*month)), reason)
        }
        E::MonthOpened { month, .. } => plain(format!("Statement of {} opened by {who}", monthly::words(*month))),
        E::MonthDownloaded { month, format, .. } => {
            plain(format!("{} of the statement of {} downloaded by {who}", format.words(), monthly::words(*month)))
        }
        E::StaffMonthDownloaded { month, format, .. } => {
            plain(format!("{who} took a copy of the {} of the statement of {}", format.words(), monthly::words(*month)))
        }
        E::RegisterTaken { format, month, .. } => {
            let of = month.map_or_else(String::new, |month| format!(" of {}", monthly::words(month)));
            plain(format!("{who} took a list of invoices{of} along as {}", format.words()))
        }
        E::CertificateMade { invoice, digest } => noted(
            format!("{who} made a certificate of delivery of {}", names.document(*invoice)),
            &format!("SHA-256 {digest}"),
        ),
        E::BackupMade { bytes, .. } => plain(format!("{who} made a backup, {}", locale.bytes(*bytes))),
        E::BackupFailed { reason } => noted("A backup could not be made".to_owned(), reason),
        E::BackupLate { since } => plain(format!("There is no backup since {}", utc(*since))),
        E::DrillPassed { taken, rows } => {
            plain(format!("The backup of {} was restored on trial: {rows} records, all as they were", utc(*taken)))
        }
        E::DrillFailed { taken, reason } => {
            noted(format!("The backup of {} could not be restored on trial", utc(*taken)), reason)
        }
        E::NumbersStated { last } if last.is_empty() => plain(format!("{who} said that no number was given yet")),
        E::NumbersStated { last } => plain(format!("{who} said which numbers were given last: {last}")),
        E::IdentityDownloaded { recipient } => plain(format!(
            "{who} downloaded the identity of {recipient}, which opens backups, sealed by its passphrase"
        )),
        E::Exported { documents } => plain(format!("{who} wrote everything out as an archive, {documents} documents")),
        E::DocumentPosted { version: 1, title, bytes, .. } => {
            plain(format!("{who} posted “{title}”, {}", locale.bytes(*bytes)))
        }
        E::DocumentPosted { version, title, bytes, .. } => {
            plain(format!("{who} posted version {version} of “{title}”, {}", locale.bytes(*bytes)))
        }
        E::DocumentWithdrawn { title, reason, .. } => noted(format!("{who} withdrew “{title}”"), reason),
        E::DocumentErased { title, bytes, .. } => {
            plain(format!("{who} erased the content of “{title}”, {}", locale.bytes(*bytes)))
        }
        E::DocumentOpened { version, title, .. } => plain(format!("“{title}”, version {version}, opened by {who}")),
        E::DocumentDownloaded { version, title, .. } => {
            plain(format!("“{title}”, version {version}, downloaded by {who}"))
        }
        E::StaffDocumentDownloaded { version, title, .. } => {
            plain(format!("{who} took a copy of “{title}”, version {version}"))
        }
        E::SendingReleased => plain(format!("{who} let the letters go that were held back")),
        E::ClockLeapt { from, to } => plain(format!(
            "The clock leapt from {} to {}; letters wait until an owner lets them go",
            utc(*from),
            utc(*to)
        )),
        E::Restored { taken } => plain(format!("Restored from a backup of {}", utc(*taken))),
        E::LatePaymentChanged { on, least, reason, .. } => {
            let what =
                if *on { "set what is charged for late payment" } else { "switched charges for late payment off" };
            let least: Vec<String> = least.iter().filter(|_| *on).map(|x| money(*x)).collect();
            let least = match least.is_empty() {
                true => String::new(),
                false => format!(", with no draft by itself of less than {}", least.join(" or ")),
            };
            noted(format!("{who} {what}{least}"), reason)
        }
        E::LateNoteDrafted { of, total, until, .. } => plain(format!(
            "{who} made a draft late payment note of {} for {}, until {}",
            money(*total),
            names.document(*of),
            locale.date_long(*until)
        )),
        E::LateExcepted { reason, .. } => {
            noted(format!("{who} left the client out of charges for late payment"), reason)
        }
        E::LateExceptionEnded { .. } => plain(format!("{who} let charges for late payment hold for the client again")),
    }
}

/// The format where it is not the usual one.
fn as_format(format: Format) -> String {
    if format == Format::Pdf { String::new() } else { format!(" as {}", format.words()) }
}

/// What a client's contact reads. Reasons and subjects are the firm's own words to itself and stay away.
fn client_text(entry: &LogEntry, names: &dyn Names, locale: Locale, reader: ContactId) -> Option<String> {
    use Event as E;
    // Asked for only by the lines that name somebody: most lines of a log are not for clients.
    let who = || match &entry.by.actor {
        Actor::Staff(id) => names.staff(*id),
        Actor::Contact(id) if *id == reader => "You".to_owned(),
        Actor::Contact(id) => names.contact(*id),
        Actor::Visitor => "Somebody".to_owned(),
        Actor::Counterfoil(_) | Actor::CommandLine => "We".to_owned(),
    };
    let own = entry.by.actor == Actor::Contact(reader);
    let this = |id: InvoiceId| if names.is_credit_note(id) { "this credit note" } else { "this invoice" };
    let money = |x| locale.money(x);
    match &entry.event {
        E::InvoiceIssued { .. } => Some(format!("{} issued this invoice.", who())),
        E::InvoicePublished { .. } => Some(format!("{} published this invoice.", who())),
        E::DocumentImported { invoice, .. } => {
            Some(format!("{} brought {} in from another system.", who(), this(*invoice)))
        }
        E::CreditNoteIssued { number, total, .. } => {
            Some(format!("{} issued the credit note {number}, {}.", who(), money(*total)))
        }
        E::QuoteSent { number, version, .. } => {
            Some(format!("{} sent you the quote {}.", who(), versioned(number.as_str(), *version)))
        }
        E::ReceiptRecorded { amount, .. } => Some(format!("We received {}. Thank you.", money(*amount))),
        E::Allocated { amount, left_open, .. } if left_open.minor == 0 => {
            Some(format!("{} settled this invoice.", money(*amount)))
        }
        E::Allocated { amount, left_open, .. } => {
            Some(format!("{} went towards this invoice; {} is still open.", money(*amount), money(*left_open)))
        }
        E::ReceiptReversed { amount, cause: Cause::Returned, .. } => {
            Some(format!("The payment of {} was returned by the bank.", money(*amount)))
        }
        E::ReceiptReversed { amount, cause: Cause::Mistaken, .. } => {
            Some(format!("We had recorded a payment of {} by mistake. It no longer counts.", money(*amount)))
        }
        E::PaymentTakenBack { amount, left_open, cause: Cause::Returned, .. } => Some(format!(
            "The payment of {} was returned by the bank, so it no longer counts; {} is open.",
            money(*amount),
            money(*left_open)
        )),
        E::PaymentTakenBack { amount, left_open, cause: Cause::Mistaken, .. } => Some(format!(
            "We had recorded the payment of {} by mistake, so it no longer counts; {} is open.",
            money(*amount),
            money(*left_open)
        )),
        E::PaymentPromised { amount, day, .. } => {
            let staff = matches!(entry.by.actor, Actor::Staff(_));
            let did = if staff { " noted that you promised " } else { " promised " };
            Some(format!("{}{did}{} by {}.", who(), money(*amount), locale.date_long(*day)))
        }
        E::PromiseWithdrawn { amount, day, .. } => {
            Some(format!("{} withdrew the promise of {} by {}.", who(), money(*amount), locale.date_long(*day)))
        }
        E::PromiseKept { amount, day, .. } => {
            Some(format!("The promise of {} by {} was kept, thank you.", money(*amount), locale.date_long(*day)))
        }
        E::PromiseBroken { amount, day, .. } => {
            Some(format!("We did not receive the {} that were promised by {}.", money(*amount), locale.date_long(*day)))
        }
        E::PromiseReopened { amount, day, .. } => {
            Some(format!("The promise of {} by {} is open again.", money(*amount), locale.date_long(*day)))
        }
        E::Dispute { amount, turn, .. } => {
            Some(disputes::for_client((&who(), &entry.by.actor), &money(*amount), turn, names))
        }
        E::EarlyPaymentTaken { amount, .. } => Some(format!("{} was taken off for early payment.", money(*amount))),
        E::WrittenOff { amount, .. } => Some(format!("We expect {} of this invoice no longer.", money(*amount))),
        E::Refunded { amount, .. } => Some(format!("We paid {} back to you.", money(*amount))),
        E::RefundReturned { amount, .. } => Some(format!("The {} that we paid back came back to us.", money(*amount))),
        E::AllocationUndone { amount, .. } => {
            Some(format!("{} no longer counts towards this invoice.", money(*amount)))
        }
        E::LetterAccepted { to, purpose, .. } if entry.invoice.is_some() => Some(match purpose {
            Purpose::Reminder(_, step) => {
                format!("We sent a reminder to {to}, {}. The mail server accepted it.", step_words(*step))
            }
            _ => format!("The mail server accepted our e-mail to {to}."),
        }),
        E::LetterFailed { to, .. } if entry.invoice.is_some() => {
            Some(format!("Our e-mail to {to} could not be delivered."))
        }
        E::LetterBounced { to, .. } if entry.invoice.is_some() => {
            Some(format!("Our e-mail to {to} came back undelivered."))
        }
        E::Opened { invoice, .. } => Some(format!("{} opened {}.", who(), this(*invoice))),
        E::Downloaded { invoice, format, .. } if names.is_credit_note(*invoice) => {
            Some(format!("{} downloaded the {} of the credit note.", who(), format.words()))
        }
        E::Downloaded { format, .. } => Some(format!("{} downloaded the {}.", who(), format.words())),
        E::QuoteAccepted { quote, version, options, total, .. } => Some(format!(
            "{} accepted the quote {}{}, {}.",
            who(),
            versioned(&names.quote(*quote), *version),
            with_options(options),
            money(*total)
        )),
        E::QuoteDeclined { quote, version, .. } => {
            Some(format!("{} declined the quote {}.", who(), versioned(&names.quote(*quote), *version)))
        }
        E::QuoteOpened { quote, version, .. } => {
            Some(format!("{} opened the quote {}.", who(), versioned(&names.quote(*quote), *version)))
        }
        E::QuoteDownloaded { quote, version, format, .. } => {
            let quote = versioned(&names.quote(*quote), *version);
            Some(format!("{} downloaded the {} of the quote {quote}.", who(), format.words()))
        }
        E::DocumentPosted { version: 1, title, .. } => Some(format!("{} posted “{title}”.", who())),
        E::DocumentPosted { version, title, .. } => Some(format!("{} posted version {version} of “{title}”.", who())),
        E::DocumentOpened { version, title, .. } => Some(format!("{} opened “{title}”, version {version}.", who())),
        E::DocumentDownloaded { version, title, .. } => {
            Some(format!("{} downloaded “{title}”, version {version}.", who()))
        }
        E::ReceiptOpened { number, .. } => Some(format!("{} opened the receipt {number}.", who())),
        E::ReceiptDownloaded { number, format, .. } => {
            Some(format!("{} downloaded the {} of the receipt {number}.", who(), format.words()))
        }
        E::StatementOpened => Some(format!("{} opened the statement.", who())),
        E::StatementDownloaded { from, to, .. } => {
            Some(format!("{} downloaded the statement {}.", who(), span(*from, *to, locale)))
        }
        E::OpenItemsDownloaded { on, .. } => {
            Some(format!("{} downloaded the statement of open items on {}.", who(), locale.date_long(*on)))
        }
        E::MonthPublished { month, closing, .. } => {
            Some(format!("We published the statement of {}: {}.", monthly::words(*month), balances(closing, locale)))
        }
        E::MonthOpened { month, .. } => Some(format!("{} opened the statement of {}.", who(), monthly::words(*month))),
        E::MonthDownloaded { month, format, .. } => {
            Some(format!("{} downloaded the {} of the statement of {}.", who(), format.words(), monthly::words(*month)))
        }
        E::SignedIn { entrance } if own => Some(format!("You signed in {}.", entrance_words(*entrance))),
        E::SignedOut if own => Some("You signed out.".to_owned()),
        E::PasswordSet if own => Some("You set a password.".to_owned()),
        E::LetterAccepted { .. } | E::LetterFailed { .. } | E::LetterBounced { .. } => None,
        E::SignedIn { .. } | E::SignedOut | E::PasswordSet => None,
        E::FirmSetUp { .. } | E::FirmChanged { .. } | E::StaffAdded { .. } | E::StaffChanged { .. } => None,
        E::ClientAdded { .. } | E::ClientChanged { .. } | E::ProjectAdded { .. } => None,
        E::ContactAdded { .. } | E::ContactChanged { .. } | E::ContactRevoked { .. } => None,
        E::DraftSaved { .. } | E::DraftDiscarded { .. } => None,
        E::LetterQueued { .. } | E::LetterDeferred { .. } | E::LetterUncertain { .. } => None,
        E::LetterDecided { .. } | E::LetterWithdrawn { .. } => None,
        E::ReminderSuperseded { .. } | E::ReminderExpired { .. } | E::ReminderSkipped { .. } => None,
        E::RemindersPaused { .. } | E::RemindersGoOn { .. } | E::PolicyChanged { .. } => None,
        E::ContactStopped { .. } | E::ContactResumed { .. } | E::StopNoted { .. } | E::LetterWorded { .. } => None,
        E::CreditLimitSet { .. } | E::CreditHeld { .. } => None,
        E::CreditHoldLifted { .. } | E::CreditLimitExceeded { .. } => None,
        E::PutOff { .. } | E::ShownAgain { .. } | E::CallAskedFor { .. } | E::Called { .. } => None,
        E::SignInRefused { .. } | E::LinkRequested { .. } => None,
        E::StaffPreviewed { .. } | E::StaffDownloaded { .. } | E::StaffStatementDownloaded { .. } => None,
        E::StaffQuoteDownloaded { .. } | E::QuoteBilled { .. } | E::StaffReceiptDownloaded { .. } => None,
        E::BackupMade { .. } | E::BackupFailed { .. } | E::BackupLate { .. } => None,
        E::DrillPassed { .. } | E::DrillFailed { .. } | E::NumbersStated { .. } => None,
        E::Restored { .. } | E::SendingReleased | E::ClockLeapt { .. } => None,
        E::DocumentWithdrawn { .. } | E::DocumentErased { .. } | E::StaffDocumentDownloaded { .. } => None,
        E::RecurringSaved { .. } | E::RecurringPaused { .. } | E::RecurringResumed { .. } => None,
        E::RecurringMade { .. } | E::RecurringFailed { .. } | E::RecurringSkipped { .. } => None,
        E::MonthFailed { .. } | E::StaffMonthDownloaded { .. } | E::RegisterTaken { .. } => None,
        E::CertificateMade { .. } | E::Exported { .. } | E::IdentityDownloaded { .. } => None,
        E::StaffOpenItemsDownloaded { .. } => None,
        E::ImportMade { .. } | E::ImportUndone { .. } => None,
        E::DropWaits { .. } | E::DropRefused { .. } => None,
        E::LatePaymentChanged { .. } | E::LateNoteDrafted { .. } => None,
        E::LateExcepted { .. } | E::LateExceptionEnded { .. } => None,
    }
}

/// "Promise of €100.00 of HF-2026-0001 by 28 November 2026".
fn promised(amount: String, document: &str, day: Date, locale: Locale) -> String {
    format!("Promise of {amount} of {document} by {}", locale.date_long(day))
}

/// "HF-2026-0001, never opened".
fn put_off(item: Item, names: &dyn Names) -> String {
    item.invoice().map_or(item.words().to_owned(), |id| format!("{}, {}", names.document(id), item.words()))
}

/// "€1,230.00 owed"; currency by currency, and what the firm owes as such.
pub fn balances(closing: &[Money], locale: Locale) -> String {
    let one = |x: &Money| match x.minor {
        0 => format!("{} owed", locale.money(*x)),
        1.. => format!("{} owed", locale.money(*x)),
        _ => format!("{} in credit", locale.money(Money::new(x.minor.saturating_neg(), x.currency))),
    };
    closing.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A quote's number, and its version where there was one before.
fn versioned(number: &str, version: u32) -> String {
    if version > 1 { format!("{number}, version {version}") } else { number.to_owned() }
}

/// ", with options 1 and 3"; nothing without any.
fn with_options(options: &[u32]) -> String {
    let all: Vec<String> = options.iter().map(ToString::to_string).collect();
    match all.split_last() {
        None => String::new(),
        Some((only, [])) => format!(", with option {only}"),
        Some((last, rest)) => format!(", with options {} and {last}", rest.join(", ")),
    }
}

/// "2026-11-22 03:15 UTC".
fn utc(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// What a letter is, for staff: "Reminder (a week before it’s due)", "Issue letter".
fn letter_words(purpose: Purpose) -> String {
    match purpose {
        Purpose::Issued(_) => "Issue letter".to_owned(),
        Purpose::Reminder(_, step) => format!("Reminder ({})", step_words(step)),
        Purpose::SignIn => "Sign-in letter".to_owned(),
        Purpose::SetPassword => "Password letter".to_owned(),
        Purpose::Quote(_) => "Quote letter".to_owned(),
        Purpose::QuoteAnswered(_) => "Letter about an answered quote".to_owned(),
        Purpose::Notice => "Notice".to_owned(),
        Purpose::Posted(_) => "Letter about new documents".to_owned(),
        Purpose::Statement(_) => "Letter with a month’s statement".to_owned(),
    }
}

/// A period, both days inclusive: "from 1 September 2026 to 22 November 2026".
fn span(from: Date, to: Date, locale: Locale) -> String {
    format!("from {} to {}", locale.date_long(from), locale.date_long(to))
}

/// When a reminder step falls: "a week before it’s due", "7 days after it was due".
pub fn step_words(step: i16) -> String {
    match step {
        -7 => "a week before it’s due".to_owned(),
        -1 => "a day before it’s due".to_owned(),
        ..0 => format!("{} days before it’s due", step.unsigned_abs()),
        0 => "on its due date".to_owned(),
        1 => "a day after it was due".to_owned(),
        2.. => format!("{step} days after it was due"),
    }
}

fn entrance_words(entrance: Entrance) -> &'static str {
    match entrance {
        Entrance::Password => "with a password",
        Entrance::Link => "with an e-mail link",
        Entrance::Code => "with an e-mailed code",
        Entrance::DocumentLink => "with the link of a document",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        event::By,
        ids::{Digest, LetterId},
        money::{Currency, Money},
    };

    struct Few;
    impl Names for Few {
        fn staff(&self, _: StaffId) -> String {
            "Orla Byrne".into()
        }
        fn contact(&self, id: ContactId) -> String {
            if id.0 == 1 { "Ana Ruiz".into() } else { "Peter Marlow".into() }
        }
        fn document(&self, _: InvoiceId) -> String {
            "HF-2025-0412".into()
        }
        fn quote(&self, _: QuoteId) -> String {
            "HF-Q-0007".into()
        }
        fn is_credit_note(&self, _: InvoiceId) -> bool {
            false
        }
    }

    fn entry(actor: Actor, event: Event) -> LogEntry {
        let by = By { actor, address: Some([10, 0, 0, 7].into()) };
        let (at, invoice) = (jiff::Timestamp::UNIX_EPOCH, Some(InvoiceId(1)));
        LogEntry { sequence: 1, at, by, client: None, invoice, event, previous: [0; 32] }
    }

    #[test]
    fn staff_and_clients_read_the_same_facts_in_their_own_words() {
        let (orla, ana) = (Actor::Staff(StaffId(1)), Actor::Contact(ContactId(1)));
        let (invoice, letter, digest) = (InvoiceId(1), LetterId(1), Digest([0; 32]));
        let eur = |minor| Money::new(minor, Currency::EUR);
        let to = "Ana Ruiz".to_owned();
        let number = "HF-2025-0412".parse().unwrap();
        let table = [
            (
                entry(orla.clone(), Event::InvoiceIssued { invoice, number, total: eur(413_630), digest }),
                "Orla Byrne issued HF-2025-0412, €4,136.30",
                Some("Orla Byrne issued this invoice."),
            ),
            (
                entry(ana.clone(), Event::Opened { invoice, digest }),
                "HF-2025-0412 opened by Ana Ruiz",
                Some("You opened this invoice."),
            ),
            (
                entry(Actor::Contact(ContactId(2)), Event::Downloaded { invoice, digest, format: Format::Pdf }),
                "PDF of HF-2025-0412 downloaded by Peter Marlow",
                Some("Peter Marlow downloaded the PDF."),
            ),
            (
                entry(
                    Actor::Counterfoil("outbox".into()),
                    Event::LetterAccepted { letter, to, response: "250".into(), purpose: Purpose::Issued(invoice) },
                ),
                "Issue letter to Ana Ruiz handed to the mail server",
                Some("The mail server accepted our e-mail to Ana Ruiz."),
            ),
            (
                entry(orla.clone(), Event::Allocated { invoice, amount: eur(100), left_open: eur(50) }),
                "€1.00 applied to HF-2025-0412, €0.50 left",
                Some("€1.00 went towards this invoice; €0.50 is still open."),
            ),
            (entry(orla, Event::StaffPreviewed { invoice }), "Orla Byrne looked at HF-2025-0412", None),
            (
                entry(Actor::Counterfoil("reminders".into()), Event::ReminderSuperseded { invoice, step: -7 }),
                "Reminder for HF-2025-0412 a week before it’s due not sent",
                None,
            ),
        ];
        for (line, staff, client) in table {
            assert_eq!(for_staff(&line, &Few, Locale::EnglishIreland).text, staff);
            let seen = for_client(&line, &Few, Locale::EnglishIreland, ContactId(1));
            assert_eq!(seen.as_ref().map(|x| x.text.as_str()), client);
        }
    }

    #[test]
    fn clients_never_read_addresses_reasons_or_sign_ins_of_others() {
        let undone = Event::AllocationUndone {
            invoice: InvoiceId(1),
            amount: Money::new(100, Currency::EUR),
            reason: "they always argue".into(),
        };
        let line = entry(Actor::Staff(StaffId(1)), undone);
        let staff = for_staff(&line, &Few, Locale::EnglishIreland);
        assert_eq!(staff.detail.as_deref(), Some("they always argue · From 10.0.0.7"));
        let seen = for_client(&line, &Few, Locale::EnglishIreland, ContactId(1)).unwrap();
        assert_eq!((seen.text.as_str(), seen.detail), ("€1.00 no longer counts towards this invoice.", None));
        let signed = entry(Actor::Contact(ContactId(2)), Event::SignedIn { entrance: Entrance::Link });
        assert_eq!(for_client(&signed, &Few, Locale::EnglishIreland, ContactId(1)), None);
        assert!(for_client(&signed, &Few, Locale::EnglishIreland, ContactId(2)).is_some());
    }
}
