//! The agenda: order, weight, catching up, and what happens when it is full.

use crate::{mock::*, Agenda, AgendaCursor, Config, SlotState, WeightInfo};
use frame_support::{assert_ok, traits::StorageVersion, weights::Weight};

type W = <Test as Config>::WeightInfo;

fn commit(salt: u8, replicas: u8) -> crate::FileId {
    assert_ok!(Storage::commit(
        signed(ALICE),
        [salt; 32],
        300,
        replicas,
        ROUNDS,
        AMPLE
    ));
    noema_commitment::file_id::<crate::HostHashing>(&[salt; 32], 300)
}

fn drawn(id: crate::FileId) -> usize {
    deal_of(id, ALICE)
        .slots
        .iter()
        .filter(|slot| slot.state.provider().is_some())
        .count()
}

#[test]
fn agenda_before_the_first_task_has_no_cursor() {
    build_and_execute(1, || {
        run_blocks(50);
        assert_eq!(AgendaCursor::<Test>::get(), None);
        commit(1, 1);
        assert_eq!(AgendaCursor::<Test>::get(), Some(52));
        next_block();
        assert_eq!(AgendaCursor::<Test>::get(), Some(53));
    });
}

#[test]
fn agenda_full_block_overflows_into_the_next() {
    build_and_execute(16, || {
        MaxTasksPerBlock::set(3);
        let id = commit(1, 8);
        assert_eq!(
            [3, 4, 5, 6].map(|block| tasks_at(block).len()),
            [3, 3, 2, 0]
        );
        let due: Vec<_> = deal_of(id, ALICE)
            .slots
            .iter()
            .map(|slot| slot.due.unwrap())
            .collect();
        assert_eq!(due, [3, 3, 3, 4, 4, 4, 5, 5]);
        commit(2, 2);
        assert_eq!(
            [3, 4, 5, 6].map(|block| tasks_at(block).len()),
            [3, 3, 3, 1]
        );
        run_to(6);
        assert_eq!(drawn(id), 8);
    });
}

#[test]
fn agenda_without_weight_does_nothing_and_takes_nothing() {
    build_and_execute(1, || {
        let id = commit(1, 1);
        next_block();
        assert_eq!(next_block_within(Weight::zero()), Weight::zero());
        assert_eq!(drawn(id), 0);
        assert_eq!(AgendaCursor::<Test>::get(), Some(3));
        // By now its seed is known, so that it is drawn by another.
        next_block();
        assert_eq!(drawn(id), 0);
        run_blocks(2);
        assert_eq!(drawn(id), 1);
    });
}

#[test]
fn agenda_never_takes_more_than_the_meter_or_its_own_limit_allows() {
    build_and_execute(16, || {
        let id = commit(1, 16);
        next_block();
        let least = Storage::least_agenda_weight();
        let limit = least
            .saturating_mul(2)
            .saturating_add(Weight::from_parts(1, 1));
        let mut blocks = 0;
        // Few tasks of the worst kind fit into each block, so that it takes a while; deadlines pass meanwhile.
        let mut ever_drawn = std::collections::BTreeSet::new();
        while ever_drawn.len() < 16 && blocks < 200 {
            let limit = with_hooks(limit);
            let consumed = next_block_within(limit);
            assert!(
                consumed.all_lte(limit),
                "{consumed:?} is more than {limit:?}"
            );
            check_invariants();
            let slots = deal_of(id, ALICE).slots;
            ever_drawn.extend((0..16).filter(|n| slots[*n].state.provider().is_some()));
            blocks += 1;
        }
        assert!(blocks > 1, "all of it fitted into one block");
        assert_eq!(ever_drawn.len(), 16, "the agenda makes no progress");

        MaxAgendaWeight::set(limit);
        let consumed = next_block_within(Weight::MAX);
        assert!(consumed.all_lte(with_hooks(limit)));
    });
}

#[test]
fn agenda_runs_this_block_before_a_backlog() {
    build_and_execute(16, || {
        let old = commit(1, 16);
        next_block();
        next_block_without_hooks();
        let new = commit(2, 1);
        next_block_without_hooks();
        // The draws of block 3 are a backlog, that of block 5 is due now.
        let room = with_hooks(Storage::least_agenda_weight().saturating_mul(2));
        next_block_within(room);
        assert_eq!((drawn(old), drawn(new)), (0, 1));
        run_blocks(20);
        assert_eq!(drawn(old), 16);
    });
}

