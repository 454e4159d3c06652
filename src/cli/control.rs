//! The control socket in the data folder: how commands ask a running server, which alone has the data file open.
//!
//! Both ends. The socket has mode 0600, and the server looks at the peer's user as well.

use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::protocol::{self, DataFrames, Kind, Progress, Publish, Request};
use super::{
    Failure, audit, backup, document, export, import, issue, numbers, publish, reminders, stats, user, verify,
};
use crate::app::App;
use crate::backup::aside::aside;

/// The socket's name in the data folder.
const SOCKET: &str = "control.sock";
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the server looks up from waiting whether it is to stop.
const LOOK_UP: Duration = Duration::from_secs(1);
/// Commands served at once.
const AT_ONCE: usize = 4;
/// Longest path that the system takes for a socket, with some room.
const PATH_MAX: usize = 100;

/// The server's end.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
    app: App,
    config_text: Option<String>,
}

impl Control {
    /// Takes the place in the data folder, whose lock the caller holds: a socket found there is a dead server's.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn bind(data: &Path, app: App, config_text: Option<String>) -> Result<Self, Failure> {
        let path = data.join(SOCKET);
        let failed = |e: io::Error| Failure::file(&path, &e);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        let listener = at_short_path(data, |short| UnixListener::bind(short)).map_err(failed)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, path, app, config_text })
    }

    /// Serves commands until `stop` says true; what is under way then breaks off.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (room, mut under_way) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let Ok((stream, _)) = accepted else { break };
            let own = rustix::process::geteuid().as_raw();
            let allowed = stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0);
            let (Ok(stream), Ok(permit)) = (stream.into_std(), Arc::clone(&room).try_acquire_owned()) else { continue };
            if !allowed {
                tracing::warn!("somebody else's process knocked at the control socket");
                continue;
            }
            let (app, config_text, stop) = (self.app.clone(), self.config_text.clone(), stop.clone());
            under_way.spawn_blocking(move || {
                let mut peer = Peer { stream, stop };
                if let Err(error) = peer.serve(&app, config_text) {
                    tracing::debug!(%error, "a command broke off");
                }
                drop(permit);
            });
            while under_way.try_join_next().is_some() {}
        }
        under_way.join_all().await;
        let _ = std::fs::remove_file(&self.path);
    }
}

/// One command at the socket. Stops talking when the server stops.
pub struct Peer {
    stream: UnixStream,
    stop: watch::Receiver<bool>,
}

