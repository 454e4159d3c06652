//! Month-end statements: whose they are, that each stands for its month or was replaced, and that its PDF is there.

use std::collections::BTreeSet;

use super::Check;
use crate::domain::ids::StatementId;
use crate::domain::monthly::MonthStatement;
use crate::store::day;
use crate::store::error::StoreError;
use crate::store::files::{FileReads, FileUse};
use crate::store::monthly::MonthlyReads;
use crate::store::tables::*;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut standing, mut replaced) = (0, BTreeSet::new(), BTreeSet::new());
    c.every("month-end statements", STATEMENTS, |c, key: u64, one: MonthStatement| {
        highest = key;
        c.claim(one.id.0 == key, || format!("The month-end statement at {key} says to be {}.", one.id));
        let known = c.has(CLIENTS, one.client.0)?;
        c.claim(known, || format!("Month-end statement {key} is of client {}, which does not exist.", one.client));
        let (digest, by) = (one.pdf.digest, FileUse::Statement(one.id));
        let kept = c.r.file_length(digest)? == Some(one.pdf.length) && c.has(FILE_USES, by.key(digest))?;
        c.claim(kept, || format!("The PDF of month-end statement {key} is missing, or its use is not noted."));
        if let Some(before) = one.replaces {
            let same = c.r.month_statement(before)?.is_some_and(|x| x.client == one.client && x.month == one.month);
            c.claim(same, || format!("Month-end statement {key} replaces {before}, which is not of the same month."));
            replaced.insert(before);
        }
        standing.insert((one.client.0, day(one.month), one.id));
        Ok(())
    })?;
    standing.retain(|x| !replaced.contains(&x.2));
    let mut listed = BTreeSet::new();
    c.rows(STATEMENT_MONTHS, |_, (client, month), id| {
        if id != 0 {
            listed.insert((client, month, StatementId(id)));
        }
        Ok(())
    })?;
    c.claim(listed == standing, || "The months of statements are not those of the statements.".to_owned());
    c.given("statement", highest)
}
