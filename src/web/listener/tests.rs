//! The listener's promises: time limits, size limits and a clean stop.

use super::connection::{HEADER_TIMEOUT, MAX_HEAD_BYTES, MAX_HEADERS};
use super::*;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server; dropping `stop` stops it.
struct Running {
    address: SocketAddr,
    redirect: Option<SocketAddr>,
    certificate: Option<std::path::PathBuf>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

fn plan(tls: TlsMode) -> ListenPlan {
    ListenPlan {
        address: "127.0.0.1:0".parse().unwrap(),
        tls,
        redirect: None,
        limits: ConnectionLimits { total: 50, per_peer: 20 },
        trusted_proxies: Vec::new(),
        clock: Clock::system(),
    }
}

fn self_signed(folder: &Path) -> TlsMode {
    TlsMode::SelfSigned { folder: folder.to_owned(), names: vec!["localhost".into(), "127.0.0.1".into()] }
}

async fn start(plan: ListenPlan, router: Router) -> Running {
    let listening = Listening::bind(plan).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    Running {
        address: listening.address(),
        redirect: listening.redirect_address(),
        certificate: listening.certificate_path().map(Path::to_owned),
        stop,
        done: tokio::spawn(listening.run(router, async {
            stopped.await.ok();
        })),
    }
}

fn pages() -> Router {
    Router::new()
        .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| format!("hello {}", peer.ip())))
        .route(
            "/slow",
            get(async || {
                tokio::time::sleep(Duration::from_millis(700)).await;
                "slow but whole"
            }),
        )
        .route("/echo", post(async |body: String| body))
}

/// A client that trusts `certificate` and nothing else.
fn client(certificate: &Path) -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    let pem = std::fs::read(certificate).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

async fn until_closed(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset ends the reading as well as a plain end does.
    socket.read_to_end(&mut text).await.ok();
    String::from_utf8_lossy(&text).into_owned()
}

/// Sends a whole request whatever comes back, as browsers do with a form, and reads only then.
#[tokio::test]
async fn who_sends_more_than_is_taken_gets_to_read_the_refusal() {
    let refuse = async || (axum::http::StatusCode::PAYLOAD_TOO_LARGE, "too large");
    let router = pages().route("/refuse", post(refuse));
    let server = start(plan(TlsMode::Plain), router).await;
    for (path, megabytes) in [("/refuse", 1), ("/refuse", 30), ("/echo", 30)] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", megabytes << 20);
        socket.write_all(head.as_bytes()).await.unwrap();
        let part = vec![b'x'; 1 << 20];
        for _ in 0..megabytes {
            socket.write_all(&part).await.unwrap();
        }
        let answer = until_closed(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{path} {megabytes}: {answer:?}");
    }
}

async fn say(address: SocketAddr, text: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    until_closed(&mut socket).await
}

#[tokio::test]
async fn https_is_served_by_http2_and_http1_and_the_peer_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(plan(self_signed(folder.path())), pages()).await;
    let url = format!("https://127.0.0.1:{}/", server.address.port());
    let client = client(&server.certificate.clone().unwrap());
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), "hello 127.0.0.1");
    let pem = std::fs::read(server.certificate.as_ref().unwrap()).unwrap();
    let old = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .no_proxy()
        .http1_only();
    let answer = old.build().unwrap().get(&url).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_11);
}

#[tokio::test]
async fn a_new_certificate_is_picked_up_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join(name), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    };
    write("a.pem");
    let certificate = folder.path().join("a.pem");
    let tls = TlsMode::Files {
        certificate: certificate.clone(),
        private_key: folder.path().join("key.pem"),
        host: "127.0.0.1".into(),
    };
    let server = start(plan(tls), pages()).await;
    let url = format!("https://127.0.0.1:{}/", server.address.port());
    assert!(client(&certificate).get(&url).send().await.is_ok());
    write("a.pem");
    let renewed = client(&certificate);
    for _ in 0..40 {
        if renewed.get(&url).send().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("the new certificate was not picked up");
}

#[tokio::test]
async fn stopping_finishes_the_request_at_hand_and_frees_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(plan(self_signed(folder.path())), pages()).await;
    let client = client(&server.certificate.clone().unwrap());
    let url = format!("https://127.0.0.1:{}/slow", server.address.port());
    let asked = tokio::spawn(async move { client.get(url).send().await.unwrap().text().await.unwrap() });
    let _idle = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.stop.send(()).unwrap();
    assert_eq!(asked.await.unwrap(), "slow but whole");
    tokio::time::timeout(Duration::from_secs(5), server.done)
        .await
        .expect("an idle connection does not delay")
        .unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_plain_connections_that_ask_for_nothing() {
    let server = start(plan(TlsMode::Plain), pages()).await;
    let _idle = TcpStream::connect(server.address).await.unwrap();
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    kept.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server.done).await.expect("no waiting").unwrap();
    assert!(until_closed(&mut kept).await.contains("hello"));
}

#[tokio::test]
async fn plain_http_on_the_https_port_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(plan(self_signed(folder.path())), pages()).await;
    let answer = say(server.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("https://"), "{answer}");
}

