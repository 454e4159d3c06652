//! Letters in the firm's own words: what goes out, what stays the product's, what is refused, and that a letter in the
//! outbox keeps its words while its amounts stay true.

use axum::http::StatusCode;
use counterfoil::actions::{people, policies, wordings};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::{Actor, Event};
use counterfoil::domain::language::Language;
use counterfoil::domain::policy::{Policy, Tone};
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::wording::{LetterKind, Wording, Words};
use counterfoil::mail::Verdict;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::browser::hidden;
use crate::desk::desk_of;
use crate::house::*;

const ANA: &str = "ana@marlow.example";
const OVERDUE: LetterKind = LetterKind::Reminder(Tone::Overdue);

fn words(subject: &str, opening: &str, closing: &str) -> Words {
    Words { subject: subject.to_owned(), opening: opening.to_owned(), closing: closing.to_owned() }
}

/// Chooses words for a letter in a language, by Orla.
async fn choose(house: &TestHouse, kind: LetterKind, language: Language, words: Option<Words>) -> Result<(), ActError> {
    let known = house.app.store.read(|r| r.wording_now(kind, language)).unwrap().map_or(0, |x| x.version);
    let act =
        move |w: &mut WriteTx<'_>, s: &StaffScope| wordings::change(w, s, (kind, language), known, words.as_ref());
    house.act(house.who.orla, act).await
}

