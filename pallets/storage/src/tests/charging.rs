//! What is charged: what was used, and for each task the worst of its own kind, so that what may take much does not keep from running what never does.

use crate::{mock::*, Agenda, Config, Deals, Drops, Task, TaskKind, WeightInfo};
use frame_support::{
    assert_ok,
    weights::{Weight, WeightMeter},
};

type W = <Test as Config>::WeightInfo;

/// A file of Alice's that is proven and about to become auditable, its task in this block.
fn maturing_in(block: u32, salt: u8) -> crate::FileId {
    let file = TestFile::new(300, salt);
    let id = assigned(&file, 1);
    make_held(&file, 0);
    let slot = slot_of(id, ALICE, 0);
    Storage::unschedule(slot.due.unwrap(), slot.token);
    let task = Task {
        file: id,
        owner: ALICE,
        slot: 0,
        token: slot.token,
        kind: TaskKind::Slot,
    };
    Agenda::<Test>::try_append(block, task).unwrap();
    Deals::<Test>::mutate(id, ALICE, |deal| {
        deal.as_mut().unwrap().slots[0].due = Some(block);
    });
    id
}

fn earn(ids: &[crate::FileId]) -> usize {
    ids.iter()
        .filter(|id| slot_of(**id, ALICE, 0).earner().is_some())
        .count()
}

#[test]
fn many_replicas_mature_in_one_block_and_draws_behind_them_are_made_in_time() {
    build_and_execute(2, || {
        let ids: Vec<_> = (0..16).map(|n| maturing_in(200, n)).collect();
        run_to(198);
        for salt in 100..108 {
            assert_ok!(Storage::commit(
                signed(ALICE),
                [salt; 32],
                300,
                1,
                ROUNDS,
                AMPLE
            ));
        }
        assert_eq!(tasks_at(200).len(), 24);
        MaxAgendaWeight::set(Storage::needed_agenda_weight().set_proof_size(u64::MAX));
        run_to(200);
        assert!(earn(&ids) > 8, "{} of them", earn(&ids));
        for salt in 100..108 {
            let id = noema_commitment::file_id::<crate::HostHashing>(&[salt; 32], 300);
            assert!(slot_of(id, ALICE, 0).state.provider().is_some());
        }
        run_to(202);
        assert_eq!(earn(&ids), 16);
    });
}

/// Audits that take as much as they may for each of them leave a replica of whoever loses everything its share.
#[test]
fn backlog_of_the_worst_kind_does_not_keep_drops_waiting() {
    build_and_execute(2, || {
        Next::put(provider(0));
        let ids: Vec<_> = (0..16).map(|n| maturing_in(200, n)).collect();
        Next::put(provider(1));
        let lost: Vec<_> = (100..103).map(|n| maturing_in(190, n)).collect();
        Next::kill();
        run_to(199);
        assert_eq!(earn(&lost), 3);
        ChangeWeight::set(MOST_OF_A_CHANGE);
        MaxAgendaWeight::set(Storage::needed_agenda_weight().set_proof_size(u64::MAX));
        Audits::begin_drop(provider(1), 0);
        run_blocks(5);
        assert_eq!(earn(&lost), 0);
        assert_eq!(Drops::<Test>::iter().count(), 0);
        assert!(earn(&ids) < 16, "the backlog is still there");
        run_blocks(20);
        assert_eq!(earn(&ids), 16);
    });
}

#[test]
fn task_that_does_not_fit_costs_a_look() {
    build_and_execute(1, || {
        let id = maturing_in(200, 0);
        run_to(199);
        next_block_without_hooks();
        let tasks = W::agenda_block(64);
        let mut meter = WeightMeter::with_limit(tasks + Weight::from_parts(1_000_000_000, 1 << 20));
        Storage::run_blocks(200, 200, &mut meter);
        assert_eq!(meter.consumed(), W::agenda_block(1) + W::task_stale());
        assert_eq!(earn(&[id]), 0);
        next_block();
        assert_eq!(earn(&[id]), 1);
    });
}

#[test]
fn calls_are_given_back_what_audits_did_not_take() {
    build_and_execute(3, || {
        let ids: Vec<_> = (0..3).map(|n| earning(&TestFile::new(300, n), 1)).collect();
        let taken = ChangeWeight::get();
        let weight = |info: frame_support::dispatch::PostDispatchInfo| info.actual_weight.unwrap();
        let removed = Storage::remove(signed(ALICE), ids[0], MOST).unwrap();
        assert_eq!(weight(removed), W::remove(1) + taken);
        assert_ok!(Storage::offer(signed(ALICE), ids[1], Some(BOB)));
        let accepted = Storage::accept(signed(BOB), ids[1], ALICE, MOST, AMPLE).unwrap();
        assert_eq!(weight(accepted), W::accept(1) + taken);
        let who = provider_of(ids[2], ALICE, 0);
        let began = Storage::resign(signed(who), ids[2], ALICE, 0).unwrap();
        assert_eq!(weight(began), W::resign());
        next_rounds(HandOverRounds::get());
        let went = Storage::resign(signed(who), ids[2], ALICE, 0).unwrap();
        assert_eq!(weight(went), W::resign_earning() + taken);
        assert_ok!(Storage::remove(signed(ALICE), ids[2], MOST));
        next_rounds(ROUNDS + GraceRounds::get());
        let expired = Storage::expire(signed(ALICE), ids[1], BOB, MOST).unwrap();
        assert_eq!(weight(expired), W::remove(1) + taken);
    });
}

/// The end of a drop is charged where it happens, and that is with the drop itself.
#[test]
fn drop_ends_by_itself_whoever_took_the_last_replica() {
    build_and_execute(1, || {
        let id = earning(&TestFile::new(300, 0), 1);
        let who = provider_of(id, ALICE, 0);
        Audits::begin_drop(who, 0);
        assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        assert!(Dropping::contains_key(who));
        let info = Storage::drop_replicas(signed(BOB), who, 5).unwrap();
        let emptied = <Audits as noema_traits::AuditFreeze<u64>>::weight_of_emptied();
        assert_eq!(info.actual_weight, Some(W::drop_none() + emptied));
        assert!(!Dropping::contains_key(who));
        Audits::begin_drop(who, 0);
        next_block();
        assert!(!Dropping::contains_key(who));
    });
}
