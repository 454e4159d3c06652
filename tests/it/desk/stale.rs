//! Forms that were open while somebody else changed the same: nothing newer is overwritten unknowingly.

use axum::http::StatusCode;
use counterfoil::store::prelude::*;

use super::{between, desk_of};
use crate::browser::Browser;
use crate::house::{PASSWORD, TestHouse};

/// The digest that a page's form carries.
async fn seen(browser: &mut Browser, path: &str) -> String {
    let page = browser.get(path).await.text();
    let seen = between(&page, "name=\"seen\" value=\"", "\"").to_owned();
    assert_eq!(seen.len(), 32, "{page}");
    seen
}

/// Sends `mine` of a form that was drawn before `theirs` was saved: refused, with what was typed; sent again, taken.
async fn refused_once(path: &str, form: &str, theirs: &[(&str, &str)], mine: &[(&str, &str)], typed: &str) {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = desk_of(&house, house.who.orla).await;
    let old = seen(&mut orla, form).await;
    let saved = orla.post(path, theirs).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let with = |seen| mine.iter().copied().chain([("seen", seen)]).collect::<Vec<_>>();
    let refused = orla.post(path, &with(&old)).await;
    let page = refused.text();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
    assert!(page.contains("Somebody else changed this after you opened it.") && page.contains(typed), "{page}");
    let new = between(&page, "name=\"seen\" value=\"", "\"").to_owned();
    assert_ne!(new, old);
    assert_eq!(orla.post(path, &with(&new)).await.status, StatusCode::SEE_OTHER, "knowing what is kept now");
}

#[tokio::test]
async fn a_contact_s_newer_rights_are_not_overwritten() {
    let who = TestHouse::new().await.who;
    let path = format!("/desk/contacts/{}", who.ana);
    let base = [("name", "Ana Ruiz"), ("email", "ana@marlow.example"), ("projects", "all")];
    let theirs: Vec<_> = base.into_iter().chain([("rights", "billing")]).collect();
    let mine: Vec<_> = theirs.iter().copied().chain([("rights", "letters"), ("title", "Of finance")]).collect();
    refused_once(&path, &path, &theirs, &mine, "Of finance").await;
}

#[tokio::test]
async fn a_member_s_newer_role_is_not_overwritten() {
    let who = TestHouse::new().await.who;
    let path = format!("/desk/settings/staff/{}", who.tom);
    let base = [("email", "tom@hartmann.example"), ("clients", "all"), ("active", "on"), ("password", PASSWORD)];
    let theirs: Vec<_> = base.into_iter().chain([("name", "Tom Harbour"), ("role", "auditor")]).collect();
    let mine: Vec<_> = base.into_iter().chain([("name", "Thomas Harbour"), ("role", "manager")]).collect();
    refused_once(&path, &path, &theirs, &mine, "Thomas Harbour").await;
}

#[tokio::test]
async fn a_client_s_newer_particulars_are_not_overwritten() {
    let who = TestHouse::new().await.who;
    let path = format!("/desk/clients/{}/edit", who.kestrel);
    let base = [("name", "Kestrel Architects"), ("country", "IE"), ("currency", "EUR")];
    let theirs: Vec<_> = base.into_iter().chain([("address", "1 New Street"), ("terms", "30")]).collect();
    let mine: Vec<_> = base.into_iter().chain([("address", "4 Mill Lane"), ("terms", "14")]).collect();
    refused_once(&path, &path, &theirs, &mine, "value=\"14\"").await;
}

#[tokio::test]
async fn the_firm_s_newer_particulars_are_not_overwritten() {
    let theirs: Vec<_> = super::firm::FIRM.to_vec();
    let theirs: Vec<_> = theirs.into_iter().filter(|f| f.0 != "trade").chain([("trade", "Notaries")]).collect();
    let mine: Vec<_> = super::firm::FIRM.iter().copied().filter(|f| f.0 != "terms").chain([("terms", "7")]).collect();
    refused_once("/desk/settings/firm", "/desk/settings", &theirs, &mine, "value=\"7\"").await;
}

#[tokio::test]
async fn a_form_of_somebody_revoked_meanwhile_is_refused() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let path = format!("/desk/contacts/{}", who.ana);
    let old = seen(&mut orla, &path).await;
    orla.post(&format!("{path}/revoke"), &[]).await;
    let form = [("name", "Ana Ruiz"), ("email", "ana@marlow.example"), ("projects", "all"), ("seen", &old)];
    let refused = orla.post(&path, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!house.app.store.read(|r| r.contact(who.ana)).unwrap().unwrap().active);
}
