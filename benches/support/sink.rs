//! A mail server that takes every letter after a fixed delay and keeps none. Threads of its own, whose sleep is exact.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A running sink.
pub struct Sink {
    pub port: u16,
    taken: Arc<AtomicUsize>,
}

impl Sink {
    pub fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (port, taken) = (listener.local_addr().expect("an address").port(), Arc::default());
        let count = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                std::thread::spawn(move || speak(&stream, delay, &count));
            }
        });
        Self { port, taken }
    }

    /// Letters taken so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

/// One connection to its end; whoever hangs up ends it too.
fn speak(stream: &TcpStream, delay: Duration, taken: &AtomicUsize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut lines, mut out) = (BufReader::new(stream), stream);
    out.write_all(b"220 sink\r\n").ok()?;
    let (mut line, mut in_letter) = (Vec::new(), false);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let answer: &[u8] = match (in_letter, line.as_slice()) {
            (true, b".\r\n") => {
                std::thread::sleep(delay);
                taken.fetch_add(1, Ordering::Relaxed);
                in_letter = false;
                b"250 taken\r\n"
            }
            (true, _) => continue,
            (false, b"DATA\r\n") => {
                in_letter = true;
                b"354 go on\r\n"
            }
            (false, b"QUIT\r\n") => b"221 bye\r\n",
            (false, _) => b"250 ok\r\n",
        };
        out.write_all(answer).ok()?;
    }
}
