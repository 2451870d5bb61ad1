//! Each invariant detects a broken state.

use super::*;
use crate::{Censuses, Chunk, FreeLeaves, Leaves, Operators, ProviderState, TreeNodes};
use frame_support::assert_ok;
use sp_runtime::TryRuntimeError;

/// Two storage providers, the leaf of a third free again; then breaks something by hand, which this
/// one invariant, and the sum of all, must notice.
#[track_caller]
fn detects(
    invariant: fn(Role) -> Result<(), TryRuntimeError>,
    expected: &str,
    break_it: impl FnOnce(),
) {
    new_test_ext().execute_with(|| {
        for who in 1..=3 {
            assert_ok!(register(who, 3_000));
        }
        assert_ok!(NoemaProviders::unbond(signed(3), STORAGE, 3_000));
        advance(20);
        assert_ok!(NoemaProviders::withdraw(signed(3), STORAGE));
        assert_ok!(NoemaProviders::unbond(signed(2), STORAGE, 500));
        assert_ok!(invariant(STORAGE));
        assert_ok!(NoemaProviders::do_try_state());
        break_it();
        let found = format!(
            "{:?}",
            invariant(STORAGE).expect_err("the broken state was not found")
        );
        assert!(
            found.contains(expected),
            "found {found}, expected {expected}"
        );
        assert!(NoemaProviders::do_try_state().is_err());
    });
}

fn change(who: AccountId, change: impl FnOnce(&mut ProviderOf<Test>)) {
    Providers::<Test>::mutate(STORAGE, who, |record| change(record.as_mut().unwrap()));
}

#[test]
fn try_state_detects_hold_without_record() {
    detects(
        NoemaProviders::try_state_holds_equal_records,
        "hold differs from its bond",
        || {
            change(1, |record| record.bond -= 1);
        },
    );
}

#[test]
fn try_state_detects_record_without_hold() {
    detects(
        NoemaProviders::try_state_holds_equal_records,
        "hold differs from its bond",
        || {
            assert_ok!(NoemaProviders::release_held(STORAGE, &2, 1));
        },
    );
}

#[test]
fn try_state_detects_active_under_minimum() {
    detects(
        NoemaProviders::try_state_states_fit,
        "less than the minimum bond",
        || {
            change(1, |record| record.bond = 999);
        },
    );
}

#[test]
fn try_state_detects_leaving_with_bond() {
    detects(
        NoemaProviders::try_state_states_fit,
        "still has bond",
        || {
            change(1, |record| {
                record.state = ProviderState::Leaving { jailed_until: None }
            });
        },
    );
}

#[test]
fn try_state_detects_leaving_with_reserved_bytes() {
    detects(
        NoemaProviders::try_state_states_fit,
        "has reserved bytes",
        || {
            change(1, |record| {
                record.state = ProviderState::Leaving { jailed_until: None };
                record.bond = 0;
                record.reserved = 1;
            });
        },
    );
}

#[test]
fn try_state_detects_empty_chunk() {
    detects(
        NoemaProviders::try_state_chunks_are_ordered,
        "a chunk is empty",
        || {
            change(1, |record| {
                record
                    .unlocking
                    .try_push(Chunk {
                        amount: 0,
                        matures_at: 5,
                    })
                    .unwrap();
            });
        },
    );
}

#[test]
fn try_state_detects_chunks_out_of_order() {
    detects(
        NoemaProviders::try_state_chunks_are_ordered,
        "chunks are out of order",
        || {
            change(2, |record| {
                let same = record.unlocking[0];
                record.unlocking.try_push(same).unwrap();
            });
        },
    );
}

#[test]
fn try_state_detects_lost_operator() {
    detects(
        NoemaProviders::try_state_operators_match,
        "does not lead to its provider",
        || {
            Operators::<Test>::remove(STORAGE, 101);
        },
    );
}

#[test]
fn try_state_detects_operator_of_nobody() {
    detects(
        NoemaProviders::try_state_operators_match,
        "leads to a provider that does not name it",
        || {
            Operators::<Test>::insert(STORAGE, 500, 1);
        },
    );
}

