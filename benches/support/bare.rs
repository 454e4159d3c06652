//! The page to compare with: axum and rustls, a fixed body, nothing else.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::response::Html;
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::{Load, Measured};

const WANTED: &str = "COUNTERFOIL_BENCH_BARE";

/// The body's size when this process is to be the bare server.
pub fn wanted() -> Option<usize> {
    std::env::var(WANTED).ok()?.parse().ok()
}

/// Starts this program as the bare server and measures it.
pub async fn measure(size: usize, connections: usize, span: Duration) -> Measured {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .env(WANTED, size.to_string())
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the bare server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let address = line.trim().parse().expect("an address");
    let load = Load {
        address,
        certificate: PathBuf::from(folder.path()).join("bare.pem"),
        cookie: String::new(),
        path: "/".into(),
    };
    let measured = load.run(connections, span, child.id()).await;
    child.kill().expect("it ends");
    let _ = child.wait();
    measured
}

/// Serves a page of `size` bytes until it is killed.
pub fn serve(size: usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let body: &'static str = "x".repeat(size).leak();
        let router = axum::Router::new().route("/", get(move || async move { Html(body) }));
        let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        std::fs::write("bare.pem", pair.cert.pem()).expect("it is written");
        let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).expect("a key");
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![pair.cert.der().clone()], key).expect("TLS");
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port"));
        println!("{}", listener.local_addr().expect("an address"));
        loop {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let _ = tcp.set_nodelay(true);
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                let service = TowerToHyperService::new(router);
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(tls), service)
                    .await;
            });
        }
    });
}
