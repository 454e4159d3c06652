//! The preview of reminders from the command line, with and without a server.

use jiff::Span;
use jiff::civil::Date;

use super::*;

impl Made {
    fn due_in(&self, number: &str, days: i64) -> Date {
        let today = Clock::system().now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (due, issued) = ((today + Span::new().days(days)).to_string(), today.to_string());
        let pdf = self.path("document.pdf");
        std::fs::write(&pdf, house::pdf(number)).unwrap();
        let what = ["publish", pdf.to_str().unwrap(), "--client", "1", "--number", number, "--amount", "12.50"];
        said(&self.on("house", &[what.as_slice(), &["--issued", &issued, "--due", &due]].concat()));
        due.parse().unwrap()
    }
}

#[test]
fn what_reminders_will_do_is_told_with_and_without_a_server() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    assert!(said(&made.on("house", &["reminders", "preview"])).contains("No reminder is ahead in the next 60 days."));
    made.due_in("A-1", 30);
    let offline = said(&made.on("house", &["reminders", "preview"]));
    for part in ["Marlow Ltd, A-1 (€12.50), a week before it’s due. Goes to Ana", "go, if nothing changes until then"]
    {
        assert!(offline.contains(part), "{part} in {offline}");
    }
    let serving = Serving::of(&made, "house");
    assert_eq!(said(&made.on("house", &["reminders", "preview"])), offline, "the server says the same");
    let short = said(&made.on("house", &["reminders", "preview", "--days", "10"]));
    assert!(short.contains("No reminder is ahead in the next 10 days."), "{short}");
    let json = said(&made.on("house", &["reminders", "preview", "--json"]));
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    let step = |x: &serde_json::Value| x["invoices"][0]["step"].as_i64().unwrap();
    let steps: Vec<i64> = told["reminders"].as_array().unwrap().iter().map(step).collect();
    assert_eq!(steps[..4], [-7, 0, 7, 14]);
    // A second invoice due on the same day goes along: one letter, with both under it.
    made.due_in("A-2", 30);
    let both = said(&made.on("house", &["reminders", "preview"]));
    assert!(both.contains("Marlow Ltd, 2 invoices. Goes to Ana") && both.contains(", as one letter:\n"), "{both}");
    assert!(both.contains("\n                  A-2 (€12.50), a week before it’s due\n"), "{both}");
    assert_eq!(both.lines().filter(|x| x.starts_with("20")).count(), offline.lines().count() - 1, "{both}");
    let policy = said(&made.on("house", &["reminders", "policy"]));
    for part in
        ["The standard policy.", "  A week before it’s due: a notice beforehand, to billing contacts", "08:00 to 18:00"]
    {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    serving.stop();
    assert_eq!(said(&made.on("house", &["reminders", "policy"])), policy, "and without the server");
    let told: serde_json::Value =
        serde_json::from_str(&said(&made.on("house", &["reminders", "policy", "--json"]))).unwrap();
    assert_eq!((told["version"].as_i64(), told["steps"][4]["offset"].as_i64()), (Some(0), Some(30)));
}

#[test]
fn after_a_restore_the_preview_says_that_letters_are_held_back() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    // Whatever day it is, the last step falls within the 60 days of the preview.
    made.due_in("A-1", 25);
    made.backup("held.age");
    said(&made.restore("held.age", "new"));
    let told = said(&made.on("new", &["reminders", "preview"]));
    for part in ["None goes now: letters are held back", "After that 5 of 5 would go"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let json = said(&made.on("new", &["reminders", "preview", "--json"]));
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&told["held"], &told["reminders"][0]["to"][0]), (&true.into(), &"Ana".into()), "{told}");
}
