//! The demo as a newcomer starts it: the firm is made by a process that ends, and nothing outlives the demo.

use super::*;

/// Processes of this folder's demo, itself among them.
fn processes(folder: &Path) -> usize {
    let name = folder.display().to_string();
    let of_demo = |at: &Path| {
        let words = std::fs::read(at.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).contains(&name)
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| of_demo(&entry.path())).count()
}

fn start(folder: &Path, more: &[&str]) -> Child {
    let data = folder.display().to_string();
    let fixed = ["demo", "--listen", "127.0.0.1:0", "--json", "--data", &data];
    command(&[&fixed, more].concat()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{what} never came");
}

fn ready(demo: &mut Child) -> serde_json::Value {
    let mut line = String::new();
    BufReader::new(demo.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line}"))
}

fn stop(mut demo: Child) {
    let pid = rustix::process::Pid::from_child(&demo);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(demo.wait().unwrap().success(), "it stops cleanly");
}

#[test]
fn a_first_start_makes_the_firm_in_a_process_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("firm");
    let mut demo = start(&data, &["--clients", "3", "--invoices", "40"]);
    let first = ready(&mut demo);
    assert_eq!(first["people"][0]["role"], "owner");
    let password = first["people"][0]["password"].as_str().unwrap();
    assert!(first["people"].as_array().unwrap().iter().all(|person| person["password"] == password), "{first}");
    assert_eq!(processes(&data), 1, "only the demo itself is left");
    stop(demo);
    let mut again = start(&data, &[]);
    assert_eq!(ready(&mut again)["people"], first["people"], "the firm that was made is the one that is there");
    stop(again);
}

#[test]
fn what_makes_the_firm_goes_with_a_demo_that_is_stopped_or_killed() {
    for stopped in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("firm");
        let mut demo = start(&data, &["--clients", "5000", "--invoices", "900000"]);
        wait_for("the process that makes the firm", || processes(&data) == 2);
        match stopped {
            true => stop(demo),
            false => {
                demo.kill().unwrap();
                demo.wait().unwrap();
            }
        }
        wait_for("its end", || processes(&data) == 0);
        assert!(!data.join("firm.counterfoil").exists(), "a firm is whole or absent");
    }
}
