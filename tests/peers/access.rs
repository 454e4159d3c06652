//! By keyboard alone, and without JavaScript.

use serde_json::json;
use thirtyfour::Key;

use crate::chromium::Chromium;
use crate::program::Demo;

/// What has the focus, and whether that can be seen.
const FOCUS: &str = "
    const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
    return {name: e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30), id: e.id,
            skip: e.classList.contains('skip'),
            shown: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0,
            // The parts of a date field have a mark of their own, which no style can be read from.
            ring: (e.type === 'date' && !e.matches(':focus-visible')) ||
                  (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'};";
/// Presses of Tab on a page.
const PRESSES: usize = 25;

async fn press(browser: &Chromium, key: Key) {
    browser.driver.action_chain().send_keys(key).perform().await.unwrap();
}

async fn by_keyboard(browser: &Chromium, page: &str) {
    browser.goto(page).await;
    press(browser, Key::Tab).await;
    let first = browser.run(FOCUS).await;
    assert!(
        first["skip"] == true && first["shown"] == true,
        "{page}: the first stop is {first}, no way to the content"
    );
    for _ in 0..PRESSES {
        press(browser, Key::Tab).await;
        let now = browser.run(FOCUS).await;
        if now["name"].as_str().unwrap().starts_with("BODY") {
            break;
        }
        assert!(now["shown"] == true && now["ring"] == true, "{page}: the focus can't be seen on {now}");
    }
    browser.goto(page).await;
    press(browser, Key::Tab).await;
    press(browser, Key::Enter).await;
    press(browser, Key::Tab).await;
    let inside = browser.run("return document.getElementById('main').contains(document.activeElement)").await;
    assert_eq!(inside, true, "{page}: after the skip link the next stop is {}", browser.run(FOCUS).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_and_shows_where_it_is() {
    let demo = Demo::start(&[]);
    let browser = Chromium::start().await;
    browser.sign_in(&demo.url, &demo.person("Ana Ruiz")).await;
    for page in ["/", "/invoices", "/statement"] {
        by_keyboard(&browser, &format!("{}{page}", demo.url)).await;
    }
    let desk = Chromium::start().await;
    desk.sign_in(&demo.url, &demo.person("Orla Byrne")).await;
    for page in ["/desk", "/desk/invoices", "/desk/invoices/new?client=1"] {
        by_keyboard(&desk, &format!("{}{page}", demo.url)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_works_without_javascript() {
    let demo = Demo::start(&[]);
    let browser = Chromium::phone().await;
    browser.tool("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    browser.sign_in(&demo.url, &demo.person("Ana Ruiz")).await;
    browser.turn_by("main a[href^='/invoices/']").await;
    browser.arrives(|path| path.starts_with("/invoices/")).await;
    browser.press("Download PDF").await;
    let (_, bytes) = browser.downloaded().await;
    assert!(bytes.starts_with(b"%PDF-"));

    let desk = Chromium::start().await;
    desk.tool("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    desk.sign_in(&demo.url, &demo.person("Orla Byrne")).await;
    desk.goto(&format!("{}/desk/invoices/new?client=1", demo.url)).await;
    desk.fill("[name='l0.description']", "Advice").await;
    desk.fill("[name='l0.price']", "100").await;
    desk.turn("Add a line").await;
    desk.fill("[name='l1.description']", "Copies").await;
    desk.fill("[name='l1.price']", "20").await;
    desk.turn("Save draft").await;
    desk.arrives(|path| path.ends_with("/edit")).await;
    assert!(desk.text_of("table.totals").await.contains("€147.60"), "{}", desk.text().await);
}
