//! Every main page at every width, light and dark: nothing sticks out, the browser holds nothing against it, and axe
//! finds no serious fault.

use serde_json::Value;

use crate::chromium::Chromium;
use crate::program::{Demo, peers};
use crate::visitor::{Visitor, links};

const WIDTHS: [u32; 5] = [360, 390, 768, 1280, 1920];
const HEIGHT: u32 = 900;
/// A window for axe, so tall that nothing lies under the buttons that stay at its foot.
const TALL: u32 = 6000;

/// Pages of a client's contact; lists are followed to their first entry.
const PORTAL: [&str; 8] =
    ["/", "/invoices", "/statement", "/statement?kind=open", "/statements", "/statements/1", "/quotes", "/account"];
const PORTAL_ENTRIES: [(&str, &str); 2] = [("/invoices", "/invoices/"), ("/quotes", "/quotes/")];
const DESK: [&str; 43] = [
    "/desk",
    "/desk/receivables",
    "/desk/letters",
    "/desk/reminders",
    "/desk/reminders/policy",
    "/desk/reminders/policy/past",
    "/desk/reminders/policy/edit",
    "/desk/reminders/policy/holidays",
    "/desk/activity",
    "/desk/fairness",
    "/desk/find?q=marlow",
    "/desk/clients",
    "/desk/clients/new",
    "/desk/clients/1/edit",
    "/desk/clients/1/credit",
    "/desk/clients/1/statement",
    "/desk/clients/1/statement?kind=open",
    "/desk/clients/1/statements",
    "/desk/clients/1/contacts/new",
    "/desk/invoices",
    "/desk/invoices/new?client=1",
    "/desk/invoices/issue",
    "/desk/publish",
    "/desk/quotes",
    "/desk/quotes/new",
    "/desk/recurring",
    "/desk/recurring/new",
    "/desk/import",
    "/desk/clients/1/pause",
    "/desk/invoices/1/call",
    "/desk/invoices/1/promise",
    "/desk/invoices/1/dispute",
    "/desk/contacts/1/reminders",
    "/desk/payments",
    "/desk/payments/new?client=1",
    "/desk/settings",
    "/desk/settings/staff",
    "/desk/settings/late-payment",
    "/desk/settings/letters",
    "/desk/settings/letters/overdue-en",
    "/desk/backups",
    "/desk/account",
    "/desk/shortcuts",
];
const DESK_ENTRIES: [(&str, &str); 7] = [
    ("/desk/letters", "/desk/letters/"),
    ("/desk/clients", "/desk/clients/"),
    ("/desk/invoices", "/desk/invoices/"),
    ("/desk/quotes", "/desk/quotes/"),
    ("/desk/recurring", "/desk/recurring/"),
    ("/desk/payments", "/desk/payments/"),
    ("/desk/settings/staff", "/desk/settings/staff/"),
];
const GATE: [&str; 4] = ["/sign-in", "/password", "/sign-in/code", "/nothing/here"];

/// What sticks out to the right, but for what scrolls in a box of its own.
const STICKS_OUT: &str = "
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return [];
    const far = e => e.getBoundingClientRect().right > page.clientWidth + 1;
    const out = [...document.querySelectorAll('body *')].filter(far);
    return [page.scrollWidth + ' of ' + page.clientWidth, ...out.slice(0, 4).map(e => e.tagName + '.' + e.className)];";

const AXE: &str = "
    const done = arguments[arguments.length - 1];
    const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];
    axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(found =>
        done(found.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
            .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))),
        error => done(['axe failed: ' + error]));";

/// The fixed pages and, for each list, its first entry.
async fn pages(visitor: &Visitor, fixed: &[&str], entries: &[(&str, &str)]) -> Vec<String> {
    let mut all: Vec<String> = fixed.iter().map(|&page| page.to_owned()).collect();
    for (list, begin) in entries {
        let found = links(&visitor.page(list).await, begin);
        let entry = found.into_iter().find(|link| !link.contains('?') && !link.ends_with("/new"));
        all.push(entry.unwrap_or_else(|| panic!("{list} has no entry")));
    }
    all
}

struct Tour {
    browser: Chromium,
    url: String,
    axe: String,
    faults: Vec<String>,
}

impl Tour {
    async fn look_at(&mut self, pages: &[String]) {
        for page in pages {
            self.browser.goto(&format!("{}{page}", self.url)).await;
            for dark in [false, true] {
                self.browser.dark(dark).await;
                for width in WIDTHS {
                    self.browser.size(width, HEIGHT).await;
                    let out = self.browser.run(STICKS_OUT).await;
                    self.hold(page, &format!("at {width}"), &out);
                }
                self.examine(page, dark).await;
            }
            for said in self.browser.complaints().await {
                // The page that is not there says 404, as it should.
                if !(page.contains("nothing") && said.contains("404")) {
                    self.faults.push(format!("{page}: {said}"));
                }
            }
        }
    }

    async fn examine(&mut self, page: &str, dark: bool) {
        self.browser.driver.execute(self.axe.as_str(), Vec::new()).await.unwrap();
        for width in [390, 1280] {
            self.browser.size(width, TALL).await;
            let found = self.browser.driver.execute_async(AXE, Vec::new()).await.unwrap().json().clone();
            self.hold(page, if dark { "dark" } else { "light" }, &found);
        }
    }

    fn hold(&mut self, page: &str, how: &str, found: &Value) {
        let found = found.as_array().unwrap();
        self.faults.extend(found.iter().map(|fault| format!("{page} {how}: {}", fault.as_str().unwrap_or_default())));
    }
}

/// The accessibility checker, where `tests/run` put it.
fn axe() -> String {
    std::fs::read_to_string(peers().join("axe.min.js")).expect("axe-core is missing; tests/run installs it")
}

async fn tour(demo: &Demo, who: Option<&str>, fixed: &[&str], entries: &[(&str, &str)]) {
    let browser = Chromium::start().await;
    let visitor = Visitor::to(&demo.url);
    if let Some(name) = who {
        browser.sign_in(&demo.url, &demo.person(name)).await;
        visitor.sign_in(&demo.person(name)).await;
    }
    let pages = pages(&visitor, fixed, entries).await;
    let mut tour = Tour { browser, url: demo.url.clone(), axe: axe(), faults: Vec::new() };
    tour.look_at(&pages).await;
    tour.faults.sort();
    tour.faults.dedup();
    assert!(tour.faults.is_empty(), "{} faults:\n{}", tour.faults.len(), tour.faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_portal_fits_and_is_free_of_faults() {
    let demo = Demo::start(&[]);
    tour(&demo, None, &GATE, &[]).await;
    tour(&demo, Some("Ana Ruiz"), &PORTAL, &PORTAL_ENTRIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_desk_fits_and_is_free_of_faults() {
    let demo = Demo::start(&[]);
    tour(&demo, Some("Orla Byrne"), &DESK, &DESK_ENTRIES).await;
}
