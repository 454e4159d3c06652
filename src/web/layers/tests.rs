//! The layers' promises: headers, origins, limits and who a visitor is.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use super::*;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, header};
use axum::routing::{get, post};
use hyper::body::Frame;
use tower::ServiceExt;

const OWN: &str = "https://portal.example.com";

fn hardening() -> Hardening {
    let (timeout, patience) = (Duration::from_millis(200), Duration::from_millis(400));
    Hardening { timeout, patience, ..Hardening::new(OWN.parse().unwrap(), Entropy::seeded(1)) }
}

fn portal() -> Router {
    let router = Router::new()
        .route("/", get(async || "home"))
        .route("/links/{token}", get(async || "a link"))
        .route("/form", post(async |body: String| body))
        .route(
            "/upload",
            post(async |body: String| body.len().to_string()).layer(DefaultBodyLimit::max(BODY_LIMIT * 4)),
        )
        .route("/asset", get(async || ([(header::CACHE_CONTROL, "public, max-age=31536000, immutable")], "x")))
        .route("/panic", get(async || if true { panic!("secret particulars") } else { "" }))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(5)).await));
    harden(router, hardening())
}

fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> axum::http::request::Builder {
    let mut builder = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        builder = builder.header("host", "portal.example.com");
    }
    headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value))
}

async fn ask(method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> (StatusCode, String, Response) {
    let response = portal().oneshot(request(method, path, headers).body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    (parts.status, text, Response::from_parts(parts, Body::empty()))
}

async fn get_status(path: &str, headers: &[(&str, &str)]) -> StatusCode {
    ask(Method::GET, path, headers, Body::empty()).await.0
}

#[tokio::test]
async fn every_response_carries_the_security_headers_errors_included() {
    let cases = [
        ("/", "portal.example.com", 200),
        ("/absent", "portal.example.com", 404),
        ("/form", "portal.example.com", 405),
        ("/panic", "portal.example.com", 500),
        ("/slow", "portal.example.com", 503),
        ("/", "evil.example", 421),
    ];
    for (path, host, status) in cases {
        let (found, _, response) = ask(Method::GET, path, &[("host", host)], Body::empty()).await;
        assert_eq!(found, status, "{path}");
        for (name, value) in [
            ("content-security-policy", CONTENT_SECURITY_POLICY),
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", PERMISSIONS_POLICY),
            ("cache-control", "no-store"),
        ] {
            let found: Vec<_> = response.headers().get_all(name).iter().collect();
            assert_eq!(found, [value], "{path} {name}");
        }
        assert_eq!(response.headers()["x-request-id"].len(), 10);
    }
}

#[tokio::test]
async fn a_handlers_own_caching_stays() {
    let (_, _, response) = ask(Method::GET, "/asset", &[], Body::empty()).await;
    assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn a_panic_shows_an_id_and_no_particulars() {
    let (status, text, response) = ask(Method::GET, "/panic", &[], Body::empty()).await;
    assert_eq!(status, 500);
    assert!(text.contains(response.headers()["x-request-id"].to_str().unwrap()));
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn an_unknown_host_is_misdirected() {
    for host in ["evil.example", "portal.example.com.evil.example", "127.0.0.1", "portal.example.com.", ""] {
        assert_eq!(get_status("/", &[("host", host)]).await, 421, "{host}");
    }
    assert_eq!(get_status("/", &[("host", "PORTAL.example.com:443")]).await, 200);
    assert_eq!(get_status("/", &[("host", "portal.example.com"), ("x-forwarded-host", "evil.example")]).await, 200);
}

#[tokio::test]
async fn what_changes_something_must_come_from_our_own_pages() {
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], 403),
        (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], 403),
        (&[("origin", OWN)], 200),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "http://portal.example.com")], 403),
        (&[("origin", "https://portal.example.com:8443")], 403),
        (&[("origin", "null")], 403),
        (&[("referer", "https://portal.example.com/")], 403),
        (&[], 403),
    ];
    for (headers, status) in cases {
        assert_eq!(ask(Method::POST, "/form", headers, Body::from("x")).await.0, *status, "{headers:?}");
    }
    assert_eq!(get_status("/", &[("sec-fetch-site", "cross-site")]).await, 200, "a link from a letter opens");
}

