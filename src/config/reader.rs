//! Reads one TOML file key by key, so that every refusal names the file, the line, and what to write instead.
//!
//! Knows TOML and the flat list of keys in [`KEYS`]; what the keys mean is `mod.rs`'s business.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

/// Every key there is, by section; "" is the top of the file. A key that is not here is refused.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    ("", &["url", "data"]),
    ("key", &["file", "credential", "prompt"]),
    (
        "listen",
        &[
            "address",
            "tls",
            "certificate",
            "private_key",
            "redirect_http",
            "trusted_proxies",
            "forwarded_header",
            "extra_hosts",
        ],
    ),
    (
        "mail",
        &[
            "transport",
            "folder",
            "host",
            "port",
            "security",
            "username",
            "password_file",
            "ca_file",
            "hello_name",
            "dns",
            "connections",
            "letters_per_connection",
            "letters_per_minute",
            "from_address",
            "from_name",
            "reply_to",
        ],
    ),
    ("dkim", &["selector", "domain", "key_file"]),
    (
        "bounces",
        &[
            "maildir",
            "imap_host",
            "imap_port",
            "imap_security",
            "imap_username",
            "imap_password_file",
            "imap_folder",
            "ca_file",
            "return_path",
        ],
    ),
    ("reminders", &["enabled", "zone", "time"]),
    (
        "backup",
        &["folder", "s3", "incremental", "at", "keep_daily", "keep_weekly", "keep_monthly", "rate", "drill", "scratch"],
    ),
    ("s3", &["endpoint", "bucket", "region", "prefix", "path_style", "ca_file", "credentials_file", "credential"]),
    ("drop", &["folder", "pattern", "settle_seconds"]),
    (
        "limits",
        &[
            "cache_mib",
            "upload_mib",
            "document_mib",
            "client_documents_mib",
            "documents_mib",
            "connections",
            "connections_per_address",
        ],
    ),
];

/// The longest configuration file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Why a configuration is refused. Its text is for the person who wrote the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file as it was named.
    pub path: PathBuf,
    /// The line, counted from 1; `None` when the file as a whole is at fault.
    pub line: Option<usize>,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

/// A parsed file whose keys are all known.
pub(super) struct Document<'t> {
    text: &'t str,
    path: &'t Path,
    root: DeTable<'t>,
}

/// A value together with where it stands.
pub(super) struct Found<T> {
    pub value: T,
    pub at: Range<usize>,
}

impl<'t> Document<'t> {
    /// Parses `text` and refuses what is not TOML, and every section and key that is not in [`KEYS`].
    pub fn parse(text: &'t str, path: &'t Path) -> Result<Self, ConfigError> {
        let root = DeTable::parse(text).map_err(|error| ConfigError {
            path: path.to_owned(),
            line: error.span().map(|at| line_of(text, at.start)),
            message: format!(
                "this is not valid TOML ({}). Write each setting as: name = \"value\".",
                error.message().replace('\n', ", ")
            ),
        })?;
        let document = Self { text, path, root: root.into_inner() };
        document.refuse_unknown()?;
        Ok(document)
    }

    /// A refusal at `at`.
    pub fn refuse(&self, at: &Range<usize>, message: impl Into<String>) -> ConfigError {
        ConfigError { path: self.path.to_owned(), line: Some(line_of(self.text, at.start)), message: message.into() }
    }

    /// A refusal for `key` that is not there: it names the section's line if there is one.
    pub fn missing(&self, section: &str, key: &str, example: &str) -> ConfigError {
        let line = self
            .root
            .iter()
            .find(|(name, _)| name.get_ref() == section)
            .map(|(name, _)| line_of(self.text, name.span().start));
        let place = if section.is_empty() { "at the top of the file".into() } else { format!("under [{section}]") };
        ConfigError { path: self.path.to_owned(), line, message: format!("{key} is missing. Add {place}: {example}") }
    }

    /// Whether the file has `[section]`.
    pub fn has(&self, section: &str) -> bool {
        self.root.iter().any(|(name, _)| name.get_ref() == section)
    }

    /// Where `key` stands, if it does.
    pub fn place(&self, section: &str, key: &str) -> Option<Range<usize>> {
        self.value(section, key).map(|found| found.at)
    }