#[tokio::test]
async fn a_letter_says_what_the_firm_chose_around_what_it_must_say_itself() {
    let house = TestHouse::new().await;
    let own = words(
        "{client}: {number}, {days overdue}",
        "A word to {contact} about {title} <b>.\nPlease look.\n\nIt was due on {due date}: {amount}.",
        "Thank you. {firm}",
    );
    choose(&house, OVERDUE, Language::English, Some(own)).await.unwrap();
    house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    assert!(house.claim(ANA).subject.starts_with("Due today"), "the other letters keep our words");
    house.at(date(2026, 12, 8), 9);
    house.tick().await;
    let letter = house.claim(ANA);
    assert_eq!(letter.subject, "Marlow Ceramics: HF-2026-0001, 7 days");
    let begins = "Dear Ana,\n\nA word to Ana Ruiz about Lease of Unit 4 <b>.\nPlease look.\n\nIt was due on 1 December: \
                  €100.00.\n\nInvoice HF-2026-0001 “Lease of Unit 4”: €100.00, due on 1 December, 7 days late.\n\n\
                  See the invoice and pay:\nhttps://";
    assert!(letter.text.starts_with(begins), "{}", letter.text);
    for part in ["\n\nThank you. Hartmann & Finch LLP\n\n", "/reminders/stop/", "Our activity log when this was sent:"]
    {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
    let html = letter.html.unwrap();
    assert!(html.contains("Unit 4 &lt;b&gt;.<br>Please look.</p>") && !html.contains("<b>"), "{html}");
    assert!(!letter.text.contains("[[") && !html.contains("[["));
    assert!(house.log().contains(&Event::LetterWorded { letter: OVERDUE, language: Language::English, own: true }));
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

/// Changes the policy as it is, by Orla.
async fn change_policy(house: &TestHouse, change: impl FnOnce(&mut Policy)) {
    let mut kept = house.app.store.read(|r| r.policy_now()).unwrap();
    change(&mut kept.policy);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &kept.policy, "a try");
    house.act(house.who.orla, act).await.unwrap();
}

#[tokio::test]
async fn a_step_says_what_was_chosen_for_it_wherever_it_is_moved_and_while_it_keeps_its_tone() {
    let house = TestHouse::new().await;
    let mut steps = Policy::standard().steps;
    let (week, fortnight) = (steps.remove(2), steps.remove(2));
    assert_eq!((week.offset, fortnight.offset), (7, 14));
    let [of_week, of_fortnight] = [&week, &fortnight].map(|x| LetterKind::of_step(x).unwrap());
    choose(&house, OVERDUE, Language::English, Some(words("All polite: {number}", "Polite.", ""))).await.unwrap();
    choose(&house, of_week, Language::English, Some(words("A week: {number}", "A week.", ""))).await.unwrap();
    choose(&house, of_fortnight, Language::German, Some(words("Zwei Wochen", "Zwei.", ""))).await.unwrap();
    let subject_on = async |due, day| {
        let (id, _) = house.issue(house.who.marlow, 100_00, due).await;
        house.tick().await;
        house.claim_all();
        house.at(day, 9);
        house.tick().await;
        let letter = house.claim(ANA);
        assert!(letter.text.contains("€100.00"), "{}", letter.text);
        house.pay(house.who.marlow, 100_00, vec![id]).await;
        house.claim_all();
        letter.subject
    };
    assert_eq!(subject_on(date(2026, 12, 1), date(2026, 12, 8)).await, "A week: HF-2026-0001");
    change_policy(&house, |policy| policy.steps[2].offset = 8).await;
    assert_eq!(subject_on(date(2026, 12, 14), date(2026, 12, 22)).await, "A week: HF-2026-0002");
    // What it says is of its tone: a firm step does not go on in polite words.
    change_policy(&house, |policy| policy.steps[2].tone = Tone::Firm).await;
    let firm = subject_on(date(2027, 1, 4), date(2027, 1, 12)).await;
    assert!(firm.contains("8 days late") && !firm.contains("week") && !firm.contains("polite"), "{firm}");
    change_policy(&house, |policy| policy.steps[2].tone = Tone::Overdue).await;
    choose(&house, of_week, Language::English, None).await.unwrap();
    assert_eq!(subject_on(date(2027, 1, 18), date(2027, 1, 26)).await, "All polite: HF-2027-0001");
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn words_of_a_step_are_chosen_on_the_desk_and_begin_with_those_of_its_tone() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let path = "/desk/settings/letters/step-4-firm-en";
    let list = orla.get("/desk/settings/letters").await.text();
    assert!(list.contains(path) && list.contains("The letter 14 days after it was due: firm"), "{list}");
    assert!(list.contains("As its tone"), "{list}");
    assert!(orla.get("/desk/reminders/policy").await.text().contains("/desk/settings/letters#steps"));
    let firm = LetterKind::Reminder(Tone::Firm);
    choose(&house, firm, Language::English, Some(words("Firm: {number}", "Firmly.", ""))).await.unwrap();
    let page = orla.get(path).await.text();
    assert!(page.contains("value=\"Firm: {number}\"") && page.contains("as if it were 14 days late"), "{page}");
    let version = hidden(&page, "version");
    let typed = |subject: &'static str| {
        [("version", version.as_str()), ("subject", subject), ("opening", "Two weeks."), ("do", "save")]
    };
    let refused = orla.post(path, &typed("{count}")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("this letter can’t fill “{count}”"), "{}", refused.text());
    assert_eq!(orla.post(path, &typed("Two weeks: {number}")).await.location(), "/desk/settings/letters?saved=words");
    let page = orla.get(path).await.text();
    assert!(page.contains("Two weeks: ") && page.contains("Back to the words of its tone"), "{page}");
    let log = orla.get("/desk/activity?topic=mail").await.text();
    assert!(log.contains("words of the firm’s own for one step’s firm reminder, in English"), "{log}");
    // What no step of the policy is: another tone, a step that never was.
    for absent in ["step-4-final-en", "step-99-firm-en", "step-04-firm-en", "step-4-several-firm-en", "step--firm-en"] {
        let answer = orla.get(&format!("/desk/settings/letters/{absent}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{absent}");
    }
    let never = LetterKind::Step(99, Tone::Firm);
    let refused = choose(&house, never, Language::English, Some(words("x", "y", ""))).await;
    assert!(matches!(refused, Err(ActError::Refused(Refusal::NotFound))), "{refused:?}");
    // A step that the policy has no longer keeps what it said, to be read.
    change_policy(&house, |policy| policy.steps.retain(|x| x.offset != 14)).await;
    let page = orla.get(path).await.text();
    assert!(page.contains("One step’s firm reminder, in English"), "{page}");
    assert!(!orla.get("/desk/settings/letters").await.text().contains(path));
}

#[tokio::test]
async fn a_letter_in_the_outbox_keeps_its_words_and_its_amounts_stay_true() {
    let house = TestHouse::new().await;
    choose(&house, OVERDUE, Language::English, Some(words("Old {amount}", "Old words.", ""))).await.unwrap();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 8), 9);
    house.mail.answer_next(Verdict::Deferred { reason: "busy".to_owned() });
    house.tick().await;
    house.later(SignedDuration::from_mins(1));
    choose(&house, OVERDUE, Language::English, Some(words("New {amount}", "New words.", ""))).await.unwrap();
    house.pay(house.who.marlow, 40_00, vec![id]).await;
    house.later(SignedDuration::from_mins(5));
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert_eq!(letter.subject, "Old €60.00", "its words of then, the amount of now");
    assert!(letter.text.contains("Old words.") && letter.text.contains("€60.00 open of €100.00"), "{}", letter.text);
    // Whatever is queued from now on has the new ones.
    house.pay(house.who.marlow, 60_00, vec![id]).await;
    house.issue(house.who.marlow, 70_00, date(2026, 12, 9)).await;
    for day in [9, 16] {
        house.at(date(2026, 12, day), 9);
        house.tick().await;
    }
    let subjects: Vec<String> = house.unclaimed().into_iter().map(|k| k.letter.subject).collect();
    house.claim_all();
    assert!(subjects.contains(&"New €70.00".to_owned()), "{subjects:?}");
}

