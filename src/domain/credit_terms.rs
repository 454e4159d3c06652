//! Credit terms of a client: how much they may owe, and whether anything more is issued to them at all.
//!
//! Set by staff for a reason; clients never see them. Knows no store: whoever asks brings what is owed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ClientId, StaffId};
use super::money::Money;

/// How much a client may owe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The most, in a currency; what is owed in another is not held against it.
    pub amount: Money,
    /// Why so much.
    pub reason: String,
    /// Who set it.
    pub by: StaffId,
    /// When.
    pub since: Timestamp,
}

/// Nothing is issued to the client until somebody lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Who put them on hold.
    pub by: StaffId,
    /// When.
    pub since: Timestamp,
}

/// The credit terms of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditTerms {
    /// Whose.
    pub client: ClientId,
    /// The limit, if there is one.
    pub limit: Option<Limit>,
    /// The hold, if there is one.
    pub hold: Option<Hold>,
}

/// By what a limit would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The limit.
    pub limit: Money,
    /// What the client would owe, in its currency.
    pub owed: Money,
}

impl CreditTerms {
    /// Of a client for whom nothing was set.
    pub fn none(client: ClientId) -> Self {
        Self { client, limit: None, hold: None }
    }

    /// Whether there is nothing to keep.
    pub fn is_none(&self) -> bool {
        self.limit.is_none() && self.hold.is_none()
    }

    /// Whether the client would owe more than the limit when `more` is issued on top of `owed`, which is in minor units
    /// of the limit's currency.
    pub fn exceeded(&self, owed: i64, more: Money) -> Option<Over> {
        let limit = self.limit.as_ref()?.amount;
        let owed = owed.saturating_add(more.minor);
        let over = limit.currency == more.currency && owed > limit.minor;
        over.then_some(Over { limit, owed: Money::new(owed, limit.currency) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn a_limit_is_exceeded_beyond_it_and_in_its_own_currency_only() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let limit = Limit { amount: eur(1_000), reason: String::new(), by: StaffId(1), since: Timestamp::UNIX_EPOCH };
        let terms = CreditTerms { limit: Some(limit), ..CreditTerms::none(ClientId(1)) };
        assert_eq!(terms.exceeded(400, eur(600)), None, "up to the limit");
        assert_eq!(terms.exceeded(400, eur(601)), Some(Over { limit: eur(1_000), owed: eur(1_001) }));
        assert_eq!(terms.exceeded(400, Money::new(9_999, "JPY".parse().unwrap())), None);
        assert_eq!(terms.exceeded(i64::MAX, eur(i64::MAX)).unwrap().owed, eur(i64::MAX));
        assert_eq!(CreditTerms::none(ClientId(1)).exceeded(i64::MAX, eur(1)), None);
    }
}
