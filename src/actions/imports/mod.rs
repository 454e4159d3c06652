//! Bringing in what other programs made: clients, contacts, invoices and payments, from e-invoices and from tables.
//!
//! First a dry run that says what would come in and what can't; then one transaction that brings in all of it or
//! nothing; and an undo, until something was built on it. What comes in is history: no letter goes out for it, and
//! nobody is reminded of it unless that is chosen.

pub mod book;
pub mod columns;
pub mod files;
pub mod intake;
mod lines;
mod perform;
mod plan;
mod rows;
pub mod table;
mod undo;

pub use self::perform::{Brought, perform};
pub use self::plan::{Choices, Count, is_firm, plan};
pub use self::undo::{standing_on, undo, who};

use self::intake::{Intake, Remark};
use crate::domain::access::StaffScope;
use crate::store::prelude::*;

/// Imports that are listed, and among which the same files are recognised.
pub const IMPORTS_SHOWN: usize = 200;

/// What a dry run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What would come in.
    pub count: Count,
    /// What was noticed, the grave first.
    pub remarks: Vec<Remark>,
}

impl Report {
    /// How many remarks keep something from coming in.
    pub fn grave(&self) -> usize {
        self.remarks.iter().filter(|x| x.grave).count()
    }

    /// Whether anything would come in.
    pub fn is_empty(&self) -> bool {
        let Count { clients, contacts, invoices, credits, payments, .. } = self.count;
        clients + contacts + invoices + credits + payments == 0
    }
}

/// The dry run: nothing is changed.
///
/// # Errors
/// When the role does not allow it or the store fails.
pub fn look(reader: &impl Reader, scope: &StaffScope, intake: &Intake, choices: Choices) -> Result<Report, ActError> {
    let plan = plan(reader, scope, intake, choices)?;
    let mut remarks: Vec<Remark> = intake.remarks.iter().chain(&plan.remarks).cloned().collect();
    remarks.sort_by(|a, b| (!a.grave, &a.file, a.row).cmp(&(!b.grave, &b.file, b.row)));
    Ok(Report { count: plan.count(), remarks })
}
