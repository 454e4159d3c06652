//! What staff see.

pub mod account;
pub mod activity;
pub mod activity_scan;
pub mod backup_identity;
pub mod backups;
pub mod bundle;
pub mod calls;
pub mod cash;
pub mod certificate;
pub mod client;
mod client_choice;
pub mod client_form;
pub mod client_money;
pub mod client_people;
pub mod client_statement;
pub mod client_timeline;
pub mod clients;
pub mod confirm;
pub mod contact_form;
pub mod contact_reminders;
pub mod contacts;
pub mod credit;
pub mod credit_terms;
pub mod disputes;
pub mod document_end;
mod document_form;
pub mod document_post;
mod document_table;
pub mod documents;
pub mod drop;
pub mod fairness;
pub mod find;
pub mod form;
pub mod import;
pub mod import_done;
mod import_draw;
pub mod import_run;
pub mod invoice;
mod invoice_adjustments;
mod invoice_evidence;
pub mod invoice_form;
mod invoice_lines;
mod invoice_more;
mod invoice_plan;
mod invoice_terms;
mod invoice_typed;
pub mod invoices;
pub mod issue;
pub mod issue_many;
pub mod late_exception;
pub mod late_note;
mod late_note_form;
pub mod late_payment;
pub mod letter;
pub mod letters;
pub mod links;
pub mod logo;
pub mod moments;
pub mod months;
pub mod names;
pub mod numbers;
mod outlook;
pub mod party_form;
pub mod pauses;
pub mod payer;
pub mod payment;
pub mod payment_form;
pub mod payment_reversal;
pub mod payments;
pub mod policy;
pub mod policy_days;
pub mod policy_form;
pub mod policy_past;
pub mod projects;
pub mod promises;
pub mod publish;
mod publish_confirm;
pub mod publish_kept;
mod publish_read;
mod publish_upload;
pub mod quote;
pub mod quote_form;
pub mod quote_invoice;
pub mod quotes;
pub mod receivables;
pub mod recurring;
pub mod recurring_form;
pub mod refund;
pub mod register;
pub mod reminders;
pub mod restored;
pub mod runs;
pub mod settings;
pub mod settings_form;
pub mod snooze;
pub mod staff;
pub mod staff_form;
pub mod standing;
pub mod today;
mod today_invoices;
mod today_queue;
mod today_side;
pub mod undo;
pub mod wording;
pub mod wordings;
pub mod write_off;

pub use invoice_lines::total_lines;

use crate::domain::sentence::Mark;
use crate::web::parts::{Icon, Tone};

/// The tone of a line of the log.
pub fn tone_of(mark: Mark) -> Tone {
    match mark {
        Mark::Plain => Tone::Plain,
        Mark::Good => Tone::Ok,
        Mark::Warn => Tone::Warn,
        Mark::Bad => Tone::Bad,
    }
}

/// The icon of a sentence's name for it.
pub fn icon_of(name: &str) -> Option<Icon> {
    Icon::ALL.iter().copied().find(|icon| icon.id().strip_prefix("i-") == Some(name))
}
