//! What may be spent, and why a voucher is not signed.

use crate::JournalError;

/// What may be spent, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The most that one request may cost.
    pub per_request: u128,
    /// The most that all may cost, since the book was begun.
    pub total: Option<u128>,
}

/// Why a voucher is not signed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum BookRefusal {
    #[error("the request may cost {maximum} units; {limit} are allowed for one: set max_tokens lower, or raise max-request")]
    PerRequest { maximum: u128, limit: u128 },
    #[error("{spent} units are spent or promised {of}; {maximum} more would be above the limit of {limit}")]
    Limit {
        of: String,
        spent: u128,
        maximum: u128,
        limit: u128,
    },
    #[error("the request may cost {maximum} units; the session key may promise {limit} for one: set max_tokens lower, or grant another key")]
    PerUse { maximum: u128, limit: u128 },
    #[error("no lane of the channel is free")]
    NoLane,
    #[error("the channel has {left} units left, of which {promised} are promised; the request may cost {maximum}")]
    Exhausted {
        left: u128,
        promised: u128,
        maximum: u128,
    },
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Spending {
    /// Whether a request may cost `maximum`, where `spent` is spent and promised in all, and `by_application` by the one that asks, which may spend `limit`.
    pub(crate) fn allows(
        &self,
        maximum: u128,
        spent: u128,
        application: &str,
        by_application: u128,
        limit: Option<u128>,
    ) -> Result<(), BookRefusal> {
        if maximum > self.per_request {
            return Err(BookRefusal::PerRequest {
                maximum,
                limit: self.per_request,
            });
        }
        let exceeded = |of: &str, spent: u128, limit: Option<u128>| match limit {
            Some(limit) if spent.saturating_add(maximum) > limit => Err(BookRefusal::Limit {
                of: of.to_owned(),
                spent,
                maximum,
                limit,
            }),
            _ => Ok(()),
        };
        exceeded("in all", spent, self.total)?;
        let of = format!("by the application {application:?}");
        exceeded(&of, by_application, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_to_the_unit() {
        let spending = Spending {
            per_request: 10,
            total: Some(100),
        };
        assert!(spending.allows(10, 90, "a", 40, Some(50)).is_ok());
        let refused = spending.allows(11, 0, "a", 0, None);
        assert!(matches!(
            refused,
            Err(BookRefusal::PerRequest { limit: 10, .. })
        ));
        let refused = spending.allows(10, 91, "a", 0, None);
        assert!(matches!(
            refused,
            Err(BookRefusal::Limit { limit: 100, .. })
        ));
        let refused = spending.allows(10, 0, "a", 41, Some(50));
        assert!(matches!(refused, Err(BookRefusal::Limit { limit: 50, .. })));
    }
}
