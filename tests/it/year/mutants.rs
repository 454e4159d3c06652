//! Defects planted in the code itself, each of which a life must notice. A defect is switched on for a process of its
//! own: this test's program, run again.

use std::process::Command;

use counterfoil::mutants::{Mutant, VARIABLE};
use jiff::civil::date;

use super::{Kind, Planted, life_from};

/// Lives within which a defect must be noticed.
const SEEDS: u64 = 1_000;
/// The variable that names the one seed to live.
const ONLY_SEED: &str = "COUNTERFOIL_SEED";
const DAYS: i64 = 40;

/// In spring and summer Dublin's clocks are not those of UTC.
fn lived(seed: u64) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(life_from(Some(date(2027, 4, 1)), seed, DAYS, Planted::Nothing, Kind::Plain)).err()
}

/// With a defect, as the test below runs it again, it tells at which seed that is noticed; without one nothing is.
#[test]
fn a_life_without_a_defect_is_sound() {
    let seeds = match (std::env::var(ONLY_SEED), std::env::var(VARIABLE)) {
        (Ok(seed), _) => seed.parse().unwrap()..seed.parse::<u64>().unwrap() + 1,
        (Err(_), Ok(_)) => 0..SEEDS,
        (Err(_), Err(_)) => 0..1,
    };
    if let Some((seed, what)) = seeds.into_iter().find_map(|seed| Some((seed, lived(seed)?))) {
        panic!("noticed at seed {seed}: {what}");
    }
}

/// Whether it went well, and what was said.
fn run_with(defect: &str, seed: Option<&str>) -> (bool, String) {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "year::mutants::a_life_without_a_defect_is_sound", "--nocapture"]);
    again.env(VARIABLE, defect);
    if let Some(seed) = seed {
        again.env(ONLY_SEED, seed);
    }
    let output = again.output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_mutant_is_noticed() {
    for mutant in Mutant::ALL {
        let (_, said) = run_with(&format!("{mutant:?}"), None);
        let found = said.lines().find_map(|line| line.split_once("noticed at seed ")?.1.split_once(": "));
        let (seed, what) = found.unwrap_or_else(|| panic!("{mutant:?} went unnoticed: {said}"));
        let (sound, without) = run_with("", Some(seed));
        assert!(sound, "seed {seed} ({what}) fails without {mutant:?} as well: {without}");
    }
}
