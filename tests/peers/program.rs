//! The real binary: commands, the demo, a server. What is started here ends with the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The demo's first day.
pub const TODAY: &str = "2026-11-23";

/// A command of the program.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.args(args).env_remove("COUNTERFOIL_CONFIG").env_remove("TZ").stdin(Stdio::null());
    command
}

/// What a command that must succeed said.
pub fn said(args: &[&str]) -> String {
    succeeded(command(args).output().unwrap())
}

/// What a program that must succeed said.
pub fn succeeded(output: Output) -> String {
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{error}");
    said.into_owned()
}

/// The Python that has the peers.
pub fn python() -> Command {
    let path = std::env::var_os("COUNTERFOIL_PEERS_PYTHON");
    Command::new(path.expect("COUNTERFOIL_PEERS_PYTHON names a Python with aiosmtpd and pikepdf; tests/run sets it"))
}

/// Where `tests/run` puts what it installs.
pub fn peers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/peers")
}

/// A child that is killed with the test.
pub struct Running(pub Child);

impl Running {
    /// Starts it and reads its first line.
    pub fn with_first_line(command: &mut Command) -> (Self, String) {
        let mut running = Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (running, line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running demo in a folder of its own.
pub struct Demo {
    _running: Running,
    folder: tempfile::TempDir,
    /// Its address, without a slash at the end.
    pub url: String,
    people: Value,
}

impl Demo {
    pub fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo").display().to_string();
        let fixed = ["demo", "--listen", "127.0.0.1:0", "--json", "--today", TODAY, "--data", &data];
        let (running, line) = Running::with_first_line(&mut command(&[&fixed, more].concat()));
        let ready: Value = serde_json::from_str(&line).unwrap();
        let url = ready["url"].as_str().unwrap().trim_end_matches('/').to_owned();
        Self { _running: running, folder, url, people: ready["people"].clone() }
    }

    /// Its configuration, for commands that go to it.
    pub fn config(&self) -> String {
        self.folder.path().join("demo/counterfoil.toml").display().to_string()
    }

    /// Address and password of the person with this name.
    pub fn person(&self, name: &str) -> (String, String) {
        let person = self.people.as_array().unwrap().iter().find(|p| p["name"] == name).unwrap();
        let text = |key: &str| person[key].as_str().unwrap().to_owned();
        (text("email"), text("password"))
    }
}
