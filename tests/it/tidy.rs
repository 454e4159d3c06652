//! The house rules that a machine can hold: who may import whom, what each file says of itself, and that the papers
//! name things that exist.

use std::path::{Path, PathBuf};

/// Rooms in storeys, the highest first; a room may import what is in a storey below its own.
const STOREYS: [&[&str]; 6] = [
    &["cli"],
    &["web", "scheduler"],
    &["actions", "backup"],
    &["app"],
    &["store", "documents", "mail", "payments"],
    &["domain"],
];
/// Rooms that any but `domain` may import.
const LEAVES: [&str; 4] = ["config", "clock", "secrets", "mutants"];

/// Libraries that stay in one room.
const ONE_ROOM: [(&str, &[&str]); 15] = [
    ("redb", &["store"]),
    ("axum", &["web"]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("tower_http", &["web"]),
    ("lettre", &["mail"]),
    ("reqwest", &["backup"]),
    ("rusty_s3", &["backup"]),
    ("clap", &["cli"]),
    ("krilla", &["documents"]),
    ("harfrust", &["documents"]),
    ("lopdf", &["documents"]),
    ("quick_xml", &["documents"]),
    ("icalendar", &["documents"]),
    ("holidays_rs", &["domain"]),
];

/// Words that stay in these files.
const WORDS: [(&str, &[&str]); 4] = [
    ("Timestamp::now", &["clock.rs"]),
    ("Zoned::now", &["clock.rs"]),
    ("SystemTime::now", &["clock.rs"]),
    ("PreEscaped(", &["web/parts"]),
];

/// Longest line, in characters.
const LINE_MAX: usize = 120;
/// Longest README, in lines.
const README_MAX: usize = 150;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    walk(&root().join(folder), &mut |path| {
        if path.extension().is_some_and(|x| x == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            out.push((name, std::fs::read_to_string(path).unwrap()));
        }
    });
    assert!(!out.is_empty());
    out.sort();
    out
}

fn walk(folder: &Path, each: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, each) } else { each(&path) }
    }
}

/// The code without comments, so that a paper word is no import.
fn code(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.lines().enumerate().map(|(n, line)| (n + 1, line.split("//").next().unwrap_or("")));
    lines.filter(|(_, line)| !line.trim().is_empty())
}

/// The room of `src/web/desk/x.rs` is `web`.
fn room(file: &str) -> &str {
    let rest = file.strip_prefix("src/").unwrap_or(file);
    rest.split('/').next().unwrap().trim_end_matches(".rs")
}

fn storey(room: &str) -> Option<usize> {
    STOREYS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a line names: after `crate::`, and in a group `crate::{a, b::c}` on one line.
fn rooms_named(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let word = |text: &'_ str| text.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next().map(str::len);
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    ',' | '}' if depth == 0 => {
                        let part = group[start..at].trim();
                        out.push(&part[..word(part).unwrap_or(0)]);
                        start = at + 1;
                    }
                    '}' => depth -= 1,
                    _ => {}
                }
            }
        } else {
            out.push(&rest[..word(rest).unwrap_or(0)]);
        }
    }
    out.retain(|x| !x.is_empty());
    out
}

fn may_import(from: &str, to: &str) -> bool {
    match (storey(from), storey(to)) {
        _ if from == to => true,
        _ if LEAVES.contains(&to) => from != "domain",
        (Some(own), Some(other)) => own < other,
        (None, Some(_)) => to == "domain",
        // No room: a macro at the crate's root.
        (_, None) => true,
    }
}

/// Groups over several lines become one line, so that what they name is seen.
fn joined(source: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_i32;
    for (_, line) in code(source) {
        let starts = line.trim_start().starts_with("use crate::{") || depth > 0;
        out.push_str(line.trim());
        depth += if starts { braces(line) } else { 0 };
        if depth <= 0 {
            depth = 0;
            out.push('\n');
        }
    }
    out
}

fn braces(line: &str) -> i32 {
    line.chars().map(|c| i32::from(c == '{') - i32::from(c == '}')).sum()
}