#[tokio::test]
async fn sizes_are_limited_and_a_route_may_raise_its_own() {
    let own: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];
    let post = async |path: &str, bytes: usize| ask(Method::POST, path, own, Body::from("x".repeat(bytes))).await.0;
    assert_eq!(post("/form", BODY_LIMIT).await, 200);
    assert_eq!(post("/form", BODY_LIMIT + 1).await, 413);
    assert_eq!(post("/upload", BODY_LIMIT + 1).await, 200);
    assert_eq!(post("/upload", BODY_LIMIT * 4 + 1).await, 413);
    assert_eq!(get_status(&format!("/{}", "a".repeat(URI_LIMIT)), &[]).await, 414);
    // A page of a list with everything ticked, each number at its longest and written at its longest.
    let number = "%2F".repeat(crate::domain::number::NUMBER_MAX);
    let ticked =
        format!("/?ticked=1&state=part-paid&after=2026-11-27.123456789{}", format!("&pick={number}").repeat(50));
    assert_eq!(get_status(&ticked, &[]).await, 200);
}

#[tokio::test]
async fn a_slow_route_has_the_time_it_was_given() {
    let mut own = hardening();
    own.slow_routes = vec![("/slow/{n}", UPLOAD_TIMEOUT)];
    assert_eq!(own.time_for(Some("/slow/{n}")), UPLOAD_TIMEOUT);
    assert_eq!(own.time_for(Some("/")), own.timeout);
    assert_eq!(own.time_for(None), own.timeout);
}

/// What arrives, a piece every 40 ms, so many times, and then nothing more for a minute or the end.
fn dripping(pieces: u32, end: bool) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    tokio::spawn(async move {
        for _ in 0..pieces {
            tokio::time::sleep(Duration::from_millis(40)).await;
            sender.send(Bytes::from_static(b"x")).await.ok();
        }
        tokio::time::sleep(Duration::from_secs(if end { 0 } else { 60 })).await;
    });
    Body::new(Dripping(receiver))
}

struct Dripping(tokio::sync::mpsc::Receiver<Bytes>);

impl HttpBody for Dripping {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test]
async fn what_was_begun_is_not_called_failed_and_what_did_not_arrive_is_not_begun() {
    let done = Arc::new(AtomicU32::new(0));
    let begun = Arc::clone(&done);
    // The work takes as many milliseconds as the body says.
    let work = move |body: String| async move {
        tokio::time::sleep(Duration::from_millis(body.parse().unwrap_or_default())).await;
        begun.fetch_add(1, Ordering::SeqCst);
        body
    };
    let portal = harden(Router::new().route("/work", post(work)), hardening());
    let send = async |body: Body| {
        let own = request(Method::POST, "/work", &[("origin", OWN)]);
        let response = portal.clone().oneshot(own.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        (status, String::from_utf8(axum::body::to_bytes(response.into_body(), 9_999).await.unwrap().into()).unwrap())
    };
    assert_eq!(send(dripping(3, true)).await, (200, "xxx".to_owned()));
    assert_eq!(send(Body::from("300")).await, (200, "300".to_owned()), "beyond the limit, but soon");
    assert_eq!(done.load(Ordering::SeqCst), 2);
    let (status, text) = send(Body::from("900")).await;
    assert!(status == 202 && text.contains("no need to send it again"), "{status} {text}");
    for body in [dripping(1, false), dripping(100, true)] {
        let (status, text) = send(body).await;
        assert!(status == 503 && text.contains("took too long"), "{status} {text}");
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(done.load(Ordering::SeqCst), 3, "it went on to its end, and nothing else was begun");
    drop(tokio::time::timeout(Duration::from_millis(50), send(Body::from("300"))).await);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(done.load(Ordering::SeqCst), 3, "whoever is gone is not worked for");
}

#[test]
fn the_log_has_the_route_and_neither_token_nor_query() {
    #[derive(Clone, Default)]
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(ask(Method::GET, "/links/SECRETTOKEN?code=123456", &[], Body::empty()));
        runtime.block_on(ask(Method::GET, "/unknown/SECRETTOKEN", &[], Body::empty()));
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("method=GET route=\"/links/{token}\" status=200 ms="), "{text}");
    assert!(text.contains("route=\"-\" status=404"), "{text}");
    assert!(!text.contains("SECRET") && !text.contains("123456"), "{text}");
}
