//! Asking for one's own password again, before what a borrowed screen must not be able to do.

use crate::actions::sessions;
use crate::domain::person::Person;
use crate::domain::refusal::FieldFault;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::problem::Problem;

/// The hash that `password` was checked against, or the fault of `field`. A wrong one is logged; too many are put off.
///
/// # Errors
/// [`Problem::Busy`] after too many tries; the store's failure.
pub async fn own_password(desk: &Desk, field: &str, password: &str) -> Result<Result<String, FieldFault>, Problem> {
    let fault = |text: &str| Ok(Err(FieldFault::new(field, text)));
    if password.is_empty() {
        return fault("Enter your present password.");
    }
    let email = desk.staff.email.to_string();
    let account = format!("password {}", desk.staff.email.folded());
    let (throttle, address) = (&desk.web.throttle, desk.by().address);
    let pause = throttle.begin(desk.app.now(), address, &account)?;
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let person = Person::Staff(desk.staff.id);
    let Some(hash) = desk.read(|r| Ok(r.password_hash(person)?))? else {
        return fault("You have no password yet. Sign out, and ask for a link to set one.");
    };
    if desk.web.hashing.verify(Some(&hash), password.to_owned()).await? {
        throttle.succeeded(address, &account);
        return Ok(Ok(hash));
    }
    desk.act(move |w, _| sessions::refused(w, &email, "wrong password, asked for again at the desk")).await?;
    fault("That is not your password.")
}