#[tokio::test]
async fn only_current_tls_with_authenticated_ciphers_is_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let made = Certificates::open(self_signed(folder.path()), Clock::system().now()).unwrap().unwrap();
    let config = made.server_config();
    assert!(config.crypto_provider().cipher_suites.iter().all(|suite| {
        let name = format!("{:?}", suite.suite());
        name.starts_with("TLS13_") || (name.contains("ECDHE") && (name.contains("GCM") || name.contains("POLY1305")))
    }));
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let server = start(plan(TlsMode::Plain), pages()).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await.unwrap();
    let (mut read, mut write) = socket.into_split();
    let drip = tokio::spawn(async move {
        while write.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let mut rest = Vec::new();
    let limit = HEADER_TIMEOUT + Duration::from_secs(3);
    tokio::time::timeout(limit, read.read_to_end(&mut rest)).await.expect("cut in time").ok();
    assert!(!String::from_utf8_lossy(&rest).contains("hello"));
    drip.abort();
}

#[tokio::test]
async fn an_http2_connection_that_never_asks_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(plan(self_signed(folder.path())), pages()).await;
    let pem = std::fs::read(server.certificate.as_ref().unwrap()).unwrap();
    let mut trusted = rustls::RootCertStore::empty();
    trusted.add(rustls::pki_types::pem::PemObject::from_pem_slice(&pem).unwrap()).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpStream::connect(server.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut secured = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap();
    secured.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    let mut rest = Vec::new();
    let limit = HEADER_TIMEOUT + Duration::from_secs(3);
    tokio::time::timeout(limit, secured.read_to_end(&mut rest)).await.expect("cut in time").ok();
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let server = start(plan(TlsMode::Plain), pages()).await;
    let many: String = (0..MAX_HEADERS + 1).map(|n| format!("x-{n}: y\r\n")).collect();
    assert!(say(server.address, &format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await.starts_with("HTTP/1.1 431"));
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}\r\n\r\n", "y".repeat(MAX_HEAD_BYTES));
    assert!(say(server.address, &long).await.starts_with("HTTP/1.1 431"));

    let folder = tempfile::tempdir().unwrap();
    let secured = start(plan(self_signed(folder.path())), pages()).await;
    let request = client(&secured.certificate.clone().unwrap())
        .get(format!("https://127.0.0.1:{}/", secured.address.port()))
        .header("x-long", "y".repeat(MAX_HEAD_BYTES + 1024));
    assert!(request.send().await.is_ok_and(|answer| answer.status() == 431));
}

#[tokio::test]
async fn nonsense_and_smuggling_are_refused() {
    let server = start(plan(TlsMode::Plain), pages()).await;
    for head in [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
    ] {
        let answer = say(server.address, head).await;
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{head}: {answer}");
    }
}

#[tokio::test]
async fn one_peer_cannot_take_every_connection() {
    let mut plan = plan(TlsMode::Plain);
    plan.limits.per_peer = 2;
    let server = start(plan, pages()).await;
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let held = [TcpStream::connect(server.address).await.unwrap(), TcpStream::connect(server.address).await.unwrap()];
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    third.write_all(ask.as_bytes()).await.ok();
    assert_eq!(until_closed(&mut third).await, "");
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(say(server.address, ask).await.contains("hello"));
}

#[tokio::test]
async fn plain_http_is_sent_on_to_the_configured_address_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(self_signed(folder.path()));
    plan.redirect = Some(("127.0.0.1:0".parse().unwrap(), "https://portal.example.com".parse().unwrap()));
    let server = start(plan, pages()).await;
    let ask = async |line: &str, host: &str| {
        say(server.redirect.unwrap(), &format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
    };
    let sent_on = ask("GET /invoices/7?a=b", "portal.example.com:80").await;
    assert!(sent_on.starts_with("HTTP/1.1 308"), "{sent_on}");
    assert!(sent_on.contains("location: https://portal.example.com/invoices/7?a=b\r\n"), "{sent_on}");
    assert!(
        ask("GET //evil.example/", "portal.example.com").await.contains("https://portal.example.com//evil.example/")
    );
    assert!(ask("GET /", "evil.example").await.starts_with("HTTP/1.1 421"));
    let refused = ask("POST /sign-in", "portal.example.com").await;
    assert!(refused.starts_with("HTTP/1.1 403") && !refused.contains("location"), "{refused}");
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_said_with_what_to_do() {
    let taken = start(plan(TlsMode::Plain), pages()).await;
    let bind = async |address: SocketAddr| {
        Listening::bind(ListenPlan { address, ..plan(TlsMode::Plain) }).await.unwrap_err().to_string()
    };
    let said = bind(taken.address).await;
    assert!(said.contains(&taken.address.to_string()) && said.contains("another port"), "{said}");
    let said = bind("192.0.2.1:8443".parse().unwrap()).await;
    assert!(said.contains("192.0.2.1 is not an address of this machine"), "{said}");
    let missing = TlsMode::Files { certificate: "/nonexistent.pem".into(), private_key: "/k".into(), host: "a".into() };
    let said = Listening::bind(plan(missing)).await.unwrap_err().to_string();
    assert!(said.contains("/nonexistent.pem"), "{said}");
    let denied = ListenError::Address(taken.address, std::io::ErrorKind::PermissionDenied.into()).to_string();
    assert!(denied.contains("CAP_NET_BIND_SERVICE"), "{denied}");
}