#[test]
fn try_state_detects_invalid_endpoint() {
    detects(
        NoemaProviders::try_state_endpoints_are_valid,
        "a stored endpoint is invalid",
        || {
            change(1, |record| record.endpoint = endpoint(b"gopher://a"));
        },
    );
}

#[test]
fn try_state_detects_shared_leaf() {
    detects(
        NoemaProviders::try_state_leaves_match,
        "a leaf leads to a provider that does not name it",
        || {
            change(1, |record| record.leaf = 1);
        },
    );
}

#[test]
fn try_state_detects_lost_leaf() {
    detects(
        NoemaProviders::try_state_leaves_match,
        "a leaf was lost",
        || {
            FreeLeaves::<Test>::remove(STORAGE, 0);
        },
    );
}

#[test]
fn try_state_detects_leaf_free_and_in_use() {
    detects(
        NoemaProviders::try_state_leaves_match,
        "a leaf is free and in use",
        || {
            FreeLeaves::<Test>::insert(STORAGE, 0, 1);
        },
    );
}

#[test]
fn try_state_detects_free_leaf_beyond_stack() {
    detects(
        NoemaProviders::try_state_leaves_match,
        "a free leaf lies beyond the stack",
        || {
            Censuses::<Test>::mutate(STORAGE, |census| census.free_leaves = 0);
        },
    );
}

#[test]
fn try_state_detects_leaf_never_given_out() {
    detects(
        NoemaProviders::try_state_leaves_match,
        "a leaf that was never given out",
        || {
            Leaves::<Test>::remove(STORAGE, 0);
            Leaves::<Test>::insert(STORAGE, 9, 1);
            change(1, |record| record.leaf = 9);
        },
    );
}

#[test]
fn try_state_detects_free_leaf_never_given_out() {
    detects(
        NoemaProviders::try_state_leaves_match,
        "a free leaf was never given out",
        || {
            FreeLeaves::<Test>::insert(STORAGE, 0, 9);
        },
    );
}

#[test]
fn try_state_detects_wrong_weight() {
    detects(
        NoemaProviders::try_state_tree_matches,
        "does not weigh its provider's free bytes",
        || {
            assert_ok!(NoemaProviders::set_leaf_weight(STORAGE, 0, 1));
        },
    );
}

#[test]
fn try_state_detects_weight_of_nobody() {
    detects(
        NoemaProviders::try_state_tree_matches,
        "not the sum of all free bytes",
        || {
            assert_ok!(NoemaProviders::set_leaf_weight(STORAGE, 7, 1));
        },
    );
}

#[test]
fn try_state_detects_node_that_is_not_the_sum_of_its_children() {
    detects(
        NoemaProviders::try_state_tree_matches,
        "differs from the sum of its children",
        || {
            TreeNodes::<Test>::mutate(STORAGE, (3, 0), |node| node.as_mut().unwrap().sums[0] += 1);
        },
    );
}

#[test]
fn try_state_detects_node_outside_the_tree() {
    detects(
        NoemaProviders::try_state_tree_matches,
        "hangs outside the sum tree",
        || {
            TreeNodes::<Test>::insert(STORAGE, (0, 77), noema_sum_tree::Node::default());
        },
    );
}

#[test]
fn try_state_detects_miscounted_active() {
    detects(
        NoemaProviders::try_state_census_matches,
        "miscounts the active providers",
        || {
            Censuses::<Test>::mutate(STORAGE, |census| census.active += 1);
        },
    );
}

#[test]
fn try_state_detects_miscounted_records() {
    detects(
        NoemaProviders::try_state_census_matches,
        "miscounts the providers",
        || {
            Censuses::<Test>::mutate(STORAGE, |census| census.next_leaf += 1);
        },
    );
}

#[test]
fn try_state_detects_too_many_records() {
    detects(
        NoemaProviders::try_state_census_matches,
        "more than `MaxProviders`",
        || {
            MaxProviders::set(1);
        },
    );
}