#[tokio::test]
async fn words_that_were_kept_and_can_t_be_filled_any_more_give_way_to_ours() {
    // Its check names such words.
    let house = TestHouse::new().await.heedless_of_store();
    let (good, kind) = (words("Ours: {amount}", "{amount} is due.", "Thank you."), LetterKind::Issued);
    choose(&house, kind, Language::English, Some(good)).await.unwrap();
    // As another version of the program may have kept them: nobody could save these.
    for (n, broken) in [
        words("Ours: {mood}", "{amount} is due.", ""),
        words("Ours", "{amount is due.", ""),
        words("Ours", "Fine.", "{days overdue}"),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = choose(&house, kind, Language::English, Some(broken.clone())).await;
        assert!(matches!(refused, Err(ActError::Refused(_))), "{broken:?}");
        let (version, at) = (2 + u32::try_from(n).unwrap(), house.app.now());
        let kept =
            Wording { kind, language: Language::English, version, words: Some(broken), by: Actor::CommandLine, at };
        house.app.store.housekeep(at, move |w| Ok(w.put_wording(&kept)?)).await.unwrap();
        let (_, number) = house.issue(house.who.marlow, 100_00, date(2027, 2, 1)).await;
        house.tick().await;
        let letter = house.claim(ANA);
        let html = letter.html.unwrap();
        assert!(letter.subject.contains(number.as_str()) && !letter.subject.contains("Ours"), "{}", letter.subject);
        assert!(letter.text.contains("€100.00") && !letter.text.contains(['{', '}']), "{}", letter.text);
        assert!(!html.contains("{mood}") && !html.contains("{amount"), "{html}");
        house.later(SignedDuration::from_mins(1));
    }
}

