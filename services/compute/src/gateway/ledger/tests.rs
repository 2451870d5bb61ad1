//! The ledger over a real journal.

use noema_session::Limits;

use super::*;
use crate::{chain::ChannelState, samples, Signature};

const GENESIS: Hash = [7; 32];
const PROVIDER: AccountId = AccountId([9; 32]);

fn session(number: SessionId, total: u128) -> SessionInfo {
    SessionInfo {
        session: number,
        key: samples::key("Alice").account(),
        limits: Limits {
            per_use: 1_000,
            total,
        },
        spent: 0,
        ends: 10_000,
        revoked: false,
        lanes: 8,
        redeemed: Vec::new(),
    }
}

fn channel(left: u128) -> ChannelInfo {
    ChannelInfo {
        payer: samples::key("Alice").account(),
        provider: PROVIDER,
        service: 9,
        key: samples::key("Bob").account(),
        left,
        redeemed: 0,
        state: ChannelState::Open,
        sessions: vec![session(1, 1_000), session(2, 150)],
    }
}

fn voucher(
    session: SessionId,
    lane: LaneId,
    nonce: u64,
    paid: u128,
    maximum: u128,
) -> SignedVoucher {
    let voucher = Voucher {
        session,
        lane,
        nonce,
        paid,
        maximum,
        ..samples::voucher()
    };
    SignedVoucher {
        voucher,
        signature: Signature::Sr25519([1; 64]),
    }
}

fn receipt(of: &SignedVoucher, output: u64) -> SignedReceipt {
    SignedReceipt {
        receipt: samples::receipt_for(&of.voucher, output),
        signature: Signature::Sr25519([2; 64]),
    }
}

fn open(dir: &Path) -> Ledger {
    Ledger::open(dir, &GENESIS, &PROVIDER).unwrap()
}

fn begin(ledger: &Ledger, signed: SignedVoucher, left: u128) -> Result<(), Refusal> {
    let info = channel(left);
    let session = info.session(signed.voucher.session).unwrap().clone();
    ledger.begin(signed, &info, &session)
}

#[test]
fn begin_promises_no_more_than_channel_and_session_have_left() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    begin(&ledger, voucher(1, 0, 1, 0, 100), 300).unwrap();
    begin(&ledger, voucher(1, 1, 1, 0, 100), 300).unwrap();
    let refused = begin(&ledger, voucher(1, 2, 1, 0, 101), 300).unwrap_err();
    assert!(
        matches!(
            refused,
            Refusal::Exposure {
                of: "channel",
                promised: 200,
                ..
            }
        ),
        "{refused}"
    );
    begin(&ledger, voucher(2, 0, 1, 0, 100), 300).unwrap();
    let refused = begin(&ledger, voucher(2, 1, 1, 0, 51), 10_000).unwrap_err();
    assert!(
        matches!(
            refused,
            Refusal::Exposure {
                of: "session",
                promised: 100,
                ..
            }
        ),
        "{refused}"
    );
    // What was refused left nothing behind.
    let lane = LaneKey {
        channel: 3,
        session: 2,
        lane: 1,
    };
    assert_eq!(ledger.lane(&lane), None);
}

#[tokio::test]
async fn a_receipt_frees_what_its_request_did_not_cost_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let first = voucher(1, 0, 1, 0, 250);
    begin(&ledger, first, 300).unwrap();
    let signed = receipt(&first, 20);
    let owed = signed.receipt.cumulative;
    ledger.end(signed.clone()).await.unwrap();
    let second = voucher(1, 1, 1, 0, 300 - owed);
    begin(&ledger, second, 300).unwrap();
    drop(ledger);
    let ledger = open(dir.path());
    let due = ledger.due(3, &channel(300));
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].due, &due[0].answered.receipt), (owed, &signed));
    let again = begin(&ledger, first, 300).unwrap_err();
    assert!(matches!(again, Refusal::Lane(LaneRefusal::Answered(found)) if *found == signed));
    // The request that was under way is as one that never came.
    assert_eq!(ledger.lane(&LaneKey::of(&second.voucher)), None);
    begin(&ledger, second, 300).unwrap();
}

