//! Registers of a hundred thousand invoices taken along, and a thousand drafts issued with their PDFs in one run.
//!
//! `cargo bench --bench documents`; a number behind `--` is of other invoices. Of each: seconds on the wall and of the
//! server's processor, and by how much the server's memory stood above what it had when idle, at its peak.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints figures")]

#[expect(dead_code, reason = "shared with the benchmark of pages, which compares with a bare server too")]
mod support;

use std::process::{Command, Stdio};

use support::{Demo, now, processor_ticks};

/// Invoices of the house.
const INVOICES: u64 = 100_000;
/// Drafts issued in one run, and the lines of each.
const DRAFTS: usize = 1_000;
const LINES: usize = 5;

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let invoices = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(INVOICES);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let demo = runtime.block_on(Demo::start(Some(invoices)));
    support::describe_machine();
    println!("{invoices} invoices; {} MB when idle", demo.memory_mb());
    for register in ["/desk/invoices.csv?state=all", "/desk/invoices.xml.zip?state=all"] {
        let mut bytes = 0;
        let told = measured(&demo, || bytes = runtime.block_on(taken(&demo, register)));
        println!("{register}: {:.1} MB; {told}", bytes as f64 / 1e6);
    }
    runtime.block_on(write_drafts(&demo));
    let told = measured(&demo, || issue_all(&demo));
    println!("{DRAFTS} drafts of {LINES} lines issued, with PDFs and letters: {told}");
}

/// Reads a register to its end; its length in bytes.
async fn taken(demo: &Demo, path: &str) -> usize {
    let mut answer = demo.get(path).await;
    let mut bytes = 0;
    while let Some(part) = answer.chunk().await.expect("the register goes on") {
        bytes += part.len();
    }
    bytes
}

/// By the form, as staff write them.
async fn write_drafts(demo: &Demo) {
    const FORM: &str = "/desk/invoices/new?client=1";
    let page = demo.get(FORM).await.text().await.expect("a form");
    let value = |name: &str| {
        let (_, after) = page.split_once(&format!("name=\"{name}\"")).expect("the field is there");
        after.split_once("value=\"").and_then(|x| x.1.split_once('"')).expect("a value").0.to_owned()
    };
    let mut fields: Vec<(String, String)> = ["csrf", "was", "currency", "to", "issued", "due"]
        .map(|name| (name.to_owned(), if name == "currency" { "EUR".to_owned() } else { value(name) }))
        .to_vec();
    for (name, value) in [("client", "1"), ("title", "Retainer"), ("do", "save")] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    for line in 0..LINES {
        for (name, value) in [
            ("description", "Advice on the lease"),
            ("quantity", "1.5"),
            ("unit", "HUR"),
            ("price", "220"),
            ("vat", "S:23"),
        ] {
            fields.push((format!("l{line}.{name}"), value.to_owned()));
        }
    }
    for _ in 0..DRAFTS {
        assert_eq!(demo.post("/desk/invoices/new", &fields).await, 303, "a draft was not saved");
    }
}

fn issue_all(demo: &Demo) {
    let config = demo.file("counterfoil.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.args(["issue", "--all", "--json", "--config"]).arg(config).stderr(Stdio::null());
    let output = command.output().expect("the command runs");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it speaks JSON");
    assert!(told["issued"].as_array().is_some_and(|all| all.len() >= DRAFTS), "{told}");
}

/// What a piece of work took, in words.
fn measured(demo: &Demo, work: impl FnOnce()) -> String {
    // Proc(5): 5 makes the peak start anew from what is resident now.
    std::fs::write(format!("/proc/{}/clear_refs", demo.pid()), "5").expect("the peak is reset");
    let (idle, before, begun) = (demo.memory_mb(), processor_ticks(demo.pid()), now());
    work();
    let (wall, ticks) = (begun.elapsed().as_secs_f64(), processor_ticks(demo.pid()) - before);
    let peak = demo.peak_mb();
    format!("{wall:.2} s, {:.2} s of the processor, {idle} MB before and {peak} MB at the peak", ticks as f64 / 100.0)
}
