//! Why an act was refused: a closed list, each with the sentence a person reads.

use jiff::civil::Date;

use super::money::Money;

/// One field of a form (or one option of a command) and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field's name in the form.
    pub field: String,
    /// A sentence that says what to do.
    pub message: String,
}

impl FieldFault {
    /// A fault of `field`.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// Why an act was refused. Checked in this order wherever several apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such thing, or not for whoever asks: the two are the same answer.
    NotFound,
    /// Whoever asks can see the thing, and their role does not allow the act.
    NotAllowed,
    /// Fields of the form need mending.
    Fields(Vec<FieldFault>),
    /// Another document has this number.
    NumberTaken(String),
    /// The PDF or draft changed or another document took its number in between; asking again will work.
    TryAgain,
    /// The draft is not the one that was looked at.
    DraftChanged,
    /// Somebody changed it since the form was drawn.
    ChangedMeanwhile,
    /// Only a draft can be changed or issued.
    NotADraft,
    /// Only an issued document can be credited, paid or sent.
    NotIssued,
    /// Nobody would receive or see the document.
    NobodyToSee,
    /// The e-mail address already signs somebody in.
    EmailTaken(String),
    /// More than the invoice's open amount.
    MoreThanOpen(Money),
    /// More than what is left of the receipt or credit.
    MoreThanUnapplied(Money),
    /// Two currencies can't be added.
    OtherCurrency,
    /// The last owner must stay one.
    LastOwner,
    /// The link, code or session is unknown, spent or expired.
    LinkExpired,
    /// The letter is not in a state in which this can be done.
    LetterSettled,
    /// The same letter went to the same person a moment ago.
    SentLately,
    /// The quote was answered before.
    QuoteAnswered,
    /// The quote could be answered until the end of this day.
    QuoteExpired(Date),
    /// The same form was sent before and made this; it counts once.
    Repeated(u64),
    /// Since a restore nobody has said which numbers were given last.
    NumbersHeld,
    /// Backups are encrypted to this recipient already.
    RecipientKnown,
    /// Backups are not encrypted to this recipient.
    RecipientUnknown,
    /// No passphrase opens the identity of this recipient of backups, or none any more.
    IdentityUnknown,
    /// Without its last recipient nobody could read a backup.
    LastRecipient,
    /// A document's file is larger than this many bytes.
    FileTooLarge(u64),
    /// The client's documents would take more than this many bytes.
    ClientFull(u64),
    /// All documents would take more than this many bytes.
    DocumentsFull(u64),
    /// As many files are arriving as may at a time.
    ManyArriving,
    /// The file did not arrive whole.
    CutOff,
    /// The document has as many versions as one can have.
    VersionsFull(usize),
    /// The document is withdrawn, and nothing is added to it.
    DocumentWithdrawn,
    /// Only a withdrawn document is erased, once.
    NotToErase,
    /// Backups are encrypted to as many passphrases as they can be.
    PassphrasesFull(usize),
    /// A newer version of the quote took the place of the one that was read.
    QuoteReplaced,
    /// So much of the receipt was paid back.
    PaidBack(Money),
    /// The client is on credit hold, for this reason.
    CreditHeld(String),
    /// The client may owe so much, and would owe this.
    OverLimit(Money, Money),
    /// So many things are put off, as many as can be.
    SnoozesFull(usize),
    /// Nothing of the invoice is open.
    NothingOpen,
    /// The invoice was promised so many times, as often as can be.
    PromisesFull(usize),
    /// The invoice is disputed already, since this day.
    DisputeOpen(Date),
    /// A dispute of the invoice was upheld, and waits for its credit note.
    DisputeAgreed,
    /// The invoice was disputed, or its dispute changed, so many times, as often as can be.
    DisputesFull(usize),
    /// The import was undone on this day by whoever is named.
    ImportUndone(Date, String),
}

