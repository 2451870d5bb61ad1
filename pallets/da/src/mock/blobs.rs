//! Blobs: who submits, who signs, and what a test reads of it.

use super::*;
use crate::{
    bls::SignatureBytes, records::SeedState, Call, Day, EraIndex, SeatBits, SubmissionId,
    SubmissionOf, Submissions,
};
use frame_support::{
    assert_ok,
    dispatch::DispatchResultWithPostInfo,
    traits::fungible::{Inspect, InspectHold},
};
use noema_da_primitives::{
    BundleFront, Commitment, Content, MemberEntry, MemberId, MemberProof, Namespace, Software,
};
use noema_traits::{Outcome, Payroll, RoundIndex};
use sp_runtime::traits::Dispatchable;

/// Submitters with money.
pub(crate) const ALICE: u64 = 101;
pub(crate) const BOB: u64 = 102;
/// Somebody without an account.
pub(crate) const NOBODY: u64 = 500;
/// The account with everything on hold, the repair fund, the treasury.
pub(crate) const POT: u64 = 190;
pub(crate) const FUND: u64 = 191;
pub(crate) const TREASURY: u64 = 192;
/// A maximum that is never in the way.
pub(crate) const AMPLE: u128 = u128::MAX / 4;
/// Where tests list their blobs.
pub(crate) const SPACE: Namespace = Namespace([7; 28]);
/// Blocks of a round in tests: enough to form a committee.
pub(crate) const ROUND_BLOCKS: u32 = 12;

/// The commitment with this number.
pub(crate) fn commitment(number: u8) -> Commitment {
    Commitment([number; 32])
}

/// Makes a call as the runtime does: undone when it fails.
pub(crate) fn dispatch(who: u64, call: Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::from(call).dispatch(signed(who))
}

/// Providers 1, 2, ... with these stakes, and the committees of the first eras.
pub(crate) fn seat(stakes: &[u128]) {
    for (provider, stake) in (1..).zip(stakes) {
        put_seat(provider, *stake);
    }
    to_committee(0);
    to_committee(2);
    System::reset_events();
}

/// The next round begins, and committees are formed in it.
pub(crate) fn next_round() {
    RoundNow::mutate(|round| *round += 1);
    next_blocks(ROUND_BLOCKS);
}

/// Rounds go by until this one runs.
pub(crate) fn to_round(round: RoundIndex) {
    while RoundNow::get() < round {
        next_round();
    }
}

/// The call that submits a plain blob of Alice's.
pub(crate) fn submit_call(number: u8, size: u32, days: Day) -> Call<Test> {
    Call::submit {
        commitment: commitment(number),
        size,
        content: Content::Plain,
        namespace: SPACE,
        days,
        max_fee: AMPLE,
    }
}

/// Submits a plain blob. Returns its number.
pub(crate) fn submit(who: u64, number: u8, size: u32, days: Day) -> SubmissionId {
    let id = crate::NextSubmission::<Test>::get();
    assert_ok!(dispatch(who, submit_call(number, size, days)));
    id
}

/// A submission of Alice's whose row seed is there.
pub(crate) fn seeded(number: u8, size: u32, days: Day) -> SubmissionId {
    let id = submit(ALICE, number, size, days);
    next_blocks(RowDrawDelay::get());
    id
}

/// A submission of Alice's that these seats made available.
pub(crate) fn available(number: u8, size: u32, days: Day, seats: &[u8]) -> SubmissionId {
    let id = seeded(number, size, days);
    assert_ok!(attest(id, seats));
    id
}

pub(crate) fn record_of(id: SubmissionId) -> SubmissionOf<Test> {
    Submissions::<Test>::get(id).expect("the submission is there")
}

/// The set of these seats.
pub(crate) fn bits(seats: &[u8]) -> SeatBits {
    let mut bits = SeatBits::default();
    seats.iter().for_each(|seat| bits.set(*seat));
    bits
}

/// What these seats sign of a submission, together. The key of a seat has the number of its provider.
pub(crate) fn signature(id: SubmissionId, seats: &[u8]) -> SignatureBytes {
    let record = record_of(id);
    let SeedState::Drawn(seed) = Da::seed_of(&record) else {
        panic!("the row seed is not drawn")
    };
    let committee = Da::committee(record.era).unwrap();
    let message = Da::message(id, &record, &committee, seed).unwrap();
    let keys: Vec<u64> = seats
        .iter()
        .map(|seat| committee.seats[usize::from(*seat)].provider)
        .collect();
    sign_together(&keys, &message.signing_bytes())
}

/// Hands in the signatures of these seats.
pub(crate) fn attest(id: SubmissionId, seats: &[u8]) -> DispatchResultWithPostInfo {
    let signature = signature(id, seats);
    attest_with(id, seats, signature)
}

/// Hands in this signature as that of these seats.
pub(crate) fn attest_with(
    id: SubmissionId,
    seats: &[u8],
    signature: SignatureBytes,
) -> DispatchResultWithPostInfo {
    let call = Call::attest {
        submission: id,
        bits: bits(seats),
        signature,
    };
    dispatch(BOB, call)
}

/// What is on hold in the pot.
pub(crate) fn pot() -> u128 {
    Balances::balance_on_hold(&crate::HoldReason::Escrow.into(), &POT)
}

/// What is held of somebody's for records.
pub(crate) fn held(who: u64) -> u128 {
    Balances::balance_on_hold(&crate::HoldReason::Deposit.into(), &who)
}

/// What an account has, on hold or not.
pub(crate) fn wealth(who: u64) -> u128 {
    Balances::total_balance(&who)
}

/// All that there is.
pub(crate) fn issuance() -> u128 {
    Balances::total_issuance()
}

/// The audits settle a round of a provider.
pub(crate) fn settle(provider: u64, round: RoundIndex, outcome: Outcome) {
    <Da as Payroll<u64>>::settle(&provider, round, outcome);
}

/// The book of an era.
pub(crate) fn book_of(era: EraIndex) -> crate::Book<u128> {
    crate::Books::<Test>::get(era).expect("something of the era was attested")
}

/// A bundle with members of these sizes.
pub(crate) fn bundle(sizes: &[u32]) -> BundleFront {
    let members: Vec<_> = (0u8..)
        .zip(sizes)
        .map(|(number, size)| MemberEntry {
            size: *size,
            id: MemberId([number; 32]),
        })
        .collect();
    BundleFront::new::<Software>(&members).unwrap()
}

/// A bundle of Alice's that these seats made available.
pub(crate) fn available_bundle(front: &BundleFront, days: Day, seats: &[u8]) -> SubmissionId {
    let id = crate::NextSubmission::<Test>::get();
    let call = Call::submit {
        commitment: commitment(200),
        size: front.size(),
        content: Content::Bundle(*front.header()),
        namespace: SPACE,
        days,
        max_fee: AMPLE,
    };
    assert_ok!(dispatch(ALICE, call));
    next_blocks(RowDrawDelay::get());
    assert_ok!(attest(id, seats));
    id
}

/// The call that records a member.
pub(crate) fn member_call(
    id: SubmissionId,
    proof: MemberProof,
    namespace: Namespace,
    days: Day,
) -> Call<Test> {
    Call::submit_member {
        submission: id,
        proof,
        namespace,
        days,
        max_fee: AMPLE,
    }
}

/// Blocks until this tick.
pub(crate) fn run_to_tick(tick: u64) {
    while TickNow::get() < tick {
        next_block();
    }
}
