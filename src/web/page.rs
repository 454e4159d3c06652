//! Page shells: what stands around a page in the portal, at the desk, at the gate, and when something went wrong.
//!
//! Must not know sessions or the store: names, tokens and counts arrive as values.

use maud::{DOCTYPE, Markup, Render, html};

use crate::web::assets;
use crate::web::parts::{self, Icon, csrf_input, heard, icon};

/// Where the sign-out form posts, in both shells.
pub const SIGN_OUT: &str = "/sign-out";

const LANGUAGE: &str = "en-IE";
const PRODUCT: &str = "Counterfoil";

/// The firm as its clients see it at the foot of a page; empty strings are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirmCard<'a> {
    /// `Harbour & Finch LLP`.
    pub name: &'a str,
    /// Who answers questions: `Orla Byrne in accounts`.
    pub contact: &'a str,
    /// `01 555 0142`.
    pub phone: &'a str,
    /// `accounts@harbourfinch.example`.
    pub email: &'a str,
    /// On one line: `9 Sir John’s Lane, Dublin 2`.
    pub address: &'a str,
}

/// What stands around a portal page.
#[derive(Clone, Copy, Debug)]
pub struct PortalFrame<'a> {
    /// Whose portal it is.
    pub firm: FirmCard<'a>,
    /// Who is signed in.
    pub person_name: &'a str,
    /// For which client.
    pub client_name: &'a str,
    /// The page's place.
    pub current: PortalNav,
    /// The session's token, for the sign-out form.
    pub csrf: &'a str,
}

/// What stands around a desk page.
#[derive(Clone, Copy, Debug)]
pub struct DeskFrame<'a> {
    /// The firm's name.
    pub firm_name: &'a str,
    /// Who is signed in.
    pub person_name: &'a str,
    /// As what: `Owner`.
    pub role: &'a str,
    /// The page's place.
    pub current: DeskNav,
    /// How many things wait for a person today.
    pub today_count: usize,
    /// The session's token, for the sign-out form.
    pub csrf: &'a str,
    /// Whether this person left the keyboard shortcuts on.
    pub shortcuts: bool,
    /// Whether this person may make invoices; offers a new one.
    pub may_invoice: bool,
    /// Whether this person governs the firm; shows the backups.
    pub may_govern: bool,
}

/// A place in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalNav {
    /// What is owed.
    Home,
    /// All invoices.
    Invoices,
    /// All quotes.
    Quotes,
    /// The account, from when to when.
    Statement,
    /// What the firm posted.
    Documents,
    /// The person's own account.
    Account,
}

const PORTAL_NAV: [(PortalNav, &str, &str); 5] = [
    (PortalNav::Home, "/", "Home"),
    (PortalNav::Invoices, "/invoices", "Invoices"),
    (PortalNav::Quotes, "/quotes", "Quotes"),
    (PortalNav::Statement, "/statement", "Statement"),
    (PortalNav::Documents, "/documents", "Documents"),
];

/// A place at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskNav {
    /// What needs a person.
    Today,
    /// What is owed, by age.
    Receivables,
    /// All clients.
    Clients,
    /// All invoices.
    Invoices,
    /// All quotes.
    Quotes,
    /// Money that arrived.
    Payments,
    /// The outbox.
    Letters,
    /// The log.
    Activity,
    /// The firm's settings.
    Settings,
    /// Copies of everything.
    Backups,
    /// None of these: what was found, the list of keys, one's own account.
    Elsewhere,
}

type DeskLink = (DeskNav, &'static str, &'static str, Icon, Option<&'static str>);

const DESK_NAV: [&[DeskLink]; 3] = [
    &[
        (DeskNav::Today, "/desk", "Today", Icon::Check, Some("g t")),
        (DeskNav::Receivables, "/desk/receivables", "Receivables", Icon::Chart, Some("g r")),
    ],
    &[
        (DeskNav::Clients, "/desk/clients", "Clients", Icon::People, Some("g c")),
        (DeskNav::Invoices, "/desk/invoices", "Invoices", Icon::Invoice, Some("g i")),
        (DeskNav::Quotes, "/desk/quotes", "Quotes", Icon::Quote, None),
        (DeskNav::Payments, "/desk/payments", "Payments", Icon::Bank, None),
    ],
    &[
        (DeskNav::Letters, "/desk/letters", "Letters", Icon::Mail, None),
        (DeskNav::Activity, "/desk/activity", "Activity", Icon::Log, None),
        (DeskNav::Settings, "/desk/settings", "Settings", Icon::Gear, None),
        (DeskNav::Backups, "/desk/backups", "Backups", Icon::Disk, None),
    ],
];

/// A page of the portal.
pub fn portal(frame: &PortalFrame<'_>, title: &str, body: impl Render) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(LANGUAGE) {
            (document_head(title, frame.firm.name))
            body.portal {
                (skip())
                header.top {
                    div.wrap {
                        a.firm href="/" { span.logo {} (frame.firm.name) }
                        (portal_who(frame))
                        (portal_nav(frame.current))
                    }
                }
                main.wrap.page id="main" tabindex="-1" { (body) }
                (portal_foot(&frame.firm))
            }
        }
    }
}