impl Peer {
    fn serve(&mut self, app: &App, config_text: Option<String>) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_read_timeout(Some(PATIENCE))?;
        self.stream.set_write_timeout(Some(PATIENCE))?;
        let (Kind::Request, payload) = protocol::receive(self)? else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let answer = match serde_json::from_slice(&payload)? {
            // What reads everything gives way to whoever looks at a page.
            Request::Backup { to } => aside(|| backup::serve(self, app, config_text, &to)),
            Request::Point { rate } => aside(|| backup::serve_point(self, app, config_text, rate)),
            Request::Drilled(drill) => backup::serve_drill(self, app, &drill),
            Request::Recipients(change) => backup::serve_recipients(self, app, &change),
            Request::Verify => aside(|| verify::serve(self, app)),
            Request::Audit { anchors } => audit::serve(self, app, &anchors),
            Request::Export => aside(|| export::serve(self, app)),
            Request::Stats => stats::serve(self, app),
            Request::Numbers => numbers::serve(self, app),
            Request::Reminders { days } => reminders::serve(self, app, days),
            Request::Policy => reminders::serve_policy(self, app),
            Request::PasswordLink { email } => {
                let granted = user::grant(&app.store, app.now(), &app.entropy, &app.settings.url, &email);
                granted.and_then(|link| self.answer(&link))
            }
            Request::Publish(request) => self.publish(app, &request),
            Request::Issue { client } => issue::serve(self, app, client.as_deref()),
            Request::Import { asked } => import::serve(self, app, asked),
            Request::Document(request) => document::serve(self, app, &request),
        };
        match answer {
            Ok(()) => Ok(()),
            Err(failure) => protocol::send(self, Kind::Failed, failure.to_string().as_bytes()),
        }
    }

    fn publish(&mut self, app: &App, request: &Publish) -> Result<(), Failure> {
        let pdf = self.body(request.bytes, app.settings.upload_max)?;
        let published = tokio::runtime::Handle::current().block_on(publish::perform(app, request, pdf))?;
        self.answer(&published)
    }

    fn body(&mut self, length: u64, max: usize) -> Result<Vec<u8>, Failure> {
        let length = usize::try_from(length).ok().filter(|length| *length <= max);
        let length = length.ok_or_else(|| Failure::new("The PDF is larger than the configuration allows."))?;
        let mut body = Vec::with_capacity(length);
        while body.len() < length {
            match protocol::receive(self).map_err(gone)? {
                (Kind::Data, part) if part.len() <= length - body.len() => body.extend(part),
                _ => return Err(gone(io::ErrorKind::InvalidData.into())),
            }
        }
        Ok(body)
    }

    /// The next part of a body.
    ///
    /// # Errors
    /// When the command is gone or sends something else.
    pub fn part(&mut self) -> Result<Vec<u8>, Failure> {
        match protocol::receive(self).map_err(gone)? {
            (Kind::Data, part) => Ok(part),
            _ => Err(gone(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Sends the answer.
    ///
    /// # Errors
    /// When the command is gone.
    pub fn answer(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        protocol::send_json(self, Kind::Answer, value).map_err(gone)
    }

    /// Says how far it is. A command that is gone is noticed elsewhere.
    pub fn progress(&mut self, what: &str, done: u64, all: u64) {
        let _ = protocol::send_json(self, Kind::Progress, &Progress { what: what.to_owned(), done, all });
    }

    /// What the command says that it kept; `None` when it did not.
    pub fn was_kept<K: serde::de::DeserializeOwned>(&mut self) -> Option<K> {
        match protocol::receive(self) {
            Ok((Kind::Kept, payload)) => serde_json::from_slice(&payload).ok(),
            _ => None,
        }
    }
}

impl Peer {
    fn going_on(&self) -> io::Result<()> {
        if *self.stop.borrow() { Err(io::Error::other("the server is stopping")) } else { Ok(()) }
    }

    /// What the command asks next, however long that takes; `None` once it is gone, or the server stops.
    pub fn next_request<R: serde::de::DeserializeOwned>(&mut self) -> Option<R> {
        self.stream.set_read_timeout(Some(LOOK_UP)).ok()?;
        while !*self.stop.borrow() {
            match rustix::net::recv(&self.stream, &mut [0], rustix::net::RecvFlags::PEEK) {
                Ok((1.., _)) => {
                    self.stream.set_read_timeout(Some(PATIENCE)).ok()?;
                    let (Kind::Request, payload) = protocol::receive(self).ok()? else { return None };
                    return serde_json::from_slice(&payload).ok();
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                _ => return None,
            }
        }
        None
    }
}

impl Read for Peer {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.stream.read(out)
    }
}

impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.going_on()?;
        self.stream.write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.going_on()?;
        self.stream.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The command's end.
pub struct Line(UnixStream);

impl Line {
    /// To the server that has `data` open; `None` when none answers.
    ///
    /// # Errors
    /// When the socket is there and may not be used.
    pub fn connect(data: &Path) -> Result<Option<Self>, Failure> {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        match at_short_path(data, |short| UnixStream::connect(short)) {
            Ok(stream) => {
                let ready =
                    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
                ready.map_err(gone)?;
                Ok(Some(Self(stream)))
            }
            Err(e) if matches!(e.kind(), NotFound | ConnectionRefused) => Ok(None),
            Err(e) => Err(Failure::file(&data.join(SOCKET), &e)),
        }
    }

    /// Asks, with a body if there is one, gives data and progress to `on`, and returns the answer.
    ///
    /// # Errors
    /// The server's own words, or that it is gone.
    pub fn ask<A: serde::de::DeserializeOwned>(
        &mut self,
        request: &Request,
        body: &[u8],
        on: impl FnMut(Said<'_>) -> Result<(), Failure>,
    ) -> Result<A, Failure> {
        self.ask_with(request, &mut &*body, on)
    }

    /// As [`Line::ask`], with a body that is read as it is sent. A server that refuses it meanwhile is heard.
    ///
    /// # Errors
    /// As [`Line::ask`], or when the body can't be read.
    pub fn ask_with<A: serde::de::DeserializeOwned>(
        &mut self,
        request: &Request,
        body: &mut dyn Read,
        mut on: impl FnMut(Said<'_>) -> Result<(), Failure>,
    ) -> Result<A, Failure> {
        protocol::send_json(&mut self.0, Kind::Request, request).map_err(gone)?;
        let mut part = vec![0; protocol::DATA_BYTES];
        loop {
            let read = body.read(&mut part).map_err(|e| Failure::new(format!("The file can't be read: {e}.")))?;
            // Whoever is refused gets no further with sending; why, is there to be read.
            if read == 0 || DataFrames(&mut self.0).write_all(&part[..read]).is_err() {
                break;
            }
        }
        loop {
            let kind = protocol::receive_into(&mut self.0, &mut part).map_err(gone)?;
            let payload = &part;
            match kind {
                Kind::Data => on(Said::Data(payload))?,
                Kind::Progress => on(Said::Progress(serde_json::from_slice(payload).map_err(|e| gone(e.into()))?))?,
                Kind::Answer => return serde_json::from_slice(payload).map_err(|e| gone(e.into())),
                Kind::Failed => return Err(Failure::new(String::from_utf8_lossy(payload))),
                Kind::Request | Kind::Kept | Kind::Errand => return Err(gone(io::ErrorKind::InvalidData.into())),
            }
        }
    }

    /// Says that what came was kept, as what.
    pub fn kept(&mut self, what: &impl serde::Serialize) {
        let _ = protocol::send_json(&mut self.0, Kind::Kept, what);
        // The server closes when it has noted it.
        let _ = self.0.read(&mut [0]);
    }
}

impl Read for Line {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What the server says before its answer.
pub enum Said<'a> {
    /// Part of what was asked for.
    Data(&'a [u8]),
    /// How far it is.
    Progress(Progress),
}

/// The talk with the other side broke off.
pub fn gone(error: io::Error) -> Failure {
    Failure::new(format!("The talk with the running server broke off: {error}."))
}

/// Sockets have short names only: a long path is reached through a link in the temporary folder.
fn at_short_path<T>(data: &Path, at: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = data.join(SOCKET);
    if path.as_os_str().len() <= PATH_MAX {
        return at(&path);
    }
    let folder = tempfile::Builder::new().prefix("cf-").tempdir()?;
    let link = folder.path().join("d");
    std::os::unix::fs::symlink(data, &link)?;
    at(&link.join(SOCKET))
}
