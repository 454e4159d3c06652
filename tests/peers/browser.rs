//! The main walk in a real browser: an invoice is written at the desk, read on a telephone, paid, and left alone.

use thirtyfour::components::SelectElement;

use crate::chromium::{Chromium, within};
use crate::program::Demo;

const CLIENT: &str = "Marlow Ceramics Ltd";
const CONTACT: &str = "Ana Ruiz";
const TITLE: &str = "Lease of the kiln yard";

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_goes_from_the_desk_to_a_telephone_and_is_paid() {
    let demo = Demo::start(&[]);
    let (desk, phone) = (Chromium::start().await, Chromium::phone().await);
    desk.sign_in(&demo.url, &demo.person("Orla Byrne")).await;

    let number = issue(&desk, &demo).await;
    let page = desk.path().await;
    assert_eq!(marks(&desk).await, ["Not yet", "Not yet"]);

    follow_the_letter(&phone, &demo).await;
    phone.arrives(|path| path.ends_with(&number)).await;
    let text = phone.text().await;
    assert!(text.contains(TITLE) && text.contains("€1,476.00"), "{text}");
    download(&phone, &number).await;

    let home = another_contact_at_home(&demo).await;
    let owed = home.text_of("section[aria-labelledby=open]").await;
    assert!(owed.contains(TITLE), "{owed}");

    desk.goto(&format!("{}{page}", demo.url)).await;
    let seen = marks(&desk).await;
    assert!(seen.iter().all(|when| when.contains(':') && !when.contains("Not yet")), "{seen:?}");

    pay(&desk).await;
    desk.goto(&format!("{}{page}", demo.url)).await;
    let reminders = desk.text_of("section[aria-labelledby=reminders]").await;
    assert!(reminders.contains("No further reminders: nothing is open."), "{reminders}");
    assert!(!reminders.contains("Planned"), "{reminders}");
    desk.goto(&format!("{}/desk/reminders", demo.url)).await;
    assert!(!desk.text().await.contains(&number), "a reminder lies ahead of an invoice that was paid");

    home.goto(&format!("{}/", demo.url)).await;
    let owed = home.text_of("section[aria-labelledby=open]").await;
    assert!(!owed.contains(TITLE), "{owed}");
    assert!(home.text_of("section[aria-labelledby=paid]").await.contains(&number), "{}", home.text().await);
    phone.goto(&format!("{}/invoices/{number}", demo.url)).await;
    assert!(phone.text().await.contains("There is nothing left to pay."), "{}", phone.text().await);
    for browser in [&desk, &phone, &home] {
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    }
}

/// Writes an invoice of one line, looks at it and issues it; its number.
async fn issue(desk: &Chromium, demo: &Demo) -> String {
    desk.goto(&format!("{}/desk/invoices/new", demo.url)).await;
    let clients = SelectElement::new(&desk.find("#f-client").await).await.unwrap();
    clients.select_by_exact_text(CLIENT).await.unwrap();
    desk.turn("Show this client").await;
    desk.fill("#f-title", TITLE).await;
    desk.fill("[name='l0.description']", "Advice on the lease").await;
    desk.fill("[name='l0.quantity']", "8").await;
    desk.fill("[name='l0.price']", "150").await;
    desk.turn("Preview and issue").await;
    desk.arrives(|path| path.ends_with("/preview")).await;
    let preview = desk.text().await;
    assert!(preview.contains("1,476.00") && preview.contains(CONTACT), "{preview}");
    desk.turn_by("form[action$='/issue'] button").await;
    desk.arrives(|path| !path.ends_with("/preview") && !path.ends_with("/issue")).await;
    let heading = desk.text_of("h1").await;
    heading.strip_prefix("Invoice ").unwrap_or_else(|| panic!("{heading}")).to_owned()
}

/// Finds the letter in the demo's mailbox and follows its link: a look costs nothing, the button signs in.
async fn follow_the_letter(phone: &Chromium, demo: &Demo) {
    let to_letter = async || {
        phone.goto(&format!("{}/demo/mail", demo.url)).await;
        let first = phone.driver.find(thirtyfour::By::Css("ul.list li")).await.ok()?;
        let text = first.text().await.unwrap();
        (text.contains("€1,476.00") && text.contains(CONTACT)).then_some(())
    };
    within("the letter", to_letter).await;
    phone.turn_by("ul.list li a").await;
    let link = phone.find("a[href*='/sign-in/link/']").await.attr("href").await.unwrap().unwrap();
    phone.goto(demo.url.parse::<reqwest::Url>().unwrap().join(&link).unwrap().as_ref()).await;
    phone.arrives(|path| path.starts_with("/sign-in/link/")).await;
    assert!(!phone.text().await.contains(TITLE), "looking at the link showed the invoice");
    phone.turn_by("form[method=post] button").await;
}

async fn download(phone: &Chromium, number: &str) {
    phone.press("Download PDF").await;
    let (name, bytes) = phone.downloaded().await;
    assert!(name.contains(number), "{name}");
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 5_000, "{} bytes", bytes.len());
}

/// Somebody of the same client, signed in with a password.
async fn another_contact_at_home(demo: &Demo) -> Chromium {
    let home = Chromium::phone().await;
    home.sign_in(&demo.url, &demo.person("Peter Marlow")).await;
    home.arrives(|path| path == "/").await;
    home
}

/// When the contact opened and downloaded it, as the desk says.
async fn marks(desk: &Chromium) -> Vec<String> {
    let rows = desk.driver.find_all(thirtyfour::By::Css("section[aria-labelledby=seen] tbody tr")).await.unwrap();
    for row in rows {
        if !row.text().await.unwrap().contains(CONTACT) {
            continue;
        }
        let mut cells = Vec::new();
        for cell in row.find_all(thirtyfour::By::Css("td, th")).await.unwrap() {
            cells.push(cell.text().await.unwrap());
        }
        return cells[3..5].to_vec();
    }
    panic!("{CONTACT} is not among those who may see it");
}

/// Records the whole amount from the invoice's own page.
async fn pay(desk: &Chromium) {
    desk.turn("Record a payment").await;
    desk.fill("#f-amount", "1476.00").await;
    desk.turn("Record the payment").await;
    desk.arrives(|path| path != "/desk/payments/new").await;
    assert!(desk.path().await.starts_with("/desk/"), "{}", desk.text().await);
}
