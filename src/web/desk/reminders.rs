//! What the reminders will do next, and why. Read only.

use maud::{Markup, html};

use super::names::NamesOf;
use super::{disputes, outlook, pauses, policy, promises};
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts;
use crate::web::problem::Problem;

/// `GET /desk/reminders?day=&client=`
pub async fn show(desk: Desk, Query(fields): Query) -> Result<Markup, Problem> {
    let asked = outlook::Asked::of(&fields);
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let (ahead, paused) = (outlook::section(r, &desk, &names, &asked)?, pauses::all(r, &desk, &names)?);
        let promised = promises::all(r, &desk, &names)?;
        let disputed = disputes::all(r, &desk, &names)?;
        let body = html! {
            (parts::head("Reminders", "Polite, on time, and they stop by themselves the moment something changes.", html! {}))
            (super::letters::tabs("reminders"))
            (parts::section("rules", "The rules", html! { a href="/desk/fairness" { "Fair treatment" } }, policy::short(&desk, &r.policy()?, &names, r.pdfs_along()?)))
            (parts::section("paused", "Paused", "Pauses end by themselves", paused))
            (parts::section("promised", "Promised", "No reminder goes until then, if it is half or more", promised))
            (parts::section("disputed", "Disputed", "Not asked for until answered, or credited", disputed))
            (ahead)
        };
        Ok(desk.page(DeskNav::Letters, "Reminders", body))
    })
}