fn portal_nav(current: PortalNav) -> Markup {
    html! {
        nav.nav aria-label="Main" {
            ul {
                @for (place, href, text) in PORTAL_NAV {
                    li { a href=(href) aria-current=[(place == current).then_some("page")] { (text) } }
                }
            }
        }
    }
}

/// A page of the desk.
pub fn desk(frame: &DeskFrame<'_>, title: &str, body: impl Render) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(LANGUAGE) {
            (document_head(title, PRODUCT))
            body.desk data-keys[frame.shortcuts] {
                (skip())
                header.side {
                    div.side-in {
                        div.side-h { a.firm href="/desk" { span.logo {} (frame.firm_name) } }
                        (desk_find(frame.shortcuts))
                        (desk_nav(frame))
                        (desk_foot(frame))
                    }
                }
                main.main id="main" tabindex="-1" { (body) }
            }
        }
    }
}

fn desk_find(shortcuts: bool) -> Markup {
    html! {
        form.find role="search" method="get" action="/desk/find" {
            label.vh for="find" { "Find a client, invoice or document" }
            input id="find" name="q" type="search" data-key="/"
                placeholder=(if shortcuts { "Find, press /" } else { "Find" });
            button { (icon(Icon::Search)) (heard("Find")) }
        }
    }
}

/// A page with one question on it: signing in, a link's “Continue”. The body starts with its `h1`; `after` stands small
/// under the sheet.
pub fn gate(firm_name: &str, title: &str, body: impl Render, after: impl Render) -> Markup {
    gate_in(LANGUAGE, firm_name, title, body, after)
}

/// As [`gate`], for a page that speaks its reader's own language.
pub fn gate_in(language: &str, firm_name: &str, title: &str, body: impl Render, after: impl Render) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language) {
            (document_head(title, firm_name))
            body.portal {
                main.wrap.page.gate id="main" tabindex="-1" {
                    p.gate-h { span.firm { span.logo {} (firm_name) } }
                    div.panel { (body) }
                    div.small.mut.gap-y { (after) }
                }
            }
        }
    }
}

/// The page of something that went wrong: what, in a sentence, and the way out as (address, words). The request's id
/// goes with it, for whoever asks about it.
pub fn problem(
    firm_name: &str,
    status: u16,
    heading: &str,
    sentence: &str,
    request_id: &str,
    way_out: (&str, &str),
) -> Markup {
    let body = html! {
        h1 { (heading) }
        p { (sentence) }
        p { (parts::link(parts::Look::Primary, way_out.0, way_out.1)) }
    };
    let after = html! {
        p {
            @if status >= 400 { "Problem " (status) ", request " } @else { "Request " }
            span.mono { @if request_id.is_empty() { "unknown" } @else { (request_id) } } "."
        }
    };
    gate(firm_name, heading, body, after)
}

/// The head of a page: its own title, then whose it is. The shells draw head and body into one buffer: a page that is
/// passed on as a value is copied once more at each hand.
fn document_head(title: &str, site: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="robots" content="noindex";
            meta name="color-scheme" content="light dark";
            title { (title) " – " (site) }
            link rel="stylesheet" href=(assets::href("app.css"));
            link rel="stylesheet" href=(assets::BRAND_CSS);
            link rel="icon" href=(assets::href("mark.svg")) type="image/svg+xml";
            script defer src=(assets::href("app.js")) {}
        }
    }
}

fn skip() -> Markup {
    html! { a.skip href="#main" { "Skip to content" } }
}

fn sign_out(csrf: &str) -> Markup {
    html! { form.inline method="post" action=(SIGN_OUT) { (csrf_input(csrf)) button.aslink { "Sign out" } } }
}

fn portal_who(frame: &PortalFrame<'_>) -> Markup {
    let current = (frame.current == PortalNav::Account).then_some("page");
    html! {
        div.who {
            span {
                a href="/account" aria-current=[current] { (frame.person_name) (heard(", your account")) }
                span.wide-only.mut { " · " (frame.client_name) }
            }
            (sign_out(frame.csrf))
        }
    }
}

