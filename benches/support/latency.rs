//! How long pages take while something else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Load, now};

/// Between two pages of one reader: far from what the server can do, as in a house.
const PAUSE: Duration = Duration::from_millis(20);

/// Times of pages in milliseconds, ascending.
pub struct Latencies(Vec<f64>);

impl Latencies {
    /// Of a page that so many readers ask for until `until` is done.
    pub async fn of(load: Load, readers: u64, until: impl Future<Output = ()>) -> Self {
        let (load, over) = (Arc::new(load), Arc::new(AtomicBool::new(false)));
        let mut reading = tokio::task::JoinSet::new();
        for _ in 0..readers {
            let (load, over) = (Arc::clone(&load), Arc::clone(&over));
            reading.spawn(async move {
                let (mut stream, mut took) = (load.connect().await, Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let begun = now();
                    load.ask(&mut stream).await;
                    took.push(begun.elapsed().as_secs_f64() * 1e3);
                    tokio::time::sleep(PAUSE).await;
                }
                took
            });
        }
        until.await;
        over.store(true, Ordering::Relaxed);
        let mut all: Vec<f64> = reading.join_all().await.into_iter().flatten().collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    /// The time that this part of them did not exceed.
    pub fn at(&self, part: f64) -> f64 {
        self.0[((self.0.len() as f64 * part) as usize).min(self.0.len() - 1)]
    }

    /// In words, of one or more rounds.
    pub fn all(rounds: &[Self]) -> String {
        let each = |part: f64| median(rounds.iter().map(|l| l.at(part)).collect::<Vec<_>>());
        let count: usize = rounds.iter().map(|l| l.0.len()).sum();
        format!("p50 {:.2} ms, p99 {:.2} ms, of {count} pages", each(0.5), each(0.99))
    }
}

pub fn median<T: Into<Vec<f64>>>(numbers: T) -> f64 {
    let mut numbers: Vec<f64> = numbers.into();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
