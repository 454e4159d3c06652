//! A socket that gives up on a peer that neither sends nor takes anything for a while.
//!
//! Lies below TLS, so that it covers the handshake, idle connections, and a reader who stops reading. Knows no
//! protocol.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A stream with a limit on silence.
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    /// When the last byte moved, in either direction.
    moved: Instant,
    /// Wakes at `moved + limit` or earlier: it is set again only when it fires, which keeps moving bytes cheap.
    timer: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Wraps `stream`; more than `limit` without a byte in either direction is an error of the kind `TimedOut`.
    pub fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, moved: Instant::now(), timer: Box::pin(tokio::time::sleep(limit)) }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let due = self.moved + self.limit;
            if due <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(due);
        }
    }

    /// Notes that bytes moved, or, while none do, whether that has lasted too long.
    fn judge<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.moved = Instant::now();
            return outcome;
        }
        self.poll_silence(cx).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.judge(cx, outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(cx, outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn silence_ends_a_stream_and_moving_bytes_keep_it() {
        let (mut here, there) = tokio::io::duplex(64);
        let mut there = Patient::new(there, Duration::from_millis(200));
        let mut byte = [0];
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(120)).await;
            here.write_all(b"x").await.unwrap();
            there.read_exact(&mut byte).await.unwrap();
        }
        assert_eq!(there.read_exact(&mut byte).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_who_stops_reading_is_given_up() {
        let (_here, there) = tokio::io::duplex(64);
        let mut there = Patient::new(there, Duration::from_millis(50));
        assert_eq!(there.write_all(&[0; 65]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