#[test]
fn a_lane_that_the_chain_knows_and_the_ledger_does_not_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let mut info = channel(300);
    info.sessions[0].redeemed.push(crate::chain::LaneInfo {
        lane: 0,
        nonce: 4,
        maximum: 10,
        redeemed: 30,
        at: 1,
        punished: 0,
    });
    let session = info.sessions[0].clone();
    let refused = ledger.begin(voucher(1, 0, 1, 0, 1), &info, &session);
    assert!(matches!(refused, Err(Refusal::Unknown)));
    assert!(ledger
        .begin(voucher(1, 1, 1, 0, 1), &info, &session)
        .is_ok());
}

#[test]
fn many_at_once_on_one_lane_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let taken = std::thread::scope(|scope| {
        let tries = (0..50u128).map(|n| {
            let signed = voucher(1, 0, 1, 0, 10 + n % 2);
            let ledger = &ledger;
            scope.spawn(move || begin(ledger, signed, 300).is_ok())
        });
        let tries: Vec<_> = tries.collect();
        let taken = tries.into_iter().map(|one| one.join().unwrap());
        taken.filter(|taken| *taken).count()
    });
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_settled_channel_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let first = voucher(1, 0, 1, 0, 10);
    begin(&ledger, first, 300).unwrap();
    ledger.end(receipt(&first, 1)).await.unwrap();
    assert!(!ledger.is_expired(3, 999));
    assert!(ledger.is_expired(3, 1_000));
    ledger.forget(3).await.unwrap();
    drop(ledger);
    let ledger = open(dir.path());
    assert_eq!(ledger.lane(&LaneKey::of(&first.voucher)), None);
}

#[tokio::test]
async fn no_voucher_that_the_chain_would_refuse_takes_the_place_of_one_that_covers_what_is_due() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let first = voucher(1, 0, 1, 0, 250);
    begin(&ledger, first, 300).unwrap();
    let signed = receipt(&first, 20);
    let owed = signed.receipt.cumulative;
    ledger.end(signed.clone()).await.unwrap();
    let session = session(1, 1_000);
    let mut above = voucher(1, 0, 2, owed, 1_001);
    above.voucher.expires = 2_000;
    let refused = ledger.begin_to_end(above, &session).unwrap_err();
    assert!(matches!(refused, Refusal::PerUse { limit: 1_000, .. }));
    let mut early = voucher(1, 0, 2, owed, 10);
    early.voucher.expires = 0;
    let refused = ledger.begin_to_end(early, &session).unwrap_err();
    let expired = matches!(
        refused,
        Refusal::Lane(LaneRefusal::Expires { found: 0, .. })
    );
    assert!(expired, "{refused}");
    // One that is as good ends its request, and the claim stays the one of the first.
    let good = voucher(1, 0, 2, owed, 10);
    ledger.begin_to_end(good, &session).unwrap();
    let mut nothing = receipt(&good, 0);
    nothing.receipt.amount = 0;
    nothing.receipt.cumulative = owed;
    ledger.end(nothing).await.unwrap();
    drop(ledger);
    let due = open(dir.path()).due(3, &channel(300));
    assert_eq!((due[0].due, due[0].answered.voucher), (owed, first));
    assert_eq!(due[0].answered.receipt, signed);
}

#[tokio::test]
async fn lanes_of_a_session_that_was_dropped_take_nothing_from_the_channel() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let first = voucher(2, 0, 1, 0, 150);
    begin(&ledger, first, 300).unwrap();
    ledger.end(receipt(&first, 60)).await.unwrap();
    let mut info = channel(300);
    info.sessions.retain(|one| one.session == 1);
    let session = info.sessions[0].clone();
    let all = voucher(1, 0, 1, 0, 300);
    ledger.begin(all, &info, &session).unwrap();
}
