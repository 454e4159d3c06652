//! The demo with a fast clock: reminders arrive in its mailbox while one watches.

use crate::chromium::within;
use crate::program::Demo;
use crate::visitor::Visitor;

/// A day in nine seconds.
const SPEED: &str = "10000";

#[tokio::test(flavor = "multi_thread")]
async fn reminders_arrive_in_the_mailbox_of_a_demo_that_runs_fast() {
    let demo = Demo::start(&["--speed", SPEED]);
    let visitor = Visitor::to(&demo.url);
    let letters = async || visitor.page("/demo/mail").await.matches("/demo/mail/").count();
    let before = letters().await;
    assert!(before > 0);
    let more = async || (letters().await >= before + 2).then_some(());
    within("the next reminders", more).await;
    let newest = visitor.page("/demo/mail").await;
    assert!(newest.contains("due") || newest.contains("late"), "{newest}");
}
