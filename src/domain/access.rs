//! What staff may do: one policy function over roles, acts and clients.

use super::ids::ClientId;
use super::person::{Role, Staff};
use super::refusal::Refusal;

/// What a person of the firm wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Look at the desk.
    Look,
    /// Keep clients, contacts, documents, payments.
    Work,
    /// Change the firm's settings and its staff.
    Govern,
}

/// A member of staff as a scope: what they may do and for which clients.
#[derive(Clone, Debug)]
pub struct StaffScope {
    /// Their role.
    pub role: Role,
    only_clients: Option<Vec<ClientId>>,
}

impl StaffScope {
    /// The scope of an active member of staff; `None` for somebody who left.
    pub fn of(staff: &Staff) -> Option<Self> {
        let only_clients = if staff.role == Role::Member { staff.only_clients.clone() } else { None };
        staff.active.then_some(Self { role: staff.role, only_clients })
    }

    /// The scope of the process itself and of the command line on its machine.
    pub fn all() -> Self {
        Self { role: Role::Owner, only_clients: None }
    }

    /// Whether the role allows `act`.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] when it does not.
    pub fn may(&self, act: Act) -> Result<(), Refusal> {
        let allowed = match act {
            Act::Look => true,
            Act::Work => self.role != Role::Auditor,
            Act::Govern => self.role == Role::Owner,
        };
        if allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    /// Whether the scope holds `client`.
    pub fn sees(&self, client: ClientId) -> bool {
        self.only_clients.as_ref().is_none_or(|some| some.contains(&client))
    }

    /// The only clients of the scope, or `None` for all.
    pub fn only(&self) -> Option<&[ClientId]> {
        self.only_clients.as_deref()
    }

    /// May `act` on something of `client`: a client outside the scope is as absent.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] outside the scope, [`Refusal::NotAllowed`] beyond the role.
    pub fn may_for(&self, act: Act, client: ClientId) -> Result<(), Refusal> {
        if self.sees(client) { self.may(act) } else { Err(Refusal::NotFound) }
    }
}
