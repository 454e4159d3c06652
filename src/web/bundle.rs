//! Several documents as one ZIP: written while it is sent, with one document in memory, and a manifest at its end.
//!
//! Knows neither who asks nor what a document is; whoever uses it reads each document when its turn comes.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::archive::{Archive, Packing};
use super::download;
use crate::documents::Csv;
use crate::domain::format::Format;
use crate::domain::invoice::{Body as Content, Invoice};
use crate::domain::monthly::{self, MonthStatement};
use crate::secrets;

/// Most documents of one archive.
pub const DOCUMENTS_MAX: usize = 20_000;
/// Bytes that are gathered before they are sent, and so many pieces may wait for a slow reader.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;
/// The table at the end of an archive. The names are promised, as those of `documents::csv` are.
const MANIFEST: [&str; 10] =
    ["file", "number", "document", "issued", "due", "currency", "total", "bytes", "sha256", "made_here"];

/// An archive that is being written.
pub struct Bundle {
    zip: Archive<Pipe>,
    manifest: Csv,
}

impl Bundle {
    /// Adds a document's PDF.
    ///
    /// # Errors
    /// When the reader is gone.
    pub fn add(&mut self, invoice: &Invoice, pdf: &[u8]) -> io::Result<()> {
        let Some(issue) = &invoice.issue else { return Ok(()) };
        let file = self.zip.add(&issue.number.file_name(Format::Pdf.ending()), pdf, Packing::Stored)?;
        let digest: String = secrets::sha256(pdf).iter().map(|b| format!("{b:02x}")).collect();
        let due = if invoice.is_invoice() { invoice.due.to_string() } else { String::new() };
        let made_here = matches!(invoice.body, Content::Composed(_));
        self.manifest.row(&[
            file,
            issue.number.to_string(),
            if invoice.is_invoice() { "invoice" } else { "credit note" }.to_owned(),
            invoice.dated.to_string(),
            due,
            invoice.currency.to_string(),
            issue.totals.payable().decimal().to_string(),
            pdf.len().to_string(),
            digest,
            if made_here { "yes" } else { "no" }.to_owned(),
        ]);
        Ok(())
    }

    /// Adds the PDF of a client's month-end statement, under this name.
    ///
    /// # Errors
    /// When the reader is gone.
    pub fn add_statement(&mut self, file: &str, statement: &MonthStatement, pdf: &[u8]) -> io::Result<()> {
        let file = self.zip.add(file, pdf, Packing::Stored)?;
        let digest: String = secrets::sha256(pdf).iter().map(|b| format!("{b:02x}")).collect();
        // Of several currencies there is no one total.
        let (currency, total) = match statement.closing().as_slice() {
            [one] => (one.currency.to_string(), one.decimal().to_string()),
            _ => (String::new(), String::new()),
        };
        self.manifest.row(&[
            file,
            monthly::code(statement.month),
            "statement".to_owned(),
            statement.period().1.to_string(),
            String::new(),
            currency,
            total,
            pdf.len().to_string(),
            digest,
            "yes".to_owned(),
        ]);
        Ok(())
    }

    /// Ends the archive with its manifest.
    fn finish(mut self) -> io::Result<()> {
        self.zip.add("manifest.csv", &self.manifest.into_bytes(), Packing::Deflated)?;
        self.zip.finish()?.send_rest()
    }
}

/// Sends the archive that `fill` makes, on a thread of its own. What fails in the middle breaks the download off, so
/// that half an archive is never taken for a whole one.
pub fn send(name: &str, fill: impl FnOnce(&mut Bundle) -> io::Result<()> + Send + 'static) -> Response {
    let (sender, receiver) = mpsc::channel(PIECES);
    let broken = sender.clone();
    tokio::task::spawn_blocking(move || {
        let pipe = Pipe { sender, gathered: Vec::with_capacity(PIECE) };
        let mut bundle = Bundle { zip: Archive::new(pipe), manifest: Csv::new(&MANIFEST) };
        if let Err(error) = fill(&mut bundle).and_then(|()| bundle.finish()) {
            // Whoever is gone needs no answer.
            let _ = broken.blocking_send(Err(error));
        }
    });
    let headers = [
        (CONTENT_TYPE, Format::Zip.media_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::new(Received(receiver))).into_response()
}

/// Sends a file that `fill` writes piece by piece, as [`send`] does; what is a ZIP has no manifest.
pub fn stream(
    format: Format,
    name: &str,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel(PIECES);
    let broken = sender.clone();
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { sender, gathered: Vec::with_capacity(PIECE) };
        if let Err(error) = fill(&mut pipe).and_then(|()| pipe.send_rest()) {
            let _ = broken.blocking_send(Err(error));
        }
    });
    download::headers(format.media_type(), name, Body::new(Received(receiver))).into_response()
}

/// Gathers bytes and sends them in pieces; waits while the reader is behind.
struct Pipe {
    sender: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
}

impl Pipe {
    fn send_rest(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.send_rest()?;
        }
        Ok(bytes.len())
    }

    /// Pieces go when they are full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The pieces as a response's body.
struct Received(mpsc::Receiver<io::Result<Bytes>>);

impl HttpBody for Received {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
