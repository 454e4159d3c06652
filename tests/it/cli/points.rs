//! Points taken by hand: from the running server, which has the keys, by the command, which writes them; and without a
//! server.

use std::time::Duration;

use counterfoil::domain::ids::Digest;
use counterfoil::secrets::sha256;

use super::*;

impl Made {
    fn point(&self, more: &[&str]) -> Output {
        // Points are called after the second.
        std::thread::sleep(Duration::from_millis(1_100));
        let what = ["backup", "--incremental", "--folder", &self.text("points")];
        self.on("house", &[what.as_slice(), more].concat())
    }

    fn folder(&self, name: &str) {
        std::fs::create_dir(self.path(name)).unwrap();
    }

    /// Names of the points, oldest first.
    fn points(&self) -> Vec<String> {
        names(&self.path("points")).into_iter().filter(|name| name.ends_with(".point")).collect()
    }
}

/// The number before a word.
fn number(said: &str, before: &str) -> u64 {
    let at = said.find(before).unwrap_or_else(|| panic!("no {before:?} in {said}"));
    said[..at].split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
fn a_point_is_taken_now_from_the_running_server_and_from_the_file_alone() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    made.folder("points");
    let serving = Serving::of(&made, "house");
    let plan = made.path("plan.txt");
    std::fs::write(&plan, "a line of the plan\n".repeat(300_000)).unwrap();
    said(&made.on("house", &["document", "add", plan.to_str().unwrap(), "--client", "Marlow Ltd"]));
    let first = said(&made.point(&["--drill"]));
    assert!(first.contains("Restored on trial: "), "{first}");
    let written = |said: &str| number(said, " bytes were written for it");
    assert!(written(&first) > 5_000_000, "{first}");
    // Pieces end where the data file's own key says so, and after 4 MiB at the latest: some stay as they are.
    let changed_max = written(&first) - 1_000_000;
    said(&made.publish("Marlow Ltd", "2026-0117"));
    let second = said(&made.point(&["--rate", "50"]));
    assert!(written(&second) < changed_max, "all of it was written again: {second}");
    serving.stop();
    let third = said(&made.point(&["--drill"]));
    assert!(third.contains("Restored on trial: ") && written(&third) < changed_max, "{third}");

    let points = made.points();
    assert_eq!(points.len(), 3);
    let digest = |point: &String| Digest(sha256(&std::fs::read(made.path("points").join(point)).unwrap()));
    let noted: Vec<Digest> = log(&made.store("house"))
        .into_iter()
        .rev()
        .filter_map(|event| if let Event::BackupMade { digest, .. } = event { Some(digest) } else { None })
        .collect();
    assert_eq!(noted, points.iter().map(digest).collect::<Vec<_>>());
    for (point, there) in [(&points[0], false), (&points[2], true)] {
        let (to, stamp) =
            (if there { "new" } else { "old" }, &point["counterfoil-".len()..point.len() - ".point".len()]);
        let (from, identity) = (made.text("points"), made.text("house.backup-identity.txt"));
        let restore = ["restore", "--from", &from, "--point", stamp, "--data", &made.text(to), "--identity", &identity];
        said(&run(&restore));
        let number = "2026-0117".parse().unwrap();
        assert_eq!(made.store(to).read(|r| r.invoice_numbered(&number)).unwrap().is_some(), there, "{point}");
    }
    // Two are of a day that is kept once; their pieces go with them.
    let thinned = said(&made.point(&["--keep-daily", "1"]));
    assert!(points.iter().all(|point| thinned.contains(&format!("{point} is no longer kept."))), "{thinned}");
    assert!(thinned.contains("pieces that no point needs are removed"), "{thinned}");
    assert_eq!(made.points().len(), 1);
}

#[test]
fn a_point_that_can_not_be_taken_is_told_by_who_knows_why_and_harms_none() {
    let made = Made::new();
    let serving = Serving::of(&made, "house");
    let usage = made.on("house", &["backup", "--incremental", "--to", &made.text("file")]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(refused(&made.point(&[])).ends_with("points is not there; check the path.\n"), "no folder");
    std::fs::write(made.path("points"), "a file").unwrap();
    assert!(refused(&made.point(&[])).contains("part of this path is a file and not a folder"));
    std::fs::remove_file(made.path("points")).unwrap();
    made.folder("points");
    said(&made.point(&[]));
    let lock = std::fs::File::open(made.path("points")).unwrap();
    lock.lock().unwrap();
    assert!(refused(&made.point(&[])).contains("another backup is being written there"));
    drop(lock);
    // The pieces' folder is none any more: the command meets that, while the server takes the point.
    std::fs::rename(made.path("points/pieces"), made.path("points/moved")).unwrap();
    std::fs::write(made.path("points/pieces"), "a file").unwrap();
    let sentence = refused(&made.point(&[]));
    assert!(sentence.contains("points") && !sentence.contains("broken off"), "{sentence}");
    std::fs::remove_file(made.path("points/pieces")).unwrap();
    std::fs::rename(made.path("points/moved"), made.path("points/pieces")).unwrap();
    assert_eq!(made.points().len(), 1);
    said(&made.point(&[]));
    serving.stop();
    assert_eq!(made.points().len(), 2);
}
