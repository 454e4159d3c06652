//! Pages per second and per second of processor time, against a bare axum and rustls page of the same size, served by
//! another process on the same machine in the same run.
//!
//! `cargo bench --bench pages` measures the demo firm and a thousand invoices; `cargo bench --bench pages -- 1000000`
//! also that many. The load comes from this process, over keep-alive TLS connections that do as little as a client can.

#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints figures")]

#[expect(dead_code, reason = "shared with the benchmark of backups, which reads the demo's folder")]
mod support;

use std::time::Duration;

use support::{Demo, Measured, bare};

/// Connections of the load.
const CONNECTIONS: usize = 8;
/// How long each page is asked for.
const SPAN: Duration = Duration::from_secs(5);

fn main() {
    if let Some(size) = bare::wanted() {
        return bare::serve(size);
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(run());
}

async fn run() {
    support::describe_machine();
    let mut sizes: Vec<Option<u64>> = vec![None, Some(1_000)];
    sizes.extend(std::env::args().skip(1).filter_map(|a| a.parse().ok()).map(Some));
    let mut thousand: Option<Vec<(&str, Measured)>> = None;
    for size in sizes {
        let demo = Demo::start(size).await;
        println!(
            "\n{}: ready {:.2} s after start, {} MB when idle",
            demo.name,
            demo.ready.as_secs_f64(),
            demo.memory_mb()
        );
        let pages = demo.pages().await;
        let mut measured = Vec::new();
        for page @ (name, _) in &pages {
            let got = demo.load(page).run(CONNECTIONS, SPAN, demo.pid()).await;
            println!("  {name:<22} {got}");
            measured.push((*name, got));
        }
        if size.is_none() {
            let invoice = &measured[0].1;
            let plain = bare::measure(invoice.bytes, CONNECTIONS, SPAN).await;
            println!("  {:<22} {plain}", "bare page, same size");
            println!(
                "  signed-in invoice page ÷ bare page: {:.2} of its requests per second",
                invoice.per_second / plain.per_second
            );
        }
        match &thousand {
            Some(small) => {
                for ((name, few), (_, many)) in small.iter().zip(&measured) {
                    println!("  {name:<22} {:.2} × the time at 1,000", many.latency_us / few.latency_us);
                }
            }
            None if size == Some(1_000) => thousand = Some(measured),
            None => {}
        }
    }
}
