//! The parts' promises: what they draw, escaped and with names that can be heard.

use super::*;

const NASTY: &str = "<img src=x onerror=alert(1)>\"'&";

#[test]
fn every_icon_is_in_the_sprite() {
    let sprite = include_str!("../../../assets/icons.svg");
    for &one in Icon::ALL {
        assert!(sprite.contains(&format!("<symbol id=\"{}\"", one.id())), "{}", one.id());
    }
    assert_eq!(sprite.matches("<symbol").count(), Icon::ALL.len());
    assert!(icon(Icon::Alert).0.contains(&format!("{}#i-alert", crate::web::assets::href("icons.svg"))));
}

#[test]
fn a_refused_field_says_so_above_it_and_in_the_summary() {
    let errors = [FieldError::new("date", "The date must be 21 November 2025 or later")];
    let field = Field::new("date", "I’ll pay on").hint("We hold the reminders.").value("2025-10-28").errors(&errors);
    let html = date(&field, Some("2025-11-21"), None).into_string();
    assert!(html.contains("has-err\"><label for=\"f-date\">"), "{html}");
    assert!(html.contains(r#"aria-invalid="true" aria-describedby="f-date-h f-date-e""#), "{html}");
    assert!(html.contains(r#"value="2025-10-28" min="2025-11-21""#), "{html}");
    let summary = error_summary(&errors).into_string();
    assert!(summary.contains(r##"role="alert" tabindex="-1""##) && summary.contains(r##"href="#f-date""##));
    assert!(summary.contains("There is a problem") && error_summary(&[]).into_string().is_empty());
    assert_eq!(titled("Promise", &errors), "Error: Promise");
}

#[test]
fn a_key_tells_fields_of_one_name_apart() {
    let errors = [FieldError::new("why-note", "Say what’s wrong")];
    let one = textarea(&Field::new("note", "Anything?").errors(&errors), 2).into_string();
    let two = textarea(&Field::new("note", "What?").key("why-note").errors(&errors), 3).into_string();
    assert!(!one.contains("has-err") && two.contains("has-err") && two.contains(r#"id="f-why-note" name="note""#));
}

#[test]
fn what_people_typed_is_never_markup() {
    let field = Field::new("q", NASTY).hint(NASTY).value(NASTY);
    let cells = vec![html! { (NASTY) }];
    for html in [
        input(&field, Input::Text),
        textarea(&field, 2),
        money(&field, NASTY),
        select(&field, &[Choice::new(NASTY, NASTY)]),
        radios(&field, &[Choice::new(NASTY, NASTY)]),
        checkbox(&field),
        tag(Tone::Bad, NASTY),
        note(Tone::Plain, Icon::Flag, NASTY, NASTY),
        empty(NASTY, NASTY),
        copy(NASTY, NASTY),
        menu(NASTY, NASTY, NASTY, &[(NASTY, NASTY)]),
        ledger(NASTY, &[Col::name(NASTY)], &[cells.into()], None),
        figs(&[Fig::new(NASTY, NASTY).note(NASTY)]),
        error_summary(&[FieldError::new(NASTY, NASTY)]),
    ] {
        let html = html.into_string();
        assert!(!html.contains("<img") && !html.contains("alert(1)>\"'"), "{html}");
    }
}

#[test]
fn a_password_never_comes_back() {
    let html = input(&Field::new("password", "Password").value("hunter2"), Input::Password).into_string();
    assert!(!html.contains("hunter2"));
}

#[test]
fn a_sum_spans_the_columns_before_it_on_every_width() {
    let cols = [Col::short("Date"), Col::text("What"), Col::num("Charged").wide(), Col::num("Balance")];
    let sum = Sum { label: "Owed", cells: vec![html! { "1.00" }] };
    let html = table("Account", &cols, &[], Some(&sum)).into_string();
    assert!(html.contains(r#"<th class="wide-only" scope="row" colspan="3">Owed</th>"#), "{html}");
    assert!(html.contains(r#"<th class="narrow" scope="row" colspan="2">Owed</th>"#), "{html}");
}

#[test]
fn the_chosen_answer_comes_back_chosen() {
    let why = [Choice::new("amount", "An amount is wrong"), Choice::new("paid", "We’ve paid")];
    let html = radios(&Field::new("why", "What’s wrong?").value("paid"), &why).into_string();
    assert!(html.contains(r#"value="paid" checked>"#) && html.contains(r#"value="amount" id="f-why""#), "{html}");
}

#[test]
fn a_queue_row_has_its_words_its_amount_and_its_actions() {
    let row = Waiting {
        tone: Tone::Bad,
        icon: Icon::Flag,
        what: html! { a href="/desk/clients/1" { b { "Lumen" } } " says a rate is wrong" },
        more: html! { "Wed 16:40" },
        amount: "€3,936.00".into(),
        reference: html! { (nw("HF-2025-0397")) },
        actions: menu("Lumen", "/desk/today/1", "t", &[("monday", "Snooze to Monday")]),
    };
    let html = queue(&[row]).into_string();
    assert!(html.starts_with(r#"<ol class="queue"><li class="bad"><svg"#), "{html}");
    assert!(html.contains(r#"<button name="do" value="monday">"#) && html.contains("More for Lumen"), "{html}");
}
