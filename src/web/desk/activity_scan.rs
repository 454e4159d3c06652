//! Looking back through the activity log: filters that combine, a bounded look, and who may read which line.
//!
//! Entries without a client (the firm's settings, sign-ins of staff) are for owners, managers and auditors; a member of
//! few clients reads those clients' entries only, along their own indexes.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::names::NamesOf;
use crate::domain::access::StaffScope;
use crate::domain::calendar::wall_clock;
use crate::domain::event::{Actor, LogEntry, Topic};
use crate::domain::firm::Locale;
use crate::domain::ids::ClientId;
use crate::domain::person::Role;
use crate::domain::sentence::{self, Names, Sentence};
use crate::store::prelude::*;
use crate::web::forms::{self, Fields};
use crate::web::parts::FieldError;

/// Entries that one page looks at.
pub const LOOKED_MAX: usize = 5_000;
/// Entries fetched at once along a client's index.
const CHUNK: usize = 100;
/// Longest words that are looked for, in characters.
const WORDS_MAX: usize = 200;

/// Who did it, as the filter offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// People of the firm, and its command line.
    Staff,
    /// People at clients, and those not signed in.
    Clients,
    /// The process itself.
    Counterfoil,
}

impl Who {
    /// All of them with their words in queries.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Staff, "staff"), (Self::Clients, "clients"), (Self::Counterfoil, "counterfoil")];

    fn is(self, actor: &Actor) -> bool {
        let who = match actor {
            Actor::Staff(_) | Actor::CommandLine => Self::Staff,
            Actor::Contact(_) | Actor::Visitor => Self::Clients,
            Actor::Counterfoil(_) => Self::Counterfoil,
        };
        self == who
    }
}

/// What is asked of the log.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Lower-case words that must all stand in the sentence or among the names.
    pub words: Vec<String>,
    /// Who.
    pub who: Option<Who>,
    /// What.
    pub what: Option<Topic>,
    /// About which client.
    pub client: Option<ClientId>,
    /// First day, in the firm's zone.
    pub from: Option<Date>,
    /// Last day, in the firm's zone.
    pub to: Option<Date>,
    /// Only entries before this sequence.
    pub before: Option<u64>,
}

impl Asked {
    /// Reads a query; dates that are none are left out and named.
    pub fn read(query: &Fields) -> (Self, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut day = |field: &str| {
            let text = query.get(field).trim();
            let read = (!text.is_empty()).then(|| forms::date(field, text))?;
            read.map_err(|fault| errors.push(FieldError::new(fault.field, fault.message))).ok()
        };
        let (from, to) = (day("from"), day("to"));
        let words: String = query.get("q").to_lowercase().chars().take(WORDS_MAX).collect();
        let asked = Self {
            words: words.split_whitespace().map(str::to_owned).collect(),
            who: Who::ALL.into_iter().find(|x| x.1 == query.get("who")).map(|x| x.0),
            what: Topic::ALL.into_iter().find(|x| x.code() == query.get("what")),
            client: query.get("client").parse().ok(),
            from,
            to,
            before: query.get("before").parse().ok(),
        };
        (asked, errors)
    }
}

/// An entry with its words.
pub struct Line {
    /// The entry.
    pub entry: LogEntry,
    /// As staff read it.
    pub told: Sentence,
    /// Who did it.
    pub who: String,
}

/// What a look back found.
pub struct Found {
    /// The lines, newest first.
    pub lines: Vec<Line>,
    /// Where the look ended before the log or the period did: (sequence, instant) of the last entry looked at.
    pub stopped: Option<(u64, Timestamp)>,
    /// Whether it ended at the limit of what is looked at, rather than with a full page.
    pub limited: bool,
}

/// Looks back for what is asked: at most `limit` lines out of at most `looked` entries.
///
/// # Errors
/// When the store fails.
pub fn scan(
    r: &ReadTx,
    scope: &StaffScope,
    (locale, zone): (Locale, &TimeZone),
    asked: &Asked,
    limit: usize,
    looked: usize,
) -> Result<Found, StoreError> {
    let start = asked.from.map(|day| wall_clock(day, jiff::civil::Time::midnight(), zone));
    let names = NamesOf::among(r, scope);
    let before = upper(r, asked, zone)?;
    let mut back = Back::new(r, scope, asked.client, before);
    let (mut lines, mut seen, mut last) = (Vec::new(), 0, None);
    while let Some(entry) = back.next()? {
        if start.is_some_and(|start| entry.at < start) {
            return Ok(Found { lines, stopped: None, limited: false });
        }
        if lines.len() == limit || seen == looked {
            let limited = lines.len() < limit;
            return Ok(Found { lines, stopped: last, limited });
        }
        seen += 1;
        last = Some((entry.sequence, entry.at));
        if may_read(scope, &entry) && fits(asked, &entry) {
            lines.extend(line(entry, &names, locale, &asked.words));
        }
    }
    Ok(Found { lines, stopped: None, limited: false })
}