/// As many draws as the weight allows are due in every block; a deadline of long ago is met nevertheless.
#[test]
fn agenda_full_in_every_block_still_works_a_backlog_off() {
    build_and_execute(16, || {
        let id = commit(0, 1);
        run_to(3);
        let deadline = deal_of(id, ALICE).slots[0].due.unwrap();
        run_to(deadline - 1);
        next_block_without_hooks();
        for salt in 1..20 {
            commit(salt, 1);
            next_block_within(with_hooks(Storage::least_agenda_weight().saturating_mul(2)));
        }
        assert!(deal_of(id, ALICE).slots[0].due > Some(deadline));
        assert!(AgendaCursor::<Test>::get() > Some(deadline));
    });
}

#[test]
fn agenda_runs_a_backlog_oldest_block_first() {
    build_and_execute(2, || {
        let first = commit(1, 1);
        next_block();
        let second = commit(2, 1);
        run_to(4);
        let due = |id| deal_of(id, ALICE).slots[0].due.unwrap();
        assert_eq!((due(first), due(second)), (25, 26));
        run_to(24);
        for _ in 25..=30 {
            next_block_without_hooks();
        }
        // Both deadlines are past.
        next_block_within(with_hooks(Storage::least_agenda_weight()));
        assert_eq!((drawn(first), drawn(second)), (0, 1));
        run_blocks(2);
        assert_eq!(drawn(second), 0);
    });
}

#[test]
fn agenda_after_pause_catches_up_within_bounds() {
    build_and_execute(1, || {
        let id = commit(1, 1);
        next_block();
        for _ in 0..20 {
            next_block_without_hooks();
        }
        assert_eq!(AgendaCursor::<Test>::get(), Some(3));
        next_block();
        // Too late: it is drawn anew, by the seed of block 25.
        assert_eq!(deal_of(id, ALICE).slots[0].due, Some(25));
        // Four blocks for each block that passes.
        assert_eq!(AgendaCursor::<Test>::get(), Some(7));
        run_blocks(5);
        assert_eq!(drawn(id), 1);
        assert_eq!(AgendaCursor::<Test>::get(), Some(27));
        run_blocks(2);
        assert_eq!(
            AgendaCursor::<Test>::get(),
            Some(System::block_number() + 1)
        );
    });
}

#[test]
fn agenda_idle_block_costs_the_cursor_and_one_look() {
    build_and_execute(1, || {
        commit(1, 1);
        let consumed = next_block_within(Weight::MAX);
        assert_eq!(consumed, with_hooks(W::agenda_base() + W::agenda_block(0)));
    });
}

/// A task of nobody's, which takes room.
fn blocker() -> crate::Task<u64> {
    crate::Task {
        file: [9; 32],
        owner: BOB,
        slot: 0,
        token: u64::MAX,
        kind: crate::TaskKind::Slot,
    }
}

fn fill(block: u32) {
    while Agenda::<Test>::try_append(block, blocker()).is_ok() {}
}

/// A draw that finds no room for what follows from it must leave no trace, and takes a new draw point.
#[test]
fn agenda_full_ahead_draws_anew_without_trace() {
    build_and_execute(2, || {
        AgendaSearch::set(0);
        MaxTasksPerBlock::set(1);
        let id = commit(1, 1);
        next_block();
        // Drawn in block 3, the deadline would be due in block 25. Another task has that place.
        assert_eq!(deal_of(id, ALICE).slots[0].due, Some(3));
        fill(25);
        take_events();
        next_block();
        assert_eq!(drawn(id), 0);
        assert!(take_events().is_empty());
        assert!(Registry::all()
            .values()
            .all(|provider| provider.reserved == 0));
        assert_eq!(deal_of(id, ALICE).slots[0].due, Some(5));
        assert_eq!(AgendaCursor::<Test>::get(), Some(4));
        Agenda::<Test>::remove(25);
        run_to(5);
        assert_eq!(drawn(id), 1);
    });
}

/// Not even where the new draw point would be is there room: it stays where it is, and later blocks are done nevertheless.
#[test]
fn agenda_full_everywhere_keeps_the_task_and_runs_later_blocks() {
    build_and_execute(2, || {
        AgendaSearch::set(0);
        MaxTasksPerBlock::set(1);
        let id = commit(1, 1);
        next_block();
        fill(25);
        fill(5);
        fill(4);
        next_block();
        assert_eq!((drawn(id), tasks_at(3).len()), (0, 1));
        assert_eq!(AgendaCursor::<Test>::get(), Some(3));
        fill(6);
        next_block();
        assert_eq!(tasks_at(4), [], "a later block is done");
        assert_eq!(tasks_at(3).len(), 1);
        assert_eq!(AgendaCursor::<Test>::get(), Some(3));
        Agenda::<Test>::remove(25);
        run_to(8);
        assert_eq!(drawn(id), 1);
        assert_eq!(AgendaCursor::<Test>::get(), Some(9));
    });
}

