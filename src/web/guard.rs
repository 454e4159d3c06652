//! Who asks: extractors that let a handler run only for its audience.
//!
//! A portal handler gets a [`Viewer`], which reads one client and nothing else; a desk handler a [`Desk`] with the
//! scope of a member of staff; a page before sign-in a [`Guest`]. Whoever was revoked is out at the next request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, Render};

use super::layers::ClientAddress;
use super::page::{self, DeskFrame, DeskNav, FirmCard, PortalFrame, PortalNav};
use super::portal::again::Asked;
use super::portal::drawn::Drawn;
use super::problem::{Problem, even_if_full};
use super::state::Web;
use super::stream;
use crate::actions::{invoices, sessions, visits};
use crate::app::App;
use crate::documents::{Logo, Sheet};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::{Actor, By};
use crate::domain::firm::{Firm, Locale};
use crate::domain::grant::{Session, Strength};
use crate::domain::ids::FileRef;
use crate::domain::language::Language;
use crate::domain::person::{Contact, Person, Staff};
use crate::secrets::{Token, TokenDigest};
use crate::store::ReadTx;
use crate::store::files::Content;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Kept, Pass, State};

/// The cookie of a signed-in browser.
pub const SESSION_COOKIE: &str = "__Host-session";
/// The cookie of a browser that waits for a code.
pub const REQUEST_COOKIE: &str = "__Host-request";

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // Split as bytes: another site of the same domain may have set a cookie that is no text.
    let all = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|b| *b == b';'));
    let mut values = all.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    values.find_map(|value| std::str::from_utf8(value).ok())
}

/// A `Set-Cookie` value that lasts as long as the browser is open.
pub fn set_cookie(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")
}

/// A `Set-Cookie` value that takes a cookie away.
pub fn clear_cookie(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// The form token of a session: derived from the cookie, so that it needs no keeping.
pub fn form_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, SESSION_COOKIE).and_then(Token::parse).map(|t| t.derive("form"))
}

fn address_of(parts: &Parts) -> Option<IpAddr> {
    let behind = parts.extensions.get::<ClientAddress>().map(|a| a.0);
    behind.or_else(|| parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip()))
}

/// A live session with its token's digest.
struct Signed {
    session: Session,
    digest: TokenDigest,
    csrf: String,
    /// When it was looked up: the instant of the request.
    now: Timestamp,
}

/// Finds the session of a request and notes its use now and then.
async fn signed(parts: &Parts, web: &Web) -> Result<Option<Signed>, Problem> {
    let Some(token) = cookie(&parts.headers, SESSION_COOKIE).and_then(Token::parse) else { return Ok(None) };
    let (now, digest) = (web.app.now(), token.digest());
    let Some(session) = web.app.store.read(|r| r.session(digest))?.filter(|s| s.alive(now)) else { return Ok(None) };
    if session.wants_touch(now) {
        even_if_full(web.app.store.housekeep(now, move |w| sessions::touch(w, digest)).await)?;
    }
    Ok(Some(Signed { session, digest, csrf: token.derive("form"), now }))
}

/// Somebody who need not be signed in.
pub struct Guest {
    /// Shared state.
    pub web: Web,
    /// Where they come from.
    pub address: Option<IpAddr>,
    /// Whom the browser is signed in as, if anybody, and how.
    pub signed_in: Option<(Person, Strength)>,
    /// The digest of that session.
    pub session: Option<TokenDigest>,
    /// The browser's request for a code, if it made one.
    pub request: Option<Token>,
}

impl Guest {
    /// As the log names them.
    pub fn by(&self) -> By {
        By { actor: Actor::Visitor, address: self.address }
    }
}

impl FromRequestParts<Web> for Guest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let signed = signed(parts, web).await?;
        Ok(Self {
            web: web.clone(),
            address: address_of(parts),
            signed_in: signed.as_ref().map(|s| (s.session.person, s.session.strength)),
            session: signed.map(|s| s.digest),
            request: cookie(&parts.headers, REQUEST_COOKIE).and_then(Token::parse),
        })
    }
}

/// A client's contact: reads one client, acts as that contact.
pub struct Viewer {
    web: Web,
    now: Timestamp,
    today: Date,
    kept: Kept,
    firm: Arc<Firm>,
    strength: Strength,
    address: Option<IpAddr>,
    digest: TokenDigest,
    csrf: String,
}

impl Viewer {
    /// Reads this contact's view; a contact revoked in between gets [`Problem::NotFound`].
    ///
    /// # Errors
    /// What `read` says.
    pub fn read<T>(&self, read: impl FnOnce(&ClientView<'_, ReadTx>) -> Result<T, Problem>) -> Result<T, Problem> {
        self.web.app.store.read(|r| match ClientView::again(r, &self.kept)? {
            Some(view) => read(&view),
            None => Err(Problem::NotFound),
        })
    }

    /// Runs an act as this contact; it finds its record again through the pass.
    ///
    /// # Errors
    /// What the act refuses.
    pub async fn act<T, F>(&self, mut act: F) -> Result<T, ActError>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>, Pass) -> Result<Done<T>, ActError> + Send + 'static,
    {
        let pass = self.kept.pass();
        self.web.app.store.write(self.by(), self.web.app.now(), move |w| act(w, pass)).await
    }

