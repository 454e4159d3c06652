//! A browser without a network: requests go straight into a router, cookies are kept, form tokens are found in pages.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tower::ServiceExt;

/// Most bytes of an answer.
const BODY_MAX: usize = 64 << 20;

/// One person's browser.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    host: String,
    cookies: BTreeMap<String, String>,
    /// The last page's form token.
    token: Option<String>,
    /// Further headers of every request.
    pub headers: Vec<(String, String)>,
    /// Where its requests come from, as browsers say it.
    pub site: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |x| x.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }
}

impl Browser {
    pub fn new(router: Router, host: &str) -> Self {
        let (cookies, headers) = (BTreeMap::new(), Vec::new());
        Self { router, host: host.to_owned(), cookies, token: None, headers, site: "same-origin".to_owned() }
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// The last page's form token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Vec::new()).await
    }

    /// Posts a form with the last page's token.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let mut fields: Vec<(&str, &str)> = fields.to_vec();
        if let Some(token) = &token {
            fields.push(("csrf", token));
        }
        self.post_as_is(path, &fields).await
    }

    /// Posts a form as it is.
    pub async fn post_as_is(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encoded: Vec<String> = fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let kind = "application/x-www-form-urlencoded";
        self.send(Method::POST, path, Some(kind), encoded.join("&").into_bytes()).await
    }

    pub async fn send(&mut self, method: Method, path: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
        let request = self.request(method, path, kind, body);
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, BODY_MAX).await.unwrap().to_vec();
        self.keep_cookies(&parts.headers);
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        if let Some(token) = form_token(&answer.text()) {
            self.token = Some(token);
        }
        answer
    }

    /// Goes where a redirect leads, until a page comes.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..5 {
            if !answer.status.is_redirection() {
                break;
            }
            let to = answer.location().to_owned();
            answer = self.get(&to).await;
        }
        answer
    }

    fn request(&self, method: Method, path: &str, kind: Option<&str>, body: Vec<u8>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        request = request.header("sec-fetch-site", &self.site).header(header::CONTENT_LENGTH, body.len());
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(body)).unwrap()
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The value of the hidden field `csrf`, if the page has a form.
fn form_token(page: &str) -> Option<String> {
    let at = page.find("name=\"csrf\"")?;
    let rest = page[at..].split_once("value=\"")?.1;
    rest.split_once('"').map(|x| x.0.to_owned())
}

fn encode(text: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
        b' ' => "+".to_owned(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[tokio::test]
async fn the_browser_keeps_cookies_and_finds_form_tokens() {
    use axum::response::Html;
    use axum::routing::{get, post};
    let page = || async { ([(header::SET_COOKIE, "a=1; Path=/")], Html("<input name=\"csrf\" value=\"t&k\">")) };
    let echo = |headers: HeaderMap, body: String| async move { format!("{:?} {body}", headers.get(header::COOKIE)) };
    let away = || async { axum::response::Redirect::to("/") };
    let router = Router::new().route("/", get(page)).route("/echo", post(echo)).route("/away", get(away));
    let mut browser = Browser::new(router, "portal.example");
    let away = browser.get("/away").await;
    assert_eq!((away.status, away.location(), browser.cookie("a")), (StatusCode::SEE_OTHER, "/", None));
    assert!(browser.follow(away).await.header("content-type").starts_with("text/html"));
    assert_eq!(browser.cookie("a"), Some("1"));
    browser.set_cookie("a", "2");
    browser.get("/").await;
    assert_eq!(browser.cookie("a"), Some("1"));
    let answer = browser.post("/echo", &[("who", "Ana Ruiz")]).await;
    assert_eq!(answer.text(), "Some(\"a=1\") who=Ana+Ruiz&csrf=t%26k");
}

/// The value of a hidden field of a page.
pub fn hidden(page: &str, name: &str) -> String {
    let at = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    page[at..].split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}
