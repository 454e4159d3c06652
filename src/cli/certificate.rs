//! `counterfoil certificate verify`: checks a certificate of delivery, with nothing but its file.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Failure, terminal};
use crate::domain::certificate::Line;
use crate::domain::ids::Digest;
use crate::store::certificate::{MAX_BYTES, Proven, check};

/// Options of `counterfoil certificate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check a certificate of delivery, without any data file
    Verify {
        /// The certificate, a JSON file
        file: PathBuf,
        /// The PDF that it should be about
        #[arg(long, value_name = "PDF")]
        document: Option<PathBuf>,
    },
}

/// Checks it.
///
/// # Errors
/// When it proves nothing, or is about another document.
pub fn run(args: Args) -> Result<(), Failure> {
    let What::Verify { file, document } = args.what;
    let proven = check(&read(&file)?).map_err(|flaw| Failure::new(format!("{}: {flaw}", file.display())))?;
    if let Some(path) = &document {
        let digest = digest(path)?;
        if digest != proven.document {
            return Err(Failure::new(format!(
                "{}: this is not the document that the certificate is about. Its SHA-256 is {digest}, and the \
                 certificate’s {}.",
                path.display(),
                proven.document
            )));
        }
    }
    tell(&proven, document.is_some());
    Ok(())
}

/// The file, at most one byte more than a certificate may have.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Failure::file(path, &e))?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| Failure::file(path, &e))?;
    Ok(bytes)
}

fn digest(path: &Path) -> Result<Digest, Failure> {
    let failed = |e: std::io::Error| Failure::file(path, &e);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut context, mut buffer) = (ring::digest::Context::new(&ring::digest::SHA256), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            n => context.update(&buffer[..n]),
        }
    }
    Ok(Digest(context.finish().as_ref().try_into().unwrap_or_default()))
}

fn tell(proven: &Proven, compared: bool) {
    let (certificate, document) = (&proven.certificate, &proven.certificate.document);
    let say = |line: String| terminal::say(&clean(&line));
    say(format!(
        "The certificate holds: {} {} of {} for {}.",
        document.kind, document.number, document.seller.name, document.buyer.name
    ));
    let which = if compared { "the PDF given" } else { "the PDF with this digest" };
    say(format!("Document: {which}, SHA-256 {}, {} bytes.", proven.document, document.bytes));
    for line in certificate.evidence.iter().chain(&certificate.staff) {
        say(told(line));
    }
    if certificate.left_out > 0 {
        say(format!("{} later lines are left out.", certificate.left_out));
    }
    say(format!(
        "Log: {} entries when it was made, {}; anchor {}.",
        certificate.head.count, certificate.made, certificate.head.anchor
    ));
    say(format!(
        "Signed with a key that calls itself that of {}. Compare its fingerprint with what {}/certificate shows: {}",
        certificate.firm, certificate.portal, proven.fingerprint
    ));
}

fn told(line: &Line) -> String {
    let from = line.from.map(|address| format!(" from {address}")).unwrap_or_default();
    let note = if line.note.is_empty() { String::new() } else { format!(" ({})", line.note) };
    format!("{}  {}: {}{from}{note}  [entry {}]", line.at, line.what.words(), line.who, line.entry)
}

/// Without anything that a terminal would obey or that turns text around: it is somebody's file.
fn clean(line: &str) -> String {
    line.chars().filter(|c| !c.is_control() && !crate::domain::text::is_deceptive(*c)).collect()
}