    /// As the log names them.
    pub fn by(&self) -> By {
        By { actor: Actor::Contact(self.contact().id), address: self.address }
    }

    /// The contact.
    pub fn contact(&self) -> &Contact {
        self.kept.contact()
    }

    /// In which language the contact is written to; `None` for the firm's.
    pub fn language(&self) -> Option<Language> {
        self.contact().language.or(self.kept.client().language)
    }

    /// The firm.
    pub fn firm(&self) -> &Arc<Firm> {
        &self.firm
    }

    /// Documents as drawn before.
    pub fn drawn(&self) -> &Drawn {
        &self.web.drawn
    }

    /// Their client's name.
    pub fn client_name(&self) -> &str {
        &self.kept.client().party.name
    }

    /// How they signed in.
    pub fn strength(&self) -> Strength {
        self.strength
    }

    /// How dates and numbers are written.
    pub fn locale(&self) -> Locale {
        self.firm.locale
    }

    /// The firm's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.web.app.settings.zone
    }

    /// The instant of the request.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The civil date of the request in the firm's zone.
    pub fn today(&self) -> Date {
        self.today
    }

    /// The form token.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The session's digest, for the account's own acts.
    pub fn session(&self) -> TokenDigest {
        self.digest
    }

    /// Throttles and hashing slots, for the account's own acts.
    pub fn counter(&self) -> (&super::throttle::Throttle, &super::state::Hashing) {
        (&self.web.throttle, &self.web.hashing)
    }

    /// This contact's own password hash.
    ///
    /// # Errors
    /// When the store fails.
    pub fn own_password_hash(&self) -> Result<Option<String>, Problem> {
        Ok(self.web.app.store.read(|r| r.password_hash(Person::Contact(self.contact().id)))?)
    }

    /// Lets the scheduler look at once: a letter was queued.
    pub fn wake(&self) {
        self.web.app.wake.notify_one();
    }

    /// A fresh session token.
    pub fn draw_token(&self) -> Token {
        Token::draw(&self.web.app.entropy)
    }

    /// The firm's logo as documents want it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn logo(&self) -> Result<Option<Logo>, Problem> {
        Ok(self.web.app.store.read(|r| invoices::logo(r, &self.firm))?)
    }

    /// Draws a sheet of the firm's as PDF.
    ///
    /// # Errors
    /// When the document can't be drawn; the sentence says why.
    pub fn render(&self, sheet: &Sheet) -> Result<Vec<u8>, ActError> {
        invoices::render(&self.web.app, sheet, &self.firm)
    }

    /// `what` (path and query) as this session got it last, if nothing that it follows from can have changed since.
    pub fn again(&self, what: &str) -> Option<Response> {
        Some(Html(self.web.pages.get(self.asked(what))?).into_response())
    }

    /// Answers with a page of this session's, kept for [`Viewer::again`] if it was drawn from the state in which the
    /// guard found them: `drawn_from` is the state of the view that it was read through.
    pub fn kept_page(&self, what: &str, drawn_from: State, page: Markup) -> Response {
        let page = Bytes::from(page.into_string());
        if drawn_from == self.kept.state() {
            self.web.pages.put(self.asked(what), page.clone());
        }
        Html(page).into_response()
    }

    fn asked<'a>(&self, what: &'a str) -> Asked<'a> {
        let hour = visits::hour_of(self.now);
        Asked { state: self.kept.state(), session: self.digest, today: self.today, hour, what }
    }

    /// A file that this contact's view led to, as a download.
    pub fn attachment(&self, content: Content, file: &FileRef, asked: &HeaderMap) -> Response {
        stream::attachment(&self.web.app.store, content, file, asked)
    }

    /// A whole page of the portal.
    pub fn page(&self, current: PortalNav, title: &str, body: impl Render) -> Markup {
        let address = self.firm.party.lines().join(", ");
        let frame = PortalFrame {
            firm: FirmCard {
                name: &self.firm.party.name,
                contact: &self.firm.correspondent,
                phone: &self.firm.phone,
                email: self.firm.email.as_ref().map_or("", |e| e.as_str()),
                address: &address,
            },
            person_name: &self.contact().name,
            client_name: self.client_name(),
            current,
            csrf: &self.csrf,
        };
        page::portal(&frame, title, body)
    }
}

impl FromRequestParts<Web> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let back = parts.uri.path().to_owned();
        let Some(signed) = signed(parts, web).await? else { return Err(Problem::SignIn(back)) };
        let Person::Contact(contact) = signed.session.person else { return Err(Problem::NotFound) };
        let only = match signed.session.strength {
            Strength::Document(id) => Some(id),
            Strength::Password | Strength::Mailed => None,
        };
        let pass = Pass { contact, only };
        let found = web.app.store.read(|r| -> Result<_, StoreError> {
            let Some(view) = ClientView::open(r, pass)? else { return Ok(None) };
            Ok(Some((view.keep(), r.shared_firm()?)))
        })?;
        let Some((kept, firm)) = found else { return Err(Problem::SignIn(back)) };
        let (web, address) = (web.clone(), address_of(parts));
        let Signed { session, digest, csrf, now } = signed;
        let today = calendar::today(now, &web.app.settings.zone);
        let strength = session.strength;
        Ok(Self { web, now, today, kept, firm, strength, address, digest, csrf })
    }
}

