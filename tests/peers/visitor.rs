//! A visitor without a screen: an HTTPS client that keeps cookies and sends forms as a browser does.

use std::sync::Once;

use reqwest::{Client, Response};

static PROVIDER: Once = Once::new();

/// Sets up cryptography for reqwest, for this process.
pub fn provider() {
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

pub struct Visitor {
    client: Client,
    url: String,
}

impl Visitor {
    /// For a server with a self-signed certificate.
    pub fn to(url: &str) -> Self {
        provider();
        let client = Client::builder().tls_danger_accept_invalid_certs(true).cookie_store(true).build().unwrap();
        Self { client, url: url.trim_end_matches('/').to_owned() }
    }

    pub async fn fetch(&self, path: &str) -> Response {
        let path = path.strip_prefix(&self.url).unwrap_or(path);
        self.client.get(format!("{}{path}", self.url)).header("sec-fetch-site", "same-origin").send().await.unwrap()
    }

    /// A page that must be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.fetch(path).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    /// A file that must be there.
    pub async fn file(&self, path: &str) -> Vec<u8> {
        let answer = self.fetch(path).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }

    /// Posts a form, and follows to the page after it.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let path = path.strip_prefix(&self.url).unwrap_or(path);
        let request = self.client.post(format!("{}{path}", self.url)).header("sec-fetch-site", "same-origin");
        request.form(fields).send().await.unwrap()
    }

    pub async fn sign_in(&self, (email, password): &(String, String)) {
        let answer = self.post("/sign-in/password", &[("email", email), ("password", password)]).await;
        assert!(answer.status().is_success(), "{}", answer.status());
        assert!(!answer.url().path().starts_with("/sign-in"), "{email} is not signed in");
    }
}

/// Every address in a page's links that begins so, each once.
pub fn links(page: &str, begin: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in page.split("href=\"").skip(1) {
        let href = part.split('"').next().unwrap();
        if href.starts_with(begin) && !all.iter().any(|known| known == href) {
            all.push(href.to_owned());
        }
    }
    all
}