/// A lease of short rounds, which is served.
fn long_lease() -> crate::FileId {
    RoundLength::set(200);
    RoundEnds::put(TickNow::get() + 200);
    MaturingDelay::set(10);
    earning(&TestFile::new(300, 0), 1)
}

/// Somebody has filled the blocks in which the agenda would look whether a renewed lease is over.
#[test]
fn agenda_full_around_an_end_looks_half_way_and_stops_nobody() {
    build_and_execute(2, || {
        let id = long_lease();
        let old = deal_of(id, ALICE).due.unwrap();
        let leases = vec![(id, ALICE)].try_into().unwrap();
        assert_ok!(Storage::renew(signed(ALICE), leases, 30, AMPLE));
        let end = Storage::block_of_end(&id, &ALICE, &deal_of(id, ALICE));
        assert!(end > old + 1_000);
        let window = end..=end + AgendaSearch::get();
        window.clone().for_each(fill);
        run_to(old);
        let half = old + (end - old) / 2;
        assert_eq!(deal_of(id, ALICE).due, Some(half));
        assert_eq!(AgendaCursor::<Test>::get(), Some(old + 1));
        // Again and again, each time for half of what is left.
        let mut looks = 0;
        while System::block_number() < end {
            let due = deal_of(id, ALICE).due.unwrap();
            assert!(due <= end + AgendaSearch::get() + RedrawDelay::get());
            run_to(due.min(end));
            looks += 1;
        }
        assert!(looks < 20, "{looks}");
        window.for_each(Agenda::<Test>::remove);
    });
}

/// And half-way as well: the task comes again some blocks later.
#[test]
fn agenda_full_around_an_end_and_half_way_puts_the_task_off() {
    build_and_execute(2, || {
        let id = long_lease();
        let old = deal_of(id, ALICE).due.unwrap();
        let leases = vec![(id, ALICE)].try_into().unwrap();
        assert_ok!(Storage::renew(signed(ALICE), leases, 30, AMPLE));
        let end = Storage::block_of_end(&id, &ALICE, &deal_of(id, ALICE));
        let half = old + (end - old) / 2;
        let blocks: Vec<_> = [half, end]
            .into_iter()
            .flat_map(|first| first..=first + AgendaSearch::get())
            .collect();
        blocks.iter().copied().for_each(fill);
        run_to(old);
        assert_eq!(deal_of(id, ALICE).due, Some(old + RedrawDelay::get()));
        assert_eq!(AgendaCursor::<Test>::get(), Some(old + 1));
        blocks.into_iter().for_each(Agenda::<Test>::remove);
        run_blocks(RedrawDelay::get());
        assert_eq!(deal_of(id, ALICE).due, Some(end));
    });
}

#[test]
fn agenda_full_ahead_does_not_stop_the_rest_of_the_block() {
    build_and_execute(2, || {
        AgendaSearch::set(0);
        MaxTasksPerBlock::set(2);
        let id = commit(1, 1);
        // A second task of the same block that needs no room: its deal is gone.
        let stale = crate::Task {
            file: [9; 32],
            owner: BOB,
            slot: 0,
            token: u64::MAX,
            kind: crate::TaskKind::Slot,
        };
        Agenda::<Test>::try_append(3, stale.clone()).unwrap();
        next_block();
        for _ in 0..2 {
            Agenda::<Test>::try_append(25, stale.clone()).unwrap();
        }
        next_block();
        assert_eq!(tasks_at(3), []);
        assert_eq!(drawn(id), 0);
        Agenda::<Test>::remove(25);
        run_to(5);
        assert_eq!(drawn(id), 1);
    });
}

#[test]
fn agenda_is_empty_for_long_when_every_slot_is_held() {
    build_and_execute(3, || {
        let file = TestFile::new(300, 0);
        assigned(&file, 3);
        for slot in 0..3 {
            make_held(&file, slot);
        }
        // What is left is due when they become auditable, and when the lease is over.
        let now = System::block_number();
        assert!(Agenda::<Test>::iter_keys().all(|due| due > now + 500));
        run_blocks(100);
        let deal = deal_of(file.id(), ALICE);
        assert!(deal
            .slots
            .iter()
            .all(|slot| matches!(slot.state, SlotState::Held { .. })));
    });
}

#[test]
fn agenda_over_a_layout_that_is_not_migrated_keeps_what_is_due() {
    build_and_execute(16, || {
        let id = commit(1, 4);
        StorageVersion::new(1).put::<Storage>();
        run_blocks(5);
        assert_eq!(drawn(id), 0);
        // The repair.
        StorageVersion::new(2).put::<Storage>();
        run_blocks(20);
        assert_eq!(drawn(id), 4);
    });
}
