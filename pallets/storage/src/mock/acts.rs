//! What tests do and look at.

use super::*;

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// As many replicas as a deal can have: what a call says that is to be charged for any.
pub(crate) const MOST: u8 = 16;

/// Makes a call as the runtime does: undone when it fails. (A pallet's function by itself is not.)
pub(crate) fn dispatch(who: u64, call: crate::Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::from(call).dispatch(signed(who))
}

pub(crate) fn deal_of(file: FileId, owner: u64) -> DealOf<Test> {
    Deals::<Test>::get(file, owner).expect("the deal is there")
}

pub(crate) fn slot_of(file: FileId, owner: u64, slot: u8) -> SlotOf<Test> {
    deal_of(file, owner)
        .slot(slot)
        .expect("the slot is there")
        .clone()
}

pub(crate) fn provider_of(file: FileId, owner: u64, slot: u8) -> u64 {
    *slot_of(file, owner, slot)
        .state
        .provider()
        .expect("the slot has a provider")
}

pub(crate) fn held(owner: u64) -> u64 {
    Balances::balance_on_hold(&crate::HoldReason::Deposit.into(), &owner)
}

pub(crate) fn tasks_at(block: u32) -> Vec<TaskOf<Test>> {
    crate::Agenda::<Test>::get(block).into_inner()
}

/// The pallet's events of this block, then none.
pub(crate) fn take_events() -> Vec<crate::Event<Test>> {
    let events = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Storage(event) => Some(event),
            _ => None,
        })
        .collect();
    System::reset_events();
    events
}

/// Alice buys the usual rounds of a file, at whatever they cost.
pub(crate) fn buy(file: &TestFile, replicas: u8) -> DispatchResultWithPostInfo {
    Storage::commit(signed(ALICE), file.root, file.size, replicas, ROUNDS, AMPLE)
}

/// Alice's deal for this file with all its slots assigned.
pub(crate) fn assigned(file: &TestFile, replicas: u8) -> FileId {
    buy(file, replicas).unwrap();
    run_blocks(DrawDelay::get());
    let id = file.id();
    for slot in 0..replicas {
        assert!(matches!(
            slot_of(id, ALICE, slot).state,
            SlotState::Assigned { .. }
        ));
    }
    id
}

/// Says `ready` for a slot of Alice's deal, by the operator of its provider.
pub(crate) fn make_ready(file: FileId, slot: u8) {
    let operator = operator_of(provider_of(file, ALICE, slot));
    Storage::ready(signed(operator), file, ALICE, slot).unwrap();
}

/// Alice's deal with one slot that awaits its proof, whose seed is there.
pub(crate) fn proving(file: &TestFile) -> (FileId, u64) {
    let id = assigned(file, 1);
    make_ready(id, 0);
    run_blocks(ProofDrawDelay::get());
    (id, operator_of(provider_of(id, ALICE, 0)))
}

/// Says `ready` for a slot of Alice's deal and proves it.
pub(crate) fn make_held(file: &TestFile, slot: u8) {
    let id = file.id();
    make_ready(id, slot);
    run_blocks(ProofDrawDelay::get());
    let operator = operator_of(provider_of(id, ALICE, slot));
    Storage::prove(signed(operator), id, ALICE, slot, file.proof(ALICE, slot)).unwrap();
}

/// The next round begins, in a block of its own.
pub(crate) fn next_round() {
    Clock::next_round();
    next_block();
}

pub(crate) fn next_rounds(rounds: u32) {
    (0..rounds).for_each(|_| next_round());
}

/// Blocks until what is proven is auditable.
pub(crate) fn mature() {
    run_blocks(MaturingDelay::get());
}

/// Alice's deal with all its slots earning from the next round on.
pub(crate) fn earning(file: &TestFile, replicas: u8) -> FileId {
    let id = assigned(file, replicas);
    for slot in 0..replicas {
        make_held(file, slot);
    }
    mature();
    for slot in 0..replicas {
        assert!(slot_of(id, ALICE, slot).earner().is_some());
    }
    id
}

/// What is on hold in the pot.
pub(crate) fn pot() -> u64 {
    Balances::balance_on_hold(&crate::HoldReason::Escrow.into(), &POT)
}

/// What an account has, on hold or not.
pub(crate) fn wealth(who: u64) -> u64 {
    use frame_support::traits::fungible::Inspect;
    Balances::total_balance(&who)
}

/// The account of a provider.
pub(crate) fn pay_of(provider: u64) -> Option<crate::Account<u64>> {
    crate::Accounts::<Test>::get(provider)
}