/// A contact whose session opens the whole portal, not one document only.
pub struct FullViewer(pub Viewer);

impl FromRequestParts<Web> for FullViewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let viewer = Viewer::from_request_parts(parts, web).await?;
        match viewer.strength {
            // Asking for more than the document needs a real sign-in, after which the page is theirs.
            Strength::Document(_) => Err(Problem::SignIn(parts.uri.path().to_owned())),
            Strength::Password | Strength::Mailed => Ok(Self(viewer)),
        }
    }
}

/// A member of staff at the desk.
pub struct Desk {
    /// The application.
    pub app: App,
    /// Throttles and hashing slots.
    pub web: Web,
    /// Who.
    pub staff: Staff,
    /// What they may do and for whom.
    pub scope: StaffScope,
    /// How they signed in.
    pub strength: Strength,
    /// The firm.
    pub firm: Arc<Firm>,
    /// The form token.
    pub csrf: String,
    /// The session's digest.
    pub session: TokenDigest,
    today: Date,
    address: Option<IpAddr>,
}

impl Desk {
    /// As the log names them.
    pub fn by(&self) -> By {
        By { actor: Actor::Staff(self.staff.id), address: self.address }
    }

    /// Reads the store; what is read must be checked against [`Desk::scope`].
    ///
    /// # Errors
    /// What `read` says.
    pub fn read<T>(&self, read: impl FnOnce(&ReadTx) -> Result<T, Problem>) -> Result<T, Problem> {
        self.app.store.read(read)
    }

    /// Runs an act with this member's scope.
    ///
    /// # Errors
    /// What the act refuses.
    pub async fn act<T, F>(&self, mut act: F) -> Result<T, ActError>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>, &StaffScope) -> Result<Done<T>, ActError> + Send + 'static,
    {
        let scope = self.scope.clone();
        let done = self.app.store.write(self.by(), self.app.now(), move |w| act(w, &scope)).await;
        // Most acts queue letters; the scheduler looks at once.
        self.app.wake.notify_one();
        done
    }

    /// Whether the role allows an act at all, for showing or hiding buttons.
    pub fn may(&self, act: Act) -> bool {
        self.scope.may(act).is_ok()
    }

    /// How dates and numbers are written.
    pub fn locale(&self) -> Locale {
        self.firm.locale
    }

    /// The firm's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.app.settings.zone
    }

    /// The civil date of the request in the firm's zone.
    pub fn today(&self) -> Date {
        self.today
    }

    /// A whole page of the desk.
    pub fn page(&self, current: DeskNav, title: &str, body: impl Render) -> Markup {
        let frame = DeskFrame {
            firm_name: &self.firm.party.name,
            person_name: &self.staff.name,
            role: self.staff.role.words(),
            current,
            today_count: super::desk::today::count(self),
            csrf: &self.csrf,
            shortcuts: true,
            may_invoice: self.may(Act::Work),
            may_govern: self.may(Act::Govern),
        };
        page::desk(&frame, title, body)
    }
}

impl FromRequestParts<Web> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let back = parts.uri.path().to_owned();
        let Some(signed) = signed(parts, web).await? else { return Err(Problem::SignIn(back)) };
        // To a client's contact the desk does not exist.
        let Person::Staff(id) = signed.session.person else { return Err(Problem::NotFound) };
        let (staff, firm) = web.app.store.read(|r| Ok::<_, StoreError>((r.staff(id)?, r.shared_firm()?)))?;
        let Some(staff) = staff else { return Err(Problem::SignIn(back)) };
        let Some(scope) = StaffScope::of(&staff) else { return Err(Problem::SignIn(back)) };
        let Signed { session, digest, csrf, now } = signed;
        let (app, web, address) = (web.app.clone(), web.clone(), address_of(parts));
        let today = calendar::today(now, &app.settings.zone);
        Ok(Self { app, web, staff, scope, strength: session.strength, firm, csrf, session: digest, today, address })
    }
}

/// A member of staff whose role may change things.
pub struct DeskWork(pub Desk);

impl FromRequestParts<Web> for DeskWork {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let desk = Desk::from_request_parts(parts, web).await?;
        desk.scope.may(Act::Work)?;
        Ok(Self(desk))
    }
}

/// An owner, signed in with a password.
pub struct DeskGovern(pub Desk);

impl FromRequestParts<Web> for DeskGovern {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let desk = Desk::from_request_parts(parts, web).await?;
        desk.scope.may(Act::Govern)?;
        // A mailed link or code reads and works, but whoever holds a mailbox should not thereby hold the firm.
        if desk.strength == Strength::Password { Ok(Self(desk)) } else { Err(Problem::PasswordNeeded) }
    }
}
