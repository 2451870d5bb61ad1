//! The rules of the crate's description, one by one.

use crate::{
    Allowance, AllowanceError, Covers, Grant, GrantError, Limits, Refused, Session, Window,
};
use codec::{Decode, Encode};
use proptest::prelude::*;

/// Covers the actions below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Below(u8);

impl Covers<u8> for Below {
    fn covers(&self, action: &u8) -> bool {
        *action < self.0
    }
}

fn grant() -> Grant<u8, Below> {
    Grant {
        key: 1,
        scope: Below(5),
        limits: Limits {
            per_use: 10,
            total: 100,
        },
        expires: 50,
    }
}

#[test]
fn check_expired_grant_is_refused() {
    assert_eq!(grant().check(49), Ok(()));
    assert_eq!(
        grant().check(50),
        Err(GrantError::Expired {
            expires: 50,
            now: 50
        })
    );
}

#[test]
fn check_one_use_above_all_together_is_refused() {
    let mut contradictory = grant();
    contradictory.limits.total = 9;
    assert_eq!(
        contradictory.check(0),
        Err(GrantError::UseAboveTotal {
            per_use: 10,
            total: 9
        })
    );
}

#[test]
fn authorise_applies_each_rule() {
    let session = Session::new(grant());
    assert_eq!(session.authorise(49, &4, 10), Ok(()));
    assert_eq!(
        session.authorise(50, &4, 10),
        Err(Refused::Over { ended: 50, now: 50 })
    );
    assert_eq!(session.authorise(0, &5, 10), Err(Refused::OutOfScope));
    assert_eq!(
        session.authorise(0, &4, 11),
        Err(Refused::AbovePerUse {
            asked: 11,
            limit: 10
        })
    );
}

#[test]
fn spend_beyond_the_total_changes_nothing() {
    let mut session = Session::new(grant());
    assert_eq!(session.spend(99), Ok(()));
    let refused = Err(Refused::AboveTotal { asked: 2, left: 1 });
    assert_eq!(session.spend(2), refused);
    assert_eq!(session.spent(), 99);
    assert_eq!(session.spend(1), Ok(()));
    assert_eq!(session.left(), 0);
    assert!(session.spend(u128::MAX).is_err());
}

#[test]
fn revoke_keeps_the_delay_and_the_first_revocation() {
    let mut session = Session::new(grant());
    assert_eq!(session.revoke(10, 20), 30);
    assert_eq!(session.revoke(11, 0), 30);
    assert!(!session.is_over(29));
    assert!(session.is_over(30));
}

#[test]
fn revoke_never_lengthens_a_session() {
    let mut session = Session::new(grant());
    assert_eq!(session.revoke(45, 20), 50);
    let mut session = Session::new(grant());
    assert_eq!(session.revoke(u64::MAX, u64::MAX), 50);
}

proptest! {
    /// Whatever is spent and in whatever order, never more than the limit, and what is refused changes nothing.
    #[test]
    fn what_is_spent_is_within_the_total(amounts in prop::collection::vec(0..60u128, 0..20)) {
        let mut session = Session::new(grant());
        let mut spent = 0;
        for amount in amounts {
            let fits = spent + amount <= 100;
            prop_assert_eq!(session.spend(amount).is_ok(), fits);
            if fits {
                spent += amount;
            }
            prop_assert_eq!(session.spent(), spent);
            prop_assert_eq!(session.left(), 100 - spent);
        }
    }

    /// What is stored comes back as it was.
    #[test]
    fn sessions_survive_encoding(spent in 0..=100u128, revoked in prop::option::of(0..100u64)) {
        let mut session = Session::new(grant());
        session.spend(spent).unwrap();
        if let Some(at) = revoked {
            session.revoke(at, 0);
        }
        prop_assert_eq!(Session::decode(&mut session.encode().as_slice()).unwrap(), session);
    }
}

#[test]
fn allowance_is_per_period_and_counts_from_the_grant() {
    let allowance = Allowance {
        period: 10,
        most: 100,
    };
    let mut window = Window::new(5);
    assert_eq!(window.spend(&allowance, 5, 60), Ok(()));
    let refused = Err(AllowanceError {
        asked: 41,
        left: 40,
    });
    assert_eq!(window.spend(&allowance, 14, 41), refused);
    assert_eq!(window.spent(&allowance, 14), 60);
    // The next period begins ten ticks after the grant, and nothing is carried into it.
    assert_eq!(window.spend(&allowance, 15, 100), Ok(()));
    assert_eq!(window.left(&allowance, 15), 0);
    assert_eq!(window.left(&allowance, 25), 100);
    assert!(window.spend(&allowance, 25, u128::MAX).is_err());
}

#[test]
fn allowance_without_length_has_one_period() {
    let allowance = Allowance { period: 0, most: 5 };
    let mut window = Window::new(0);
    assert_eq!(window.spend(&allowance, 0, 5), Ok(()));
    assert!(window.spend(&allowance, u64::MAX, 1).is_err());
}
