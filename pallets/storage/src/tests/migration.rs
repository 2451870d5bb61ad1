//! From layout 1 to layout 2: old values in, leases out; twice, half-way and begun anew, none at all.

use crate::{
    migrations::v2::{v1, Progress, ToLeases, ROUNDS},
    mock::*,
    Agenda, AgendaCursor, Assignments, CommitmentCount, Commitments, Deals, DealsOf, HoldReason,
    NextToken, Pallet, Reserved, SlotState,
};
use codec::Encode;
use frame_support::{
    migrations::{SteppedMigration, SteppedMigrationError},
    storage::unhashed,
    traits::{
        fungible::MutateHold, ConstU64, GetStorageVersion, LockableCurrency, StorageVersion,
        WithdrawReasons,
    },
    weights::WeightMeter,
};
use noema_commitment::Shape;

/// What layout 1 held for each MiB of each replica.
const PER_MIB: u64 = 10_000;
type Migration = ToLeases<Test, ConstU64<PER_MIB>>;

/// A deal as layout 1 stored it: with everything that went with it, but its tasks.
fn put_old(owner: u64, file: &TestFile, states: Vec<v1::SlotState<u64, u32>>) {
    let n = states.len() as u64;
    let deposit = 1_000 + 100 * n + PER_MIB * n;
    Balances::hold(&HoldReason::Deposit.into(), &owner, deposit).unwrap();
    let mut held = 0;
    let mut slots = Vec::new();
    for (index, state) in (0u8..).zip(states) {
        let token = NextToken::<Test>::get();
        NextToken::<Test>::put(token + 1);
        let (provider, due) = match &state {
            v1::SlotState::Drawing { draw_at } => (None, Some(*draw_at)),
            v1::SlotState::Assigned { provider, ready_by } => {
                (Some(*provider), Some(*ready_by + 1))
            }
            v1::SlotState::Proving {
                provider, prove_by, ..
            } => (Some(*provider), Some(*prove_by + 1)),
            v1::SlotState::Held { provider, .. } => {
                held += 1;
                (Some(*provider), None)
            }
        };
        if let Some(provider) = provider {
            Assignments::<Test>::insert(provider, (file.id(), owner), index);
            let bytes = Shape::new(file.size).unwrap().padded_bytes();
            Registry::change(provider, |entry| entry.reserved += bytes);
        }
        if let Some(due) = due {
            let task = v1::Task {
                file: file.id(),
                owner,
                slot: index,
                token,
            };
            let key = Agenda::<Test>::hashed_key_for(due);
            let mut tasks: Vec<v1::Task<u64>> = unhashed::get(&key).unwrap_or_default();
            tasks.push(task);
            unhashed::put(&key, &tasks);
        }
        slots.push(v1::Slot {
            state,
            token,
            passed_over: None,
            due,
        });
    }
    let active = held >= crate::quorum(slots.len() as u8);
    let deal = v1::Deal {
        root: file.root,
        size: file.size,
        deposit,
        committed_at: 1u32,
        held,
        slots,
    };
    unhashed::put_raw(
        &Deals::<Test>::hashed_key_for(file.id(), owner),
        &deal.encode(),
    );
    DealsOf::<Test>::insert(owner, file.id(), ());
    Commitments::<Test>::mutate(file.root, file.size, |count| {
        *count = CommitmentCount {
            deals: count.deals + 1,
            active: count.active + u32::from(active),
        };
    });
}

fn files() -> Vec<TestFile> {
    (0..6u8)
        .map(|n| TestFile::new(300 * (u64::from(n) + 1), n))
        .collect()
}