impl From<FieldFault> for Refusal {
    fn from(fault: FieldFault) -> Self {
        Self::Fields(vec![fault])
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("There is nothing here, or it is not yours to see."),
            Self::NotAllowed => f.write_str("Your role does not allow this. Ask an owner of the firm."),
            Self::Fields(faults) => {
                let all: Vec<String> = faults.iter().map(|x| format!("{}: {}", x.field, x.message)).collect();
                f.write_str(&all.join(" "))
            }
            Self::NumberTaken(number) => write!(f, "The number {number} is already used by another document."),
            Self::TryAgain => {
                f.write_str("Somebody else changed this at the same moment. Nothing was lost; try again.")
            }
            Self::DraftChanged => f.write_str(
                "Somebody changed this draft after you opened it, so nothing was issued or saved. Look at it as it is now.",
            ),
            Self::ChangedMeanwhile => f.write_str(
                "Somebody else changed this after you opened it. What you typed is still in the form and nothing was \
                 saved: compare it with what is kept now, then save again if yours should stand.",
            ),
            Self::NotADraft => {
                f.write_str("This document has been issued and can't be changed. Correct it with a credit note.")
            }
            Self::NotIssued => f.write_str("This is still a draft. Issue it first."),
            Self::NobodyToSee => {
                f.write_str("Nobody at this client may see billing documents. Add a contact with that right first.")
            }
            // The same whoever has it: staff who see some clients only learn nothing of the others.
            Self::EmailTaken(email) => write!(f, "{email} can’t be used for one more sign-in. Use another address."),
            Self::MoreThanOpen(open) => write!(f, "That is more than the {open} still open."),
            Self::MoreThanUnapplied(left) => write!(f, "That is more than the {left} not yet applied."),
            Self::OtherCurrency => {
                f.write_str("The currencies differ; an amount settles documents in its own currency only.")
            }
            Self::LastOwner => f.write_str("The firm needs at least one owner. Make somebody else an owner first."),
            Self::LinkExpired => f.write_str("This link or code has expired or was already used. Ask for a new one."),
            Self::SentLately => f.write_str(
                "A letter about this went to them less than a minute ago. Wait a minute if it should go once more.",
            ),
            Self::QuoteAnswered => f.write_str("This quote was answered already; the first answer stands."),
            Self::QuoteExpired(last) => write!(
                f,
                "This quote could be accepted until the end of {}. Ask for a new one if you still want it.",
                last.strftime("%-d %B %Y")
            ),
            Self::Repeated(_) => f.write_str("This was recorded already; nothing was recorded twice."),
            Self::NumbersHeld => f.write_str(
                "This data was restored from a backup, so the next number may have been given before. An owner says on \
                 the desk, under Today, which was given last; then numbers are given again.",
            ),
            Self::RecipientKnown => f.write_str("Backups are encrypted to this recipient already."),
            Self::RecipientUnknown => {
                f.write_str("Backups are not encrypted to this recipient. `counterfoil backup recipients list` says to whom they are.")
            }
            Self::IdentityUnknown => f.write_str("No passphrase opens backups by this identity any more. Choose another one."),
            Self::LastRecipient => {
                f.write_str("This is the last recipient; without one nobody could read a backup. Add another one first.")
            }
            Self::FileTooLarge(max) => write!(
                f,
                "The file is larger than {} MiB, the limit document_mib in [limits] of the configuration. Split it, or ask \
                 whoever runs the server to raise the limit.",
                max >> 20
            ),
            Self::ClientFull(max) => write!(
                f,
                "This client’s documents would take more than {} MiB, the limit client_documents_mib in [limits] of the \
                 configuration. Withdraw and erase some that are no longer needed, or ask whoever runs the server to \
                 raise the limit.",
                max >> 20
            ),
            Self::DocumentsFull(max) => write!(
                f,
                "All documents together would take more than {} MiB, the limit documents_mib in [limits] of the \
                 configuration. Withdraw and erase some that are no longer needed, or ask whoever runs the server to \
                 raise the limit.",
                max >> 20
            ),
            Self::ManyArriving => {
                f.write_str("Too many files are arriving at this moment. Try again when one of them is done.")
            }
            Self::CutOff => f.write_str("The file did not arrive whole, and nothing of it was kept. Send it again."),
            Self::PassphrasesFull(max) => write!(
                f,
                "Backups are encrypted to {max} passphrases, as many as they can be. Remove one of those recipients first."
            ),
            Self::VersionsFull(max) => {
                write!(f, "This document has {max} versions, as many as one can have. Post a new document instead.")
            }
            Self::DocumentWithdrawn => {
                f.write_str("This document was withdrawn, so that nothing is added to it. Post a new one instead.")
            }
            Self::NotToErase => f.write_str("Only a withdrawn document whose content is still kept can be erased."),
            Self::QuoteReplaced => f.write_str(
                "We sent a new version of this quote after you opened it, so nothing was answered. Read it as it is now, \
                 then answer.",
            ),
            Self::PaidBack(amount) => write!(
                f,
                "{amount} of it was paid back to the client, so it can’t be taken back. If that refund came back or never \
                 went out, record that first."
            ),
            Self::SnoozesFull(max) => {
                write!(f, "{max} things are put off, as many as can be. Show some of them again first.")
            }
            Self::CreditHeld(reason) => write!(
                f,
                "This client is on credit hold, so that nothing is issued to them ({reason}). Lift the hold on the client’s \
                 page under Credit first."
            ),
            Self::OverLimit(limit, owed) => write!(
                f,
                "With this the client would owe {owed}, more than the credit limit of {limit}. Issue it from its preview, \
                 where you can confirm that, or change the limit."
            ),
            Self::NothingOpen => f.write_str("Nothing of this invoice is open any more."),
            Self::PromisesFull(max) => write!(
                f,
                "Payments of this invoice were promised {max} times this way, as often as can be. Please call instead."
            ),
            Self::DisputeOpen(since) => write!(
                f,
                "This invoice is disputed already, since {}. Change that dispute, or withdraw it first.",
                since.strftime("%-d %B %Y")
            ),
            Self::DisputeAgreed => f.write_str(
                "A dispute of this invoice was agreed with, and waits for its credit note. Another one can be raised \
                 once that is there.",
            ),
            Self::DisputesFull(max) => {
                write!(f, "This was disputed or changed {max} times, as often as can be. Please call instead.")
            }
            Self::ImportUndone(on, by) => write!(
                f,
                "This import was undone already, on {} by {by}. All that it brought is gone.",
                on.strftime("%-d %B %Y")
            ),
            Self::LetterSettled => f.write_str("This letter is not waiting for a decision any more."),
        }
    }
}