#[test]
fn rooms_import_only_downwards() {
    let mut wrong = Vec::new();
    for (file, source) in sources("src") {
        let own = room(&file);
        if matches!(own, "lib" | "main") {
            continue;
        }
        for line in joined(&source).lines() {
            for named in rooms_named(line) {
                if !may_import(own, named) {
                    wrong.push(format!("{file}: {own} imports {named}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_import_rule_sees_what_it_must_see() {
    assert!(may_import("web", "actions") && may_import("actions", "domain") && may_import("web", "config"));
    assert!(!may_import("domain", "store") && !may_import("domain", "clock") && !may_import("actions", "web"));
    assert!(!may_import("web", "scheduler") && !may_import("mail", "store"));
    let group = joined("use crate::{\n    store::{A, B},\n    web::page,\n};\n");
    assert_eq!(rooms_named(group.lines().next().unwrap()), ["store", "web"]);
    assert_eq!(rooms_named("let x = crate::mail::Verdict::new(crate::clock::y());"), ["mail", "clock"]);
}

#[test]
fn each_library_stays_in_its_room() {
    let mut wrong = Vec::new();
    for (file, source) in sources("src") {
        for (line, text) in code(&source) {
            for (library, rooms) in ONE_ROOM {
                let path = format!("{library}::");
                let named = text
                    .match_indices(&path)
                    .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
                if named && !rooms.contains(&room(&file)) && !is_test(&file) {
                    wrong.push(format!("{file}:{line}: {library} belongs to {rooms:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn time_and_raw_markup_stay_in_their_files() {
    let mut wrong = Vec::new();
    for (file, source) in sources("src") {
        for (line, text) in code(&source) {
            for (word, files) in WORDS {
                let at_home = files.iter().any(|home| file.starts_with(&format!("src/{home}")));
                if text.contains(word) && !at_home && !is_test(&file) {
                    wrong.push(format!("{file}:{line}: {word} belongs to {files:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_one_file_reads_the_parameters_of_an_address() {
    // axum's own extractor answers what it can't read with a bare text; `web/path.rs` makes it our page.
    let mut wrong = Vec::new();
    for (file, source) in sources("src") {
        let whole: String = code(&source).map(|(_, text)| text).collect::<Vec<_>>().join(" ");
        let named = |from: &str| {
            whole.split(from).skip(1).any(|rest| {
                let end = rest.find(';').unwrap_or(rest.len());
                let names = rest[..end].split(|c: char| !c.is_alphanumeric());
                let direct = !rest.starts_with('{');
                names.take(if direct { 1 } else { usize::MAX }).any(|x| matches!(x, "Path" | "RawPathParams"))
            })
        };
        if file != "src/web/path.rs" && named("axum::extract::") {
            wrong.push(file);
        }
    }
    assert!(wrong.is_empty(), "these files read a path other than by web/path.rs: {wrong:?}");
}

fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("tests.rs") || file.starts_with("tests/")
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |(file, source): &(String, String)| (!source.starts_with("//! ")).then(|| file.clone());
    let all: Vec<String> = sources("src").iter().chain(&sources("tests")).filter_map(silent).collect();
    assert!(all.is_empty(), "these files do not begin with what they are for: {all:#?}");
}

#[test]
fn nothing_is_left_to_do_and_no_line_is_too_long() {
    // In parts, so that this file may name them.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["todo", "!("].concat()];
    let mut wrong = Vec::new();
    for (file, source) in sources("src").into_iter().chain(sources("tests")).chain(sources("benches")) {
        for (n, line) in source.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{file}:{}: something is left to do", n + 1));
            }
            // A text may be longer: the formatter does not break it, and a broken sentence can't be searched for.
            let length = line.chars().count();
            if length > LINE_MAX && !line.contains('"') {
                wrong.push(format!("{file}:{}: {length} characters", n + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_readme_is_short() {
    if let Ok(readme) = std::fs::read_to_string(root().join("README.md")) {
        let lines = readme.lines().count();
        assert!(lines < README_MAX, "README.md has {lines} lines; {README_MAX} are the limit");
    }
}

/// What a paper names in backticks: paths that exist, and symbols that stand somewhere in the code.
#[test]
fn the_papers_name_what_exists() {
    let Ok(paper) = std::fs::read_to_string(root().join("ARCHITECTURE.md")) else { return };
    let all: String = ["src", "tests", "benches"].iter().flat_map(|x| sources(x)).map(|x| x.1).collect();
    let mut wrong = Vec::new();
    for (n, line) in fenced_out(&paper) {
        for named in line.split('`').skip(1).step_by(2) {
            if !exists(named, &all) {
                wrong.push(format!("ARCHITECTURE.md:{n}: {named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The lines outside of fenced blocks.
fn fenced_out(paper: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut out = Vec::new();
    for (n, line) in paper.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            out.push((n + 1, line));
        }
    }
    out
}

fn exists(named: &str, code: &str) -> bool {
    let is_path = named.ends_with(".rs") || named.ends_with('/') || named.ends_with(".md") || named.ends_with(".toml");
    if is_path && !named.contains([' ', '*', '{', '<']) {
        let below = ["", "src", "tests/it", "tests"].iter().any(|x| root().join(x).join(named).exists());
        // In a paragraph about a room its files go by their names alone.
        return below || sources("src").iter().any(|(file, _)| file.ends_with(&format!("/{named}")));
    }
    let symbol = named.trim_end_matches("()").rsplit("::").next().unwrap_or(named);
    let plain = !symbol.is_empty() && symbol.chars().all(|c| c.is_alphanumeric() || c == '_');
    let looks_like_code = named.contains("::") || named.ends_with("()") || symbol.contains('_');
    !plain || !looks_like_code || code.contains(symbol)
}