/// Whether a member of staff may read an entry at all.
pub(super) fn may_read(scope: &StaffScope, entry: &LogEntry) -> bool {
    match entry.client {
        Some(client) => scope.sees(client),
        None => scope.role != Role::Member,
    }
}

fn fits(asked: &Asked, entry: &LogEntry) -> bool {
    asked.client.is_none_or(|client| entry.client == Some(client))
        && asked.who.is_none_or(|who| who.is(&entry.by.actor))
        && asked.what.is_none_or(|what| entry.event.topic() == what)
}

/// The line of an entry, if all words stand in it.
fn line(entry: LogEntry, names: &NamesOf<'_, ReadTx>, locale: Locale, words: &[String]) -> Option<Line> {
    let told = sentence::for_staff(&entry, names, locale);
    let who = match &entry.by.actor {
        Actor::Staff(id) => names.staff(*id),
        Actor::Contact(id) => names.contact(*id),
        Actor::Visitor => "Somebody".to_owned(),
        Actor::Counterfoil(_) => "Counterfoil".to_owned(),
        Actor::CommandLine => "The command line".to_owned(),
    };
    if !words.is_empty() {
        let client = entry.client.map(|id| names.client(id)).unwrap_or_default();
        let document = entry.invoice.map(|id| names.document(id)).unwrap_or_default();
        let detail = told.detail.as_deref().unwrap_or_default();
        let hay = format!("{} {detail} {who} {client} {document}", told.text).to_lowercase();
        words.iter().all(|word| hay.contains(word)).then_some(())?;
    }
    Some(Line { entry, told, who })
}

/// The sequence before which to look: the cursor's, or that of the first entry after the last day.
fn upper(r: &ReadTx, asked: &Asked, zone: &TimeZone) -> Result<Option<u64>, StoreError> {
    let Some(end) = asked.to.and_then(|day| day.tomorrow().ok()) else { return Ok(asked.before) };
    let end = wall_clock(end, jiff::civil::Time::midnight(), zone);
    let first_after = first_at_or_after(r, end)?;
    Ok(Some(asked.before.map_or(first_after, |before| before.min(first_after))))
}

/// The first sequence whose entry is not before `end`: the log is in order of time, so a few look-ups find it.
pub(super) fn first_at_or_after(r: &ReadTx, end: Timestamp) -> Result<u64, StoreError> {
    let (mut low, mut high) = (1, r.log_length()? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut at = None;
        r.log_backwards(Some(middle + 1), |entry| {
            at = Some(entry.at);
            false
        })?;
        if at.is_some_and(|at| at < end) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// The log backwards: along the whole log, or along the indexes of some clients, merged.
struct Back<'a> {
    r: &'a ReadTx,
    lanes: Vec<Lane>,
}

/// One index of the log, read in chunks.
struct Lane {
    client: Option<ClientId>,
    buffer: VecDeque<LogEntry>,
    before: Option<u64>,
    ended: bool,
}

impl<'a> Back<'a> {
    fn new(r: &'a ReadTx, scope: &StaffScope, client: Option<ClientId>, before: Option<u64>) -> Self {
        let clients: Vec<Option<ClientId>> = match (client, scope.only()) {
            // A client out of reach is as one that is not there: not even the length of its log shows.
            (Some(client), _) => scope.sees(client).then_some(Some(client)).into_iter().collect(),
            (None, None) => vec![None],
            (None, Some(some)) => some.iter().copied().map(Some).collect(),
        };
        let lane = |client| Lane { client, buffer: VecDeque::new(), before, ended: false };
        Self { r, lanes: clients.into_iter().map(lane).collect() }
    }

    /// The next older entry.
    fn next(&mut self) -> Result<Option<LogEntry>, StoreError> {
        for lane in &mut self.lanes {
            lane.fill(self.r)?;
        }
        let newest = self.lanes.iter_mut().max_by_key(|lane| lane.buffer.front().map(|entry| entry.sequence));
        Ok(newest.and_then(|lane| lane.buffer.pop_front()))
    }
}

impl Lane {
    fn fill(&mut self, r: &ReadTx) -> Result<(), StoreError> {
        if self.ended || !self.buffer.is_empty() {
            return Ok(());
        }
        match self.client {
            Some(client) => self.buffer.extend(r.log_of_client(client, self.before, CHUNK)?),
            None => r.log_backwards(self.before, |entry| {
                self.buffer.push_back(entry);
                self.buffer.len() < CHUNK
            })?,
        }
        self.ended = self.buffer.len() < CHUNK;
        self.before = self.buffer.back().map(|entry| entry.sequence).or(self.before);
        Ok(())
    }
}