/// A chain of layout 1.
fn old_chain() {
    MaxRounds::set(400);
    AgendaCursor::<Test>::put(1);
    for file in files() {
        for owner in [ALICE, BOB] {
            put_old(
                owner,
                &file,
                vec![
                    v1::SlotState::Held {
                        provider: provider(0),
                        since: 1,
                    },
                    v1::SlotState::Assigned {
                        provider: provider(1),
                        ready_by: 40,
                    },
                    v1::SlotState::Proving {
                        provider: provider(2),
                        draw_at: 5,
                        prove_by: 30,
                    },
                    v1::SlotState::Drawing { draw_at: 9 },
                ],
            );
        }
    }
    StorageVersion::new(1).put::<Pallet<Test>>();
}

/// Steps until the end, or until the caller stops it, each with enough for one value of the worst kind and no more.
fn run(
    mut cursor: Option<Progress<u32>>,
    mut stop: impl FnMut(u32) -> bool,
) -> Option<Progress<u32>> {
    for step in 0.. {
        let worst = Migration::worst();
        let mut meter = WeightMeter::with_limit(worst);
        cursor = Migration::step(cursor, &mut meter).unwrap();
        assert!(meter.consumed().all_lte(worst));
        if cursor.is_none() || stop(step) {
            return cursor;
        }
    }
    unreachable!()
}

use frame_support::weights::Weight;

fn check_new() {
    assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
    assert_eq!(Deals::<Test>::iter().count(), 12);
    for file in files() {
        for owner in [ALICE, BOB] {
            let deal = deal_of(file.id(), owner);
            assert_eq!(deal.terms.last(), ROUNDS + GraceRounds::get());
            assert_eq!(deal.deposit, 1_400);
            assert_eq!(deal.balance, 4 * deal.terms.rent * u64::from(ROUNDS + 2));
            let states = deal.slots.iter().map(|slot| &slot.state);
            let states: Vec<_> = states.collect();
            assert!(matches!(states[0], SlotState::Held { joined: None, .. }));
            assert!(matches!(
                states[1],
                SlotState::Assigned { ready_by: 40, .. }
            ));
            assert!(matches!(states[2], SlotState::Proving { prove_by: 30, .. }));
            assert!(matches!(states[3], SlotState::Drawing { .. }));
        }
    }
    // What was held for the MiB is paid in, or free again.
    let deposits = held(ALICE) + held(BOB);
    assert_eq!(deposits, 12 * 1_400);
    assert_eq!(wealth(ALICE) + wealth(BOB) + pot(), 2 * ENDOWMENT);
    assert!(Reserved::<Test>::get() > 0);
    check_invariants();
}

/// How many deals have their old form.
fn of_layout_1() -> usize {
    let all = files()
        .into_iter()
        .flat_map(|file| [(file.id(), ALICE), (file.id(), BOB)]);
    all.filter(|(file, owner)| Deals::<Test>::try_get(file, owner).is_err())
        .count()
}

/// What an owner has is locked, all of it: its leases are paid out of its deposits nevertheless.
#[test]
fn migration_of_an_owner_whose_tokens_are_locked_keeps_its_leases() {
    build_and_execute(4, || {
        old_chain();
        for owner in [ALICE, BOB] {
            let everything = wealth(owner);
            Balances::set_lock(*b"vesting ", &owner, everything, WithdrawReasons::all());
        }
        #[cfg(feature = "try-runtime")]
        let before = Migration::pre_upgrade().unwrap();
        run(None, |_| false);
        #[cfg(feature = "try-runtime")]
        Migration::post_upgrade(before).unwrap();
        check_new();
    });
}

/// Where the treasury has nothing, the first owner's former deposit opens the pot.
#[test]
fn migration_without_a_treasury_opens_the_pot_out_of_the_first_deposit() {
    for each in [1u64, 30_000] {
        build_and_execute(4, || {
            let _ = Balances::force_set_balance(RuntimeOrigin::root(), POT, 0);
            let _ = Balances::force_set_balance(RuntimeOrigin::root(), FUND, 0);
            let _ = Balances::force_set_balance(RuntimeOrigin::root(), TREASURY, 1);
            old_chain();
            ExistentialDeposit::set(each);
            run(None, |_| false);
            assert_eq!(Balances::free_balance(POT), each);
            assert_eq!(wealth(FUND), 0);
            let live = Deals::<Test>::iter_values();
            assert!(live.into_iter().all(|deal| deal.terms.last() == ROUNDS + 2));
            assert_eq!(wealth(ALICE) + wealth(BOB) + wealth(POT), 2 * ENDOWMENT);
            check_invariants();
            ExistentialDeposit::set(1);
        });
    }
}

