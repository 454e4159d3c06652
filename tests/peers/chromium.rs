//! Chromium, driven through ChromeDriver: one browser, with a profile of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

use crate::program::Running;
use crate::visitor::provider;

const DRIVER: &str = "/usr/bin/chromedriver";
/// Looks at a page that may be on its way, and the time between them.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// For a start, a letter, a file.
const PATIENCE: Duration = Duration::from_secs(60);
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
];

pub struct Chromium {
    // Dropped in this order: the session ends while its driver still listens.
    pub driver: WebDriver,
    _process: Running,
    folder: tempfile::TempDir,
}

impl Chromium {
    pub async fn start() -> Self {
        provider();
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(DRIVER);
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Running(command.spawn().expect("chromedriver is missing; tests/run installs it"));
        let mut caps = DesiredCapabilities::chrome();
        for flag in FLAGS {
            caps.add_arg(flag).unwrap();
        }
        caps.add_arg(&format!("--user-data-dir={}", folder.path().join("profile").display())).unwrap();
        caps.accept_insecure_certs(true).unwrap();
        caps.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let started = within("ChromeDriver", async || {
            WebDriver::new(format!("http://127.0.0.1:{port}"), caps.clone()).await.ok()
        });
        let chromium = Self { driver: started.await, _process: process, folder };
        std::fs::create_dir(chromium.downloads()).unwrap();
        let to = chromium.downloads().display().to_string();
        chromium.tool("Browser.setDownloadBehavior", json!({"behavior": "allow", "downloadPath": to})).await;
        chromium
    }

    /// One with a telephone's window.
    pub async fn phone() -> Self {
        let phone = Self::start().await;
        phone.size(390, 844).await;
        phone
    }

    pub async fn tool(&self, name: &str, parameters: Value) {
        self.driver.cdp().send_raw(name, parameters).await.unwrap();
    }

    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700});
        self.tool("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.tool("Emulation.setEmulatedMedia", features).await;
    }

    pub async fn goto(&self, address: &str) {
        self.driver.goto(address).await.unwrap();
    }

    pub async fn path(&self) -> String {
        self.driver.current_url().await.unwrap().path().to_owned()
    }

    pub async fn text(&self) -> String {
        self.text_of("body").await
    }

    /// The text of the first element that fits, once a page that is being left is gone.
    pub async fn text_of(&self, css: &str) -> String {
        for _ in 0..TRIES {
            if let Ok(text) = self.find(css).await.text().await {
                return text;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{css} never stood still at {}", self.path().await)
    }

    /// The first element that fits, once it is there.
    pub async fn find(&self, css: &str) -> WebElement {
        for _ in 0..TRIES {
            if let Ok(found) = self.driver.find(By::Css(css)).await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("nothing fits {css} at {}:\n{}", self.path().await, self.source().await)
    }

    /// Waits until the address ends so.
    pub async fn arrives(&self, fits: impl Fn(&str) -> bool) {
        for _ in 0..TRIES {
            if fits(&self.path().await) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("still at {}:\n{}", self.path().await, self.text().await)
    }

    async fn source(&self) -> String {
        self.driver.source().await.unwrap()
    }

    /// Presses the button, link or summary with this text, which leaves the page where it is.
    pub async fn press(&self, text: &str) {
        let found = self.named(text).await;
        found.scroll_into_view().await.unwrap();
        found.click().await.unwrap();
    }

    /// Presses the button or link with this text and waits until the page that it was on is gone. Without that, what
    /// is done next could still be done to the old page, and be lost.
    pub async fn turn(&self, text: &str) {
        let found = self.named(text).await;
        self.leave(&found).await;
    }

    /// The same for the first element that fits.
    pub async fn turn_by(&self, css: &str) {
        let found = self.find(css).await;
        self.leave(&found).await;
    }

    async fn leave(&self, through: &WebElement) {
        let page = self.find("html").await;
        through.scroll_into_view().await.unwrap();
        through.click().await.unwrap();
        within("the next page", async || page.tag_name().await.err()).await;
    }

    /// The button, link or summary with this text.
    async fn named(&self, text: &str) -> WebElement {
        let path = format!(
            "//*[self::button or self::a or self::summary][not(@aria-hidden) and contains(normalize-space(.), \"{text}\")]"
        );
        let Ok(found) = self.driver.find(By::XPath(path)).await else {
            panic!("nothing to press is called {text} at {}:\n{}", self.path().await, self.text().await)
        };
        found
    }

    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn run(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// Signs in with a password, on the page that people use.
    pub async fn sign_in(&self, url: &str, (email, password): &(String, String)) {
        self.goto(&format!("{url}/sign-in")).await;
        self.press("Use a password").await;
        self.fill("#f-password-email", email).await;
        self.fill("#f-password", password).await;
        self.turn_by("form[action='/sign-in/password'] button").await;
        self.arrives(|path| !path.starts_with("/sign-in")).await;
    }

    /// What the browser held against the pages since it was last asked: errors, refusals by the content policy.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.driver.get_log("browser").await.unwrap();
        log.into_iter().filter(|entry| entry.level != "DEBUG").map(|entry| entry.message).collect()
    }

    pub fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// The first file that was downloaded whole: name and bytes.
    pub async fn downloaded(&self) -> (String, Vec<u8>) {
        let whole = async || {
            let mut entries = std::fs::read_dir(self.downloads()).unwrap().map(|entry| entry.unwrap().path());
            entries.find(|path| path.extension().is_some_and(|end| end == "pdf"))
        };
        let path = within("the download", whole).await;
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
    }
}

/// Asks again and again until there is an answer.
pub async fn within<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(waited < PATIENCE, "{what} did not come");
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
    }
}