#[tokio::test]
async fn issue_letters_digests_and_each_language_have_words_of_their_own() {
    let house = TestHouse::new().await;
    let who = house.who;
    let ana = house.app.store.read(|r| r.contact(who.ana)).unwrap().unwrap();
    let new = people::NewContact {
        language: Some(Language::German),
        ..new_contact(&ana.name, ana.email.as_str(), ana.rights)
    };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| people::change_contact(w, s, &dublin(), who.ana, &new);
    house.act(who.orla, act).await.unwrap();
    let both = LetterKind::Several(Tone::DueToday);
    let german = [
        (LetterKind::Issued, words("Neu: {number}", "neue Rechnung über {amount}.", "")),
        (both, words("{count} offen", "{count} Rechnungen, {amount}.", "Danke.")),
    ];
    for (kind, own) in german {
        choose(&house, kind, Language::German, Some(own)).await.unwrap();
    }
    choose(&house, LetterKind::Issued, Language::English, Some(words("English", "English.", ""))).await.unwrap();
    for minor in [100_00, 250_50] {
        house.issue(who.marlow, minor, date(2026, 12, 1)).await;
    }
    house.issue(who.kestrel, 1_00, date(2027, 1, 1)).await;
    house.tick().await;
    let letter = house.claim(ANA);
    assert_eq!(letter.subject, "Neu: HF-2026-0001");
    assert!(letter.text.contains("neue Rechnung über 100,00\u{a0}€.\n\nRechnung HF-2026-0001"), "{}", letter.text);
    assert_eq!(house.claim("sofia@kestrel.example").subject, "English");
    house.claim_all();
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert_eq!(letter.subject, "2 offen");
    assert!(letter.text.contains("2 Rechnungen, 350,50\u{a0}€.\n\nRechnung HF-2026-0001 „Lease of Unit 4“: 100,00"));
    assert!(letter.text.contains("Alle ansehen und bezahlen:\n") && letter.text.contains("\n\nDanke.\n\n"));
}

#[tokio::test]
async fn only_an_owner_changes_words_and_what_can_t_be_filled_or_sent_is_refused() {
    let house = TestHouse::new().await;
    let fine = words("x", "y", "");
    let act = {
        let fine = fine.clone();
        move |w: &mut WriteTx<'_>, s: &StaffScope| wordings::change(w, s, (OVERDUE, Language::English), 0, Some(&fine))
    };
    let refused = house.act(house.who.tom, act).await;
    assert!(matches!(refused, Err(ActError::Refused(Refusal::NotAllowed))), "{refused:?}");
    for bad in [
        words("a\r\nBcc: eve@example.com", "y", ""),
        words("{clint}", "y", ""),
        words("x", "{amount", ""),
        words("x", "y", "{pay by}"),
        words("", "y", ""),
    ] {
        let refused = choose(&house, OVERDUE, Language::English, Some(bad.clone())).await;
        assert!(matches!(refused, Err(ActError::Refused(Refusal::Fields(_)))), "{bad:?}: {refused:?}");
    }
    choose(&house, OVERDUE, Language::English, Some(fine.clone())).await.unwrap();
    let stale = move |w: &mut WriteTx<'_>, s: &StaffScope| {
        wordings::change(w, s, (OVERDUE, Language::English), 0, Some(&words("z", "y", "")))
    };
    let refused = house.act(house.who.orla, stale).await;
    assert!(matches!(refused, Err(ActError::Refused(Refusal::ChangedMeanwhile))), "{refused:?}");
    choose(&house, OVERDUE, Language::English, None).await.unwrap();
    let now = house.app.store.read(|r| r.wording_now(OVERDUE, Language::English)).unwrap().unwrap();
    assert_eq!((now.version, now.words), (2, None));
    assert!(house.log().contains(&Event::LetterWorded { letter: OVERDUE, language: Language::English, own: false }));
}