    /// A text value, not empty.
    pub fn text(&self, section: &str, key: &str) -> Result<Option<Found<String>>, ConfigError> {
        let Some(found) = self.value(section, key) else { return Ok(None) };
        match found.value.as_str() {
            Some(text) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
                Ok(Some(Found { value: text.to_owned(), at: found.at }))
            }
            Some(_) => Err(self.refuse(
                &found.at,
                format!("{key} is empty or has control characters. Write a text, or remove the line."),
            )),
            None => Err(self.wrong_type(key, &found, "a text in double quotes")),
        }
    }

    /// A whole number within `range`.
    pub fn number(&self, section: &str, key: &str, range: Range<u64>) -> Result<Option<Found<u64>>, ConfigError> {
        let Some(found) = self.value(section, key) else { return Ok(None) };
        let Some(number) = found.value.as_integer() else { return Err(self.wrong_type(key, &found, "a whole number")) };
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) if range.contains(&value) => Ok(Some(Found { value, at: found.at })),
            _ => Err(self.refuse(
                &found.at,
                format!("{key} = {number} is out of range. Write a number from {} to {}.", range.start, range.end - 1),
            )),
        }
    }

    /// `true` or `false`.
    pub fn truth(&self, section: &str, key: &str) -> Result<Option<Found<bool>>, ConfigError> {
        let Some(found) = self.value(section, key) else { return Ok(None) };
        match found.value.as_bool() {
            Some(value) => Ok(Some(Found { value, at: found.at })),
            None => Err(self.wrong_type(key, &found, "true or false, without quotes")),
        }
    }

    /// A list of texts; absent is empty.
    pub fn texts(&self, section: &str, key: &str) -> Result<Vec<Found<String>>, ConfigError> {
        let Some(found) = self.value(section, key) else { return Ok(Vec::new()) };
        let wanted = "a list of texts, like [\"one\", \"two\"]";
        let Some(list) = found.value.as_array() else { return Err(self.wrong_type(key, &found, wanted)) };
        list.iter()
            .map(|item| {
                let text = item.get_ref().as_str().ok_or_else(|| self.wrong_type(key, &found, wanted))?;
                Ok(Found { value: text.to_owned(), at: item.span() })
            })
            .collect()
    }

    fn value(&self, section: &str, key: &str) -> Option<Found<&DeValue<'t>>> {
        debug_assert!(keys_of(section).is_some_and(|keys| keys.contains(&key)), "[{section}] {key} is not in KEYS");
        let table = if section.is_empty() {
            &self.root
        } else {
            self.root.iter().find(|(name, _)| name.get_ref() == section)?.1.get_ref().as_table()?
        };
        let value = &table.iter().find(|(name, _)| name.get_ref() == key)?.1;
        Some(Found { value: value.get_ref(), at: value.span() })
    }

    fn wrong_type(&self, key: &str, found: &Found<&DeValue<'_>>, wanted: &str) -> ConfigError {
        let got = found.value.type_str();
        self.refuse(&found.at, format!("{key} should be {wanted}; here it is of the kind \"{got}\"."))
    }

    fn refuse_unknown(&self) -> Result<(), ConfigError> {
        // By position, so that the first fault in the file is the one that is reported.
        let mut faults = Vec::new();
        for (name, value) in &self.root {
            let name_at = name.span();
            match (value.get_ref().as_table(), keys_of(name.get_ref())) {
                (Some(table), Some(keys)) if !name.get_ref().is_empty() => {
                    let unknown = table.keys().filter(|key| !keys.contains(&key.get_ref().as_ref()));
                    faults.extend(unknown.map(|key| (key.span(), self.unknown_key(name.get_ref(), key.get_ref()))));
                }
                (Some(_), _) => faults.push((name_at, unknown_section(name.get_ref()))),
                (None, Some(_)) if !name.get_ref().is_empty() => {
                    faults.push((
                        name_at,
                        format!("{0} is a section. Write [{0}] on a line of its own.", name.get_ref()),
                    ));
                }
                (None, _) if !keys_of("").is_some_and(|keys| keys.contains(&name.get_ref().as_ref())) => {
                    faults.push((name_at, self.unknown_key("", name.get_ref())));
                }
                (None, _) => {}
            }
        }
        faults.sort_by_key(|(at, _)| at.start);
        faults.into_iter().next().map_or(Ok(()), |(at, message)| Err(self.refuse(&at, message)))
    }

    fn unknown_key(&self, section: &str, key: &str) -> String {
        let key_shown = key.escape_debug();
        let known = keys_of(section).unwrap_or_default();
        if let Some(near) = nearest(key, known.iter().copied()) {
            return format!("unknown key \"{key_shown}\". Did you mean \"{near}\"?");
        }
        if let Some((home, _)) = KEYS.iter().find(|(_, keys)| keys.contains(&key)) {
            let place = if home.is_empty() { "at the top of the file".into() } else { format!("under [{home}]") };
            return format!("\"{key_shown}\" does not belong here. Move it {place}.");
        }
        format!("unknown key \"{key_shown}\". Known here: {}.", known.join(", "))
    }
}

fn unknown_section(name: &str) -> String {
    let sections = || KEYS.iter().map(|(section, _)| *section).filter(|section| !section.is_empty());
    match nearest(name, sections()) {
        Some(near) => format!("unknown section [{}]. Did you mean [{near}]?", name.escape_debug()),
        None => {
            format!("unknown section [{}]. Known: {}.", name.escape_debug(), sections().collect::<Vec<_>>().join(", "))
        }
    }
}

fn keys_of(section: &str) -> Option<&'static [&'static str]> {
    KEYS.iter().find(|(name, _)| *name == section).map(|(_, keys)| *keys)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// The known word closest to `word`, if it is close enough to be a slip of the hand, or part of the word or the whole
/// that the word is part of: `cert` for `certificate`, `password` for `password_file`.
fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const PART_MIN: usize = 4;
    // Two letters that changed places are two steps.
    const SHORT: usize = 6;
    let plain = word.to_lowercase().replace('-', "_");
    let known: Vec<&'static str> = known.collect();
    let slip = known
        .iter()
        .map(|candidate| (distance(&plain, candidate), *candidate))
        .min()
        .filter(|(steps, candidate)| *steps <= candidate.len().max(SHORT) / 3);
    let part = |candidate: &&str| {
        plain.len() >= PART_MIN
            && (candidate.contains(&plain) || (candidate.len() >= PART_MIN && plain.contains(*candidate)))
    };
    slip.map(|(_, candidate)| candidate).or_else(|| known.into_iter().find(part))
}

/// Levenshtein's distance over bytes; words are capped, so that a hostile key costs nothing.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let a = &a[..a.len().min(LONGEST)];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let step = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], step);
        }
    }
    row[b.len()]
}
