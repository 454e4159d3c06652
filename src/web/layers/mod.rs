//! What every request passes before a handler sees it, and every response before it leaves.
//!
//! In order: request id, limits on the address line, Host, visitor's address, same origin for what changes something,
//! time limit, body limit, panics; on the way back the security headers and one line in the log. Knows no route and no
//! person.

mod headers;
mod origin;
mod time;
mod visitor;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

pub use headers::{CONTENT_SECURITY_POLICY, PERMISSIONS_POLICY};
use visitor::RequestIds;
pub(super) use visitor::requested_host;
pub use visitor::{ClientAddress, RequestId, log_safe};

use crate::config::{Config, ForwardedHeader, IpRange, PublicUrl};
use crate::secrets::Entropy;

/// The largest body of an ordinary request, in bytes; a route raises it with a `DefaultBodyLimit` of its own.
pub const BODY_LIMIT: usize = 256 * 1024;
/// The longest path with query, in bytes: the documents of a page of a list fit, all ticked and each named at its
/// longest.
pub const URI_LIMIT: usize = 12 * 1024;
/// How long an ordinary request may take: what reads until its answer begins, what changes something until its body
/// has arrived.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for a form with a file.
pub const UPLOAD_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// The same for a form with a document’s file: 2 GiB at 2.4 megabits a second.
pub const DOCUMENT_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// How much longer the end of what is being done is waited for before the answer says that it goes on; together with
/// [`REQUEST_TIMEOUT`] less than the minute after which proxies give up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Turns a refusal into a page: status, a sentence for the reader, and the id under which the log has more.
pub type ProblemPage = fn(StatusCode, &'static str, &RequestId) -> Response;

/// What the layers need to know.
#[derive(Clone)]
pub struct Hardening {
    /// The address people use; its host is answered for, its origin may send forms.
    pub url: PublicUrl,
    /// Further hosts to answer for, lower case, without port.
    pub extra_hosts: Vec<String>,
    /// Peers whose word on the visitor's address is taken.
    pub trusted_proxies: Vec<IpRange>,
    /// The one header in which they give it.
    pub forwarded_header: ForwardedHeader,
    /// The largest body of an ordinary request, in bytes.
    pub body_limit: usize,
    /// How long an ordinary request may take.
    pub timeout: Duration,
    /// How much longer what is being done is waited for.
    pub patience: Duration,
    /// Route templates (as in the router) that may take longer, with how long.
    pub slow_routes: Vec<(&'static str, Duration)>,
    /// Route templates that take what comes from other sites too: they heed no cookie.
    pub from_anywhere: Vec<&'static str>,
    /// Draws request ids.
    pub entropy: Entropy,
    /// Draws the page of a refusal.
    pub problem: ProblemPage,
}

impl Hardening {
    /// For the portal at `url`: no proxies, the usual limits, refusals as plain text.
    pub fn new(url: PublicUrl, entropy: Entropy) -> Self {
        Self {
            url,
            extra_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            body_limit: BODY_LIMIT,
            timeout: REQUEST_TIMEOUT,
            patience: PATIENCE,
            slow_routes: Vec::new(),
            from_anywhere: Vec::new(),
            entropy,
            problem: plain_problem,
        }
    }

    /// As `config` says.
    pub fn from_config(config: &Config, entropy: Entropy) -> Self {
        Self {
            extra_hosts: config.listen.extra_hosts.clone(),
            trusted_proxies: config.listen.trusted_proxies.clone(),
            forwarded_header: config.listen.forwarded_header,
            ..Self::new(config.url.clone(), entropy)
        }
    }

    fn answers_for(&self, host: &str) -> bool {
        host == self.url.host() || self.extra_hosts.iter().any(|extra| extra == host)
    }

    fn time_for(&self, route: Option<&str>) -> Duration {
        let slow = self.slow_routes.iter().find(|slow| route == Some(slow.0));
        slow.map_or(self.timeout, |slow| slow.1.max(self.timeout))
    }
}

/// Puts every layer around `router`, its fallback included. Call it last.
pub fn harden(router: Router, hardening: Hardening) -> Router {
    let body_limit = DefaultBodyLimit::max(hardening.body_limit);
    let framing = Framing { ids: RequestIds::new(&hardening.entropy), origin: hardening.url.origin(), hardening };
    // Outermost first, and as one: each `layer` of a router costs every request two boxes.
    let frame = middleware::from_fn_with_state(Arc::new(framing), frame);
    router.layer((frame, body_limit, CatchPanicLayer::custom(note_panic)))
}

/// What [`frame`] needs, reckoned once.
struct Framing {
    hardening: Hardening,
    ids: RequestIds,
    origin: String,
}

/// Left on a response by [`note_panic`], so that the frame, which knows the request id, can draw the page.
#[derive(Clone)]
struct Panicked;

type Refusal = (StatusCode, &'static str);

const TOO_LONG: Refusal =
    (StatusCode::URI_TOO_LONG, "This address is too long. Please follow the link again, or tick fewer at a time.");
const OTHER_HOST: Refusal = (StatusCode::MISDIRECTED_REQUEST, "This server does not answer for that name.");
const OTHER_SITE: Refusal =
    (StatusCode::FORBIDDEN, "This request came from another site. Please open the portal and try again.");
const FAULT: Refusal = (
    StatusCode::INTERNAL_SERVER_ERROR,
    "Something went wrong here. If you sent something, please look whether it was done before you send it again.",
);

async fn frame(State(framing): State<Arc<Framing>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (hardening, id) = (&framing.hardening, framing.ids.next());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    request.extensions_mut().insert(id);
    let answered = match admit(&framing, &mut request) {
        Ok(()) => time::within(hardening.time_for(route), hardening.patience, request, next).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = match answered {
        Ok(response) if response.extensions().get::<Panicked>().is_some() => {
            tracing::error!(request = %id, route, "a handler panicked");
            problem(hardening, FAULT, &id)
        }
        Ok(response) => response,
        Err(refusal) => problem(hardening, refusal, &id),
    };
    headers::dress(response.headers_mut(), hardening.url.is_https(), &id);
    // The template and never the path: a link's token, a client's number or a search would stay in the log for years.
    tracing::info!(
        target: "counterfoil::access",
        method = %method,
        route = route.unwrap_or("-"),
        status = response.status().as_u16(),
        ms = started.elapsed().as_millis(),
        request = %id,
    );
    response
}

/// Checks what can be checked from the head, and notes who asks.
fn admit(framing: &Framing, request: &mut Request) -> Result<(), Refusal> {
    let hardening = &framing.hardening;
    if request.uri().path_and_query().is_some_and(|path| path.as_str().len() > URI_LIMIT) {
        return Err(TOO_LONG);
    }
    if !requested_host(request).is_some_and(|host| hardening.answers_for(&host)) {
        return Err(OTHER_HOST);
    }
    let route = request.extensions().get::<MatchedPath>();
    let anywhere = route.is_some_and(|route| hardening.from_anywhere.contains(&route.as_str()));
    if !anywhere && !origin::is_our_own(request, &framing.origin) {
        return Err(OTHER_SITE);
    }
    let address = visitor::client_address(request, &hardening.trusted_proxies, hardening.forwarded_header);
    request.extensions_mut().insert(address);
    Ok(())
}

fn problem(hardening: &Hardening, (status, sentence): Refusal, id: &RequestId) -> Response {
    (hardening.problem)(status, sentence, id)
}

fn plain_problem(status: StatusCode, sentence: &'static str, id: &RequestId) -> Response {
    (status, format!("{sentence}\nRequest {id}\n")).into_response()
}

/// The panic's own words go to standard error by the panic hook, and to no reader.
fn note_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Panicked);
    response
}

#[cfg(test)]
mod tests;
