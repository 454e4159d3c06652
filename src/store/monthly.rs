//! Month-end statements, and when they are published by themselves.

use jiff::civil::Date;
use redb::ReadableTable;

use super::day;
use super::error::StoreError;
use super::files::FileUse;
use super::statement::{Books, Reckoned};
use super::tables::{CLIENTS, STATEMENT_CHOICES, STATEMENT_MONTHS, STATEMENTS};
use super::tx::{Reader, WriteTx};
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, StatementId};
use crate::domain::monthly::{MonthStatement, When};

/// Where the choice lies that holds for every client without their own.
const ALL: u64 = 0;

fn row(when: When) -> u8 {
    match when {
        When::Never => 0,
        When::Always => 1,
        When::WhenMoved => 2,
    }
}

/// Reading them.
pub trait MonthlyReads: Reader {
    /// A statement.
    fn month_statement(&self, id: StatementId) -> Result<Option<MonthStatement>, StoreError> {
        self.record_at(STATEMENTS, id.0)
    }

    /// Whether the month of a client is done with, and the statement that stands for it, if one could be made.
    fn statement_month(&self, client: ClientId, month: Date) -> Result<Option<Option<StatementId>>, StoreError> {
        let found = self.table(STATEMENT_MONTHS)?.get((client.0, day(month)))?.map(|x| x.value());
        Ok(found.map(|id| (id != 0).then_some(StatementId(id))))
    }

    /// The statement that stands for a month of a client.
    fn statement_of_month(&self, client: ClientId, month: Date) -> Result<Option<MonthStatement>, StoreError> {
        let id = self.statement_month(client, month)?.flatten();
        id.map_or(Ok(None), |id| self.month_statement(id))
    }

    /// A client's statements, the latest month first, from before `before`, at most `limit` months; right behind each
    /// those that it took the place of.
    fn statements_of(
        &self,
        client: ClientId,
        before: Option<Date>,
        limit: usize,
    ) -> Result<Vec<MonthStatement>, StoreError> {
        let table = self.table(STATEMENT_MONTHS)?;
        let rows = table.range((client.0, i32::MIN)..(client.0, before.map_or(i32::MAX, day)))?.rev();
        let (mut out, mut months) = (Vec::new(), 0);
        for row in rows {
            let mut id = Some(row?.1.value()).filter(|id| *id != 0).map(StatementId);
            months += usize::from(id.is_some());
            if months > limit {
                break;
            }
            while let Some(statement) = id.map_or(Ok(None), |id| self.month_statement(id))? {
                id = statement.replaces;
                out.push(statement);
            }
        }
        Ok(out)
    }

    /// The statements that stand for a month, of every client, at most `limit`.
    fn statements_in(&self, month: Date, limit: usize) -> Result<Vec<MonthStatement>, StoreError> {
        let (mut out, clients) = (Vec::new(), self.table(CLIENTS)?);
        for row in clients.iter()? {
            if out.len() == limit {
                break;
            }
            out.extend(self.statement_of_month(ClientId(row?.0.value()), month)?);
        }
        Ok(out)
    }

    /// A client's own choice, or for `None` the one that holds for all others; `None` without one.
    fn statement_choice(&self, client: Option<ClientId>) -> Result<Option<When>, StoreError> {
        let found = self.table(STATEMENT_CHOICES)?.get(client.map_or(ALL, |c| c.0))?.map(|x| x.value());
        Ok(found.and_then(|found| When::ALL.into_iter().find(|when| row(*when) == found)))
    }

    /// When the statements of a client are published by themselves.
    fn statements_wanted(&self, client: ClientId) -> Result<When, StoreError> {
        let own = self.statement_choice(Some(client))?;
        Ok(own.or(self.statement_choice(None)?).unwrap_or_default())
    }

    /// A client's accounts of a month; the client's own currency when there is none.
    fn month_accounts(&self, client: &Client, month: Date) -> Result<Vec<Reckoned>, StoreError>
    where
        Self: Sized,
    {
        let to = month.last_of_month();
        let mut all = Books::of(self, client.id, to)?.reckoned(month, to);
        if all.is_empty() {
            all.push(Reckoned::empty(client.currency));
        }
        Ok(all)
    }

    /// Clients from after `after`, in the order in which they were added, at most `limit`.
    fn clients_after(&self, after: ClientId, limit: usize) -> Result<Vec<ClientId>, StoreError> {
        let table = self.table(CLIENTS)?;
        let rows = table.range(after.0.saturating_add(1)..)?.take(limit);
        rows.map(|row| row.map(|r| ClientId(r.0.value())).map_err(Into::into)).collect()
    }
}

impl<T: Reader + ?Sized> MonthlyReads for T {}

impl WriteTx<'_> {
    /// Keeps a statement that was just made; it stands for its month.
    pub fn put_month_statement(&mut self, statement: &MonthStatement) -> Result<(), StoreError> {
        let key = (statement.client.0, day(statement.month));
        self.change(STATEMENT_MONTHS)?.insert(key, statement.id.0)?;
        self.use_file(statement.pdf.digest, FileUse::Statement(statement.id))?;
        self.put(STATEMENTS, statement.id.0, statement)
    }

    /// Notes that no statement could be made of a month, so that it is not tried again by itself.
    pub fn put_month_without(&mut self, client: ClientId, month: Date) -> Result<(), StoreError> {
        self.change(STATEMENT_MONTHS)?.insert((client.0, day(month)), 0)?;
        Ok(())
    }

    /// Keeps a client's own choice, or for no client the one that holds for all others.
    pub fn put_statement_choice(&mut self, client: Option<ClientId>, when: Option<When>) -> Result<(), StoreError> {
        let (key, mut table) = (client.map_or(ALL, |c| c.0), self.change(STATEMENT_CHOICES)?);
        match when {
            Some(when) => table.insert(key, row(when))?,
            None => table.remove(key)?,
        };
        Ok(())
    }
}
