//! `counterfoil document add`: a file from the command line into a client's area, as large as it may be, in the memory
//! of one batch.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::control::{Line, Peer};
use super::protocol::{DATA_BYTES, Document, Posted, Request};
use super::publish::{find_client, find_project};
use super::{Failure, house, serve, terminal};
use crate::actions::documents::{self, Place};
use crate::actions::letters::posted_to;
use crate::actions::uploads::{self, Upload};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::access::StaffScope;
use crate::domain::event::By;
use crate::domain::file_type::plain_name;
use crate::domain::ids::{ClientId, DocumentId};
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Options of `counterfoil document`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Post a file as a new document, or as a new version of one
    Add(Add),
}

/// Options of `counterfoil document add`.
#[derive(Debug, clap::Args)]
struct Add {
    /// The file; its name's ending says what it is
    file: PathBuf,
    /// The client: full name, the firm's own reference, or identifier
    #[arg(long, allow_hyphen_values = true)]
    client: String,
    /// One of the client's projects: name or identifier
    #[arg(long, allow_hyphen_values = true, conflicts_with = "version_of")]
    project: Option<String>,
    /// What it is, as the client reads it [default: the file's name]
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true,
        conflicts_with = "version_of"
    )]
    title: String,
    /// What is new in it, as the client reads it
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    note: String,
    /// The number of the client's document that it is a new version of
    #[arg(long, value_name = "NUMBER")]
    version_of: Option<u64>,
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// Posts, through the running server or into the data file itself.
///
/// # Errors
/// A sentence; then nothing was changed.
pub fn run(args: Args) -> Result<(), Failure> {
    let Act::Add(add) = args.act;
    let config = Config::load(&add.config)?;
    let (file, bytes) = open(&add.file)?;
    let name = add.file.file_name().map_or_else(String::new, |name| plain_name(&name.to_string_lossy()));
    let Add { client, project, title, note, version_of, .. } = add;
    let request = Document { client, project, title, note, version_of, name, bytes };
    let bar = terminal::bar("Posting");
    bar.set_length(bytes);
    let mut file = bar.wrap_read(file);
    let posted: Posted = match Line::connect(&config.data)? {
        Some(mut line) => line.ask_with(&Request::Document(request), &mut file, |_| Ok(()))?,
        None => alone(&config, &request, &mut file)?,
    };
    bar.finish_and_clear();
    tell(&posted);
    Ok(())
}

fn open(path: &Path) -> Result<(File, u64), Failure> {
    let failed = |e| Failure::file(path, &e);
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Failure::new(format!("{} is no file. Name one, or put a folder into a ZIP.", path.display())));
    }
    Ok((file, about.len()))
}

/// Without a server: into the data file, which nobody else has open.
fn alone(config: &Config, request: &Document, file: &mut impl Read) -> Result<Posted, Failure> {
    let entropy = Entropy::system();
    let store = house::open_store(config, &entropy)?;
    let app = house::build_app(config, store, Clock::system(), entropy)?;
    let mut part = vec![0; DATA_BYTES];
    let read = || {
        let read = file.read(&mut part).map_err(|e| Failure::new(format!("The file can't be read: {e}.")))?;
        Ok(part[..read].to_vec())
    };
    let posted = serve::runtime()?.block_on(async {
        app.store.housekeep(app.now(), uploads::sweep).await?;
        let posted = perform(&app, request, read).await;
        uploads::clear(&app).await?;
        posted
    });
    app.store.close();
    posted
}

/// The server's part: the file follows as data frames.
///
/// # Errors
/// When something in it is unknown or refused, or the command is gone; nothing of the file is kept then.
pub fn serve(peer: &mut Peer, app: &App, request: &Document) -> Result<(), Failure> {
    let posted = tokio::runtime::Handle::current().block_on(perform(app, request, || peer.part()))?;
    peer.answer(&posted)
}

/// Posts the file whose parts `next` gives.
async fn perform(
    app: &App,
    request: &Document,
    mut next: impl FnMut() -> Result<Vec<u8>, Failure>,
) -> Result<Posted, Failure> {
    let (place, client, name) = app.store.read(|r| place(r, request))?;
    let scope = StaffScope::all();
    let mut upload = Upload::begin(app, &scope, client, &request.name, Some(request.bytes)).await?;
    let mut left = request.bytes;
    while left > 0 {
        let part = next()?;
        left = left.checked_sub(part.len() as u64).filter(|_| !part.is_empty()).ok_or_else(changed)?;
        upload.push(&part).await?;
    }
    let arrived = upload.finish().await?;
    let by = By::command_line();
    let (document, version) = documents::post(app, by, &scope, place, request.note.clone(), arrived).await?;
    app.store.read(|r| {
        let kept = r.document(document)?.ok_or_else(|| StoreError::Broken("a document is gone".to_owned()))?;
        let mut seen_by = r.contacts_of(client)?;
        seen_by.retain(|c| c.sees_document(client, kept.project));
        let letters = posted_to(r, client, kept.project)?.len();
        let seen_by = seen_by.into_iter().map(|c| c.name).collect();
        Ok(Posted { document: document.0, version, title: kept.title, client: name, seen_by, letters })
    })
}

fn place(r: &ReadTx, request: &Document) -> Result<(Place, ClientId, String), Failure> {
    let client = find_client(r, &request.client)?;
    let project = request.project.as_ref().map(|name| find_project(r, client.id, name)).transpose()?;
    let place = match request.version_of {
        None => Place::New { client: client.id, project, title: request.title.clone() },
        Some(id) => {
            let own = r.document(DocumentId(id))?.is_some_and(|d| d.client == client.id);
            let none = || Failure::new(format!("{} has no document with the number {id}.", client.party.name));
            own.then_some(Place::Version(DocumentId(id))).ok_or_else(none)?
        }
    };
    Ok((place, client.id, client.party.name))
}

fn changed() -> Failure {
    Failure::new("The file changed while it was read, so it was not posted. Try again.")
}

fn tell(posted: &Posted) {
    let what = match posted.version {
        1 => format!("“{}” is posted for {}, as document {}", posted.title, posted.client, posted.document),
        n => format!("Version {n} of “{}” is posted for {}, document {}", posted.title, posted.client, posted.document),
    };
    let seen = match posted.seen_by.as_slice() {
        [] => "seen by nobody outside the firm".to_owned(),
        names => format!("seen by {}", names.join(", ")),
    };
    let letters = match posted.letters {
        0 => "nobody gets a letter".to_owned(),
        1 => "1 of them gets a letter".to_owned(),
        n => format!("{n} of them get a letter"),
    };
    terminal::say(&format!("{what}; {seen}, {letters}."));
}