#[tokio::test]
async fn the_form_keeps_what_was_typed_names_each_fault_and_shows_the_letter_before() {
    let house = TestHouse::new().await;
    let (_, number) = house.issue(house.who.marlow, 123_45, date(2027, 1, 1)).await;
    house.tick().await;
    house.claim_all();
    let mut orla = desk_of(&house, house.who.orla).await;
    let list = orla.get("/desk/settings/letters").await.text();
    assert!(list.contains("/desk/settings/letters/several-final-de") && list.contains("Ours"), "{list}");
    let path = "/desk/settings/letters/firm-en";
    let page = orla.get(path).await.text();
    assert!(page.contains("{days overdue}") && page.contains("14 days late: €123.45 still open"), "{page}");
    let version = hidden(&page, "version");
    let typed = |subject: &'static str, press: &'static str, about: &'static str| {
        let version = version.clone();
        vec![
            ("version", version),
            ("subject", subject.to_owned()),
            ("opening", "Kept <i> as typed: {amount}".to_owned()),
            ("closing", String::new()),
            ("about", about.to_owned()),
            ("do", press.to_owned()),
        ]
    };
    let before = house.log().len();
    async fn send(
        browser: &mut crate::browser::Browser,
        path: &str,
        fields: &[(&str, String)],
    ) -> crate::browser::Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(path, &fields).await
    }
    for press in ["save", "preview", "html"] {
        let refused = send(&mut orla, path, &typed("Hello {clint}", press, "")).await;
        let text = refused.text();
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text.contains("Character 7: there is no variable “{clint}”. There are {contact}, {client},"), "{text}");
        assert!(
            text.contains("Kept &lt;i&gt; as typed: {amount}") && text.contains("value=\"Hello {clint}\""),
            "{text}"
        );
    }
    let shown = send(&mut orla, path, &typed("Hello {client}", "preview", "")).await.text();
    assert!(shown.contains("<b>Hello Marlow Ceramics</b>") && shown.contains("as if it were 14 days late"), "{shown}");
    assert!(shown.contains("Kept &lt;i&gt; as typed: €123.45") && shown.contains(number.as_str()), "{shown}");
    let unknown = send(&mut orla, path, &typed("Hello", "preview", "NO-1")).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.text().contains("There is no issued invoice of that number"));
    let html = send(&mut orla, path, &typed("Hello {client}", "html", "HF-2026-0001")).await;
    assert_eq!(html.header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert!(html.text().contains("<title>Hello Marlow Ceramics</title>") && html.text().contains("Kept &lt;i&gt;"));
    assert_eq!(house.log().len(), before, "looking changes nothing");
    for _ in 0..2 {
        let saved = send(&mut orla, path, &typed("Hello {client}", "save", "")).await;
        assert_eq!(saved.location(), "/desk/settings/letters?saved=words", "{}", saved.text());
    }
    assert_eq!(house.log().len(), before + 1, "pressed twice, kept once");
    let page = orla.get(path).await.text();
    assert!(
        page.contains("Back to our words") && page.contains("Words of your own") && page.contains("Orla"),
        "{page}"
    );
    let version = hidden(&page, "version");
    let back = orla.post(path, &[("version", &version), ("do", "ours")]).await;
    assert_eq!(back.location(), "/desk/settings/letters?saved=ours");
    assert!(orla.get(path).await.text().contains("14 days late: €123.45 still open"));
    let log = orla.get("/desk/activity?topic=mail").await.text();
    assert!(log.contains("Chose words of the firm’s own for the firm reminder, in English"), "{log}");
    assert_eq!(orla.get("/desk/settings/letters/firm-fr").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_version_can_be_read() {
    let house = TestHouse::new().await;
    for opening in ["Words of the first <version>.", "Words of the second version."] {
        choose(&house, OVERDUE, Language::English, Some(words("About {number}", opening, ""))).await.unwrap();
    }
    choose(&house, OVERDUE, Language::English, None).await.unwrap();
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/settings/letters/overdue-en").await.text();
    for part in ["Words of the first &lt;version&gt;.", "Words of the second version.", "in version 1", "in version 2"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("in version 3") && page.contains("Back to ours"), "{page}");
}
