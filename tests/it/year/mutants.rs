//! Defects planted in the code itself, each of which a life must notice. A defect is switched on for a process of its
//! own: this test's program, run again.

use std::io::Write;
use std::process::Command;

use counterfoil::mutants::{Mutant, VARIABLE};
use jiff::civil::date;

use super::{Planted, life_from};

/// Lives within which a defect must be noticed.
const SEEDS: u64 = 1_000;
/// The variable that names the one seed to live.
const ONLY_SEED: &str = "COUNTERFOIL_SEED";
const DAYS: i64 = 40;

/// In spring and summer Dublin's clocks are not those of UTC.
fn lived(seed: u64) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(life_from(Some(date(2027, 4, 1)), seed, DAYS, Planted::Nothing)).err()
}

#[test]
#[ignore = "is run with a defect, by the test below"]
fn a_life_with_a_defect_is_noticed() {
    let seeds = match std::env::var(ONLY_SEED) {
        Ok(seed) => seed.parse().unwrap()..seed.parse::<u64>().unwrap() + 1,
        Err(_) => 0..SEEDS,
    };
    let noticed = seeds.clone().find_map(|seed| Some((seed, lived(seed)?)));
    match noticed {
        Some((seed, what)) => writeln!(std::io::stdout(), "noticed at seed {seed}: {what}").unwrap(),
        None => writeln!(std::io::stdout(), "nothing is noticed in seeds {seeds:?}").unwrap(),
    }
}

fn run_with(defect: &str, seed: Option<&str>) -> String {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "year::mutants::a_life_with_a_defect_is_noticed", "--ignored", "--nocapture"]);
    again.env(VARIABLE, defect);
    if let Some(seed) = seed {
        again.env(ONLY_SEED, seed);
    }
    String::from_utf8_lossy(&again.output().unwrap().stdout).into_owned()
}

#[test]
fn every_mutant_is_noticed() {
    for mutant in Mutant::ALL {
        let said = run_with(&format!("{mutant:?}"), None);
        let found = said.lines().find_map(|line| line.split_once("noticed at seed ")?.1.split_once(": "));
        let (seed, what) = found.unwrap_or_else(|| panic!("{mutant:?} went unnoticed: {said}"));
        let without = run_with("", Some(seed));
        assert!(
            without.contains("nothing is noticed"),
            "seed {seed} ({what}) fails without {mutant:?} as well: {without}"
        );
    }
}
