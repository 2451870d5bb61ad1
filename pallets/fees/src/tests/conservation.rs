//! Nothing is lost, nothing is made.

use crate::{mock::*, Pending};
use frame_support::{
    traits::{fungible::Inspect, Imbalance, SuppressedDrop},
    weights::{Weight, WeightMeter},
};
use proptest::prelude::*;
use sp_runtime::Permill;

/// What is in accounts and on record.
fn everything() -> u128 {
    let accounts: u128 = [PAYER, WRITER, TREASURY, 9]
        .iter()
        .map(Balances::total_balance)
        .sum();
    let pending = Pending::<Test>::get().map_or(0, |pending| {
        pending.fees.as_ref().peek() + pending.tips.as_ref().peek()
    });
    accounts + pending
}

#[derive(Clone, Debug)]
enum Step {
    Charge { fee: u128, tip: u128 },
    NextBlock { room: bool, author: Option<u64> },
}

fn step() -> impl Strategy<Value = Step> {
    let author = prop_oneof![Just(None), Just(Some(WRITER)), Just(Some(9))];
    prop_oneof![
        (0..500u128, 0..50u128).prop_map(|(fee, tip)| Step::Charge { fee, tip }),
        (any::<bool>(), author).prop_map(|(room, author)| Step::NextBlock { room, author }),
    ]
}

proptest! {
    #[test]
    fn accounts_and_the_record_are_what_was_issued(
        steps in prop::collection::vec(step(), 1..100),
        share in 0..=1_000_000u32,
    ) {
        new_test_ext().execute_with(|| {
            AuthorShare::set(Permill::from_parts(share));
            let issued = Balances::total_issuance();
            for step in steps {
                match step {
                    Step::Charge { fee, tip } => charge(fee, tip),
                    Step::NextBlock { room, author } => {
                        Author::set(author);
                        let meter = if room {
                            WeightMeter::new()
                        } else {
                            WeightMeter::with_limit(Weight::zero())
                        };
                        next_block(meter);
                        prop_assert!(!room || Pending::<Test>::get().is_none());
                    }
                }
                prop_assert_eq!(Balances::total_issuance(), issued);
                prop_assert_eq!(everything(), issued);
            }
            Ok(())
        })?;
    }
}