fn portal_foot(firm: &FirmCard<'_>) -> Markup {
    let reachable = !firm.phone.is_empty() || !firm.email.is_empty();
    html! {
        footer.foot {
            div.wrap {
                @if reachable {
                    p {
                        "Question about a bill? Ask " (if firm.contact.is_empty() { firm.name } else { firm.contact }) ":" br;
                        (reach(firm))
                    }
                }
                p {
                    (firm.name) @if !firm.address.is_empty() { ", " (firm.address) } br;
                    span.mut { "Kept on our own server, with " (PRODUCT) "." }
                }
            }
        }
    }
}

fn reach(firm: &FirmCard<'_>) -> Markup {
    let dialled: String = firm.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    html! {
        @if !firm.phone.is_empty() { a href={ "tel:" (dialled) } { (firm.phone) } }
        @if !firm.phone.is_empty() && !firm.email.is_empty() { " or " }
        @if !firm.email.is_empty() { a href={ "mailto:" (firm.email) } { (firm.email) } }
    }
}

fn desk_nav(frame: &DeskFrame<'_>) -> Markup {
    html! {
        nav.nav aria-label="Main" {
            @for group in DESK_NAV {
                ul {
                    @for (place, href, text, picture, key) in group.iter().filter(|link| is_shown(frame, link.0)) {
                        li {
                            a href=(href) aria-current=[(*place == frame.current).then_some("page")] data-key=[key] {
                                (icon(*picture)) span { (text) }
                                @if *place == DeskNav::Today && frame.today_count > 0 {
                                    span.cnt { (frame.today_count) (heard(" waiting")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Backups are for owners.
fn is_shown(frame: &DeskFrame<'_>, place: DeskNav) -> bool {
    frame.may_govern || place != DeskNav::Backups
}

fn desk_foot(frame: &DeskFrame<'_>) -> Markup {
    html! {
        div.side-f {
            @if frame.may_invoice {
                div.hide { a href="/desk/invoices/new" data-key="n" { "New invoice" } " " kbd aria-hidden="true" { "N" } }
            }
            div.hide { a href="/desk/shortcuts" data-key="?" { "Keyboard shortcuts" } " " kbd aria-hidden="true" { "?" } }
            div { a href="/desk/account" { (frame.person_name) (heard(", your account")) } span.mut.hide { ", " (frame.role) } }
            (sign_out(frame.csrf))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRM: FirmCard<'_> = FirmCard {
        name: "Harbour & Finch <LLP>",
        contact: "Orla Byrne",
        phone: "+353 1 555 0142",
        email: "accounts@harbourfinch.example",
        address: "Dublin 2",
    };

    /// Nothing that `default-src 'none'` with only `'self'` would refuse, and nothing unescaped.
    fn passes_the_policy(page: &str) {
        for banned in [" style=", " onclick=", "javascript:", "<style", "src=\"http", "<LLP>"] {
            assert!(!page.contains(banned), "{banned} in {page}");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<main").count(), 1);
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en-IE\">"));
    }

    #[test]
    fn the_portal_names_its_firm_and_marks_where_one_is() {
        let frame = PortalFrame {
            firm: FIRM,
            person_name: "Ana Ruiz",
            client_name: "Marlow",
            current: PortalNav::Invoices,
            csrf: "tok\"en",
        };
        let page = portal(&frame, "What you owe", "hello").into_string();
        passes_the_policy(&page);
        assert!(page.contains("<title>What you owe – Harbour &amp; Finch &lt;LLP&gt;</title>"));
        assert!(page.contains(r#"<a href="/invoices" aria-current="page">Invoices</a>"#));
        assert!(page.contains(r#"<form class="inline" method="post" action="/sign-out">"#));
        assert!(page.contains(r#"value="tok&quot;en""#) && page.contains(r#"href="tel:+35315550142""#));
    }

    #[test]
    fn the_desk_counts_what_waits_and_lets_keys_be_off() {
        let frame = DeskFrame {
            firm_name: FIRM.name,
            person_name: "Orla",
            role: "Owner",
            current: DeskNav::Today,
            today_count: 10,
            csrf: "t",
            shortcuts: true,
            may_invoice: false,
            may_govern: false,
        };
        let page = desk(&frame, "Today", "").into_string();
        passes_the_policy(&page);
        assert!(
            page.contains("<body class=\"desk\" data-keys>") && page.contains("10<span class=\"vh\"> waiting</span>")
        );
        assert!(!page.contains("/desk/invoices/new"));
        let quiet = desk(&DeskFrame { shortcuts: false, ..frame }, "Today", "").into_string();
        assert!(!quiet.contains("data-keys"));
    }

    #[test]
    fn a_problem_gives_a_sentence_an_id_and_a_way_out() {
        let page = problem(FIRM.name, 404, "We can’t find that", "It isn’t here.", "r-1", ("/", "Go to the start"));
        let page = page.into_string();
        passes_the_policy(&page);
        assert!(page.contains("It isn’t here.") && page.contains("r-1") && page.contains("Go to the start</a>"));
    }
}