/// Collects the faults of a form so that all are named at once.
#[derive(Default, Debug)]
pub struct Faults(Vec<FieldFault>);

impl Faults {
    /// Keeps a fault and gives a stand-in, so that reading the form can go on.
    pub fn take<T: Default>(&mut self, read: Result<T, FieldFault>) -> T {
        read.unwrap_or_else(|fault| {
            self.0.push(fault);
            T::default()
        })
    }

    /// As [`Faults::take`] for types without a stand-in.
    pub fn take_opt<T>(&mut self, read: Result<T, FieldFault>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }

    /// As [`Faults::take_opt`] for what refuses with fields of its own; a refusal of no field stands at `take`.
    pub fn take_refusal<T>(&mut self, read: Result<T, Refusal>) -> Option<T> {
        match read {
            Ok(value) => return Some(value),
            Err(Refusal::Fields(faults)) => self.0.extend(faults),
            Err(refusal) => self.add("take", refusal.to_string()),
        }
        None
    }

    /// Adds everything that others found.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds a fault found by comparing fields.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldFault::new(field, message));
    }

    /// Forgets those that say nothing new.
    pub fn retain(&mut self, keep: impl FnMut(&FieldFault) -> bool) {
        self.0.retain(keep);
    }

    /// Whether nothing was wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing, or all faults as one refusal.
    ///
    /// # Errors
    /// [`Refusal::Fields`] when there is any fault.
    pub fn check(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Fields(self.0)) }
    }
}