/// Many deals whose tasks would all have the same block: each search begins where the last one ended.
#[test]
fn migration_of_many_held_replicas_fills_the_agenda_block_by_block() {
    build_and_execute(4, || {
        MaxTasksPerBlock::set(2);
        AgendaSearch::set(1);
        MaxRounds::set(400);
        AgendaCursor::<Test>::put(1);
        for n in 0..40 {
            let held = v1::SlotState::Held {
                provider: provider(0),
                since: 1,
            };
            put_old(ALICE, &TestFile::new(300, n), vec![held]);
        }
        StorageVersion::new(1).put::<Pallet<Test>>();
        run(None, |_| false);
        let first = System::block_number() + MaturingDelay::get();
        let dues: Vec<_> = Deals::<Test>::iter_values()
            .map(|deal| deal.slots[0].due.unwrap())
            .collect();
        assert!(dues.iter().all(|due| (first..first + 20).contains(due)));
        check_invariants();
    });
}

#[test]
fn migration_makes_leases_of_deals() {
    build_and_execute(4, || {
        old_chain();
        #[cfg(feature = "try-runtime")]
        let before = Migration::pre_upgrade().unwrap();
        run(None, |_| false);
        #[cfg(feature = "try-runtime")]
        Migration::post_upgrade(before).unwrap();
        check_new();
        // Again: nothing.
        let deals: Vec<_> = Deals::<Test>::iter().collect();
        run(None, |_| false);
        assert_eq!(deals, Deals::<Test>::iter().collect::<Vec<_>>());
        // And it goes on.
        run_blocks(10);
        check_invariants();
        assert!(deal_of(files()[0].id(), ALICE).slots[3]
            .state
            .provider()
            .is_some());
    });
}

#[test]
fn migration_begun_anew_half_way_comes_to_the_same() {
    build_and_execute(4, || {
        old_chain();
        let mut old = of_layout_1();
        assert_eq!(old, 12);
        for steps in [0, 4, 7] {
            // The cursor is lost each time.
            assert!(run(None, |step| step >= steps).is_some());
            let left = of_layout_1();
            assert!((1..old).contains(&left), "{left} of {old} are left");
            old = left;
        }
        run(None, |_| false);
        check_new();
    });
}

#[test]
fn migration_of_nothing_ends_in_one_step() {
    build_and_execute(0, || {
        StorageVersion::new(1).put::<Pallet<Test>>();
        assert_eq!(run(None, |_| panic!("a second step")), None);
        assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
    });
}

#[test]
fn migration_without_weight_says_what_it_needs() {
    build_and_execute(4, || {
        old_chain();
        let mut meter = WeightMeter::with_limit(Weight::from_parts(1, 1));
        assert!(matches!(
            Migration::step(None, &mut meter),
            Err(SteppedMigrationError::InsufficientWeight { .. })
        ));
        run(None, |_| false);
    });
}

#[test]
fn migration_opens_the_pot_out_of_the_treasury() {
    build_and_execute(4, || {
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), POT, 0);
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), FUND, 0);
        let _ = Balances::force_set_balance(RuntimeOrigin::root(), TREASURY, 100);
        old_chain();
        run(None, |_| false);
        assert_eq!(Balances::free_balance(POT), 1);
        assert_eq!((wealth(FUND), wealth(TREASURY)), (1, 98));
        check_new();
    });
}
