//! Coders that cheat: seats refuse blobs that are no codeword, at depths that the design note says.

use bytes::Bytes;
use futures::stream;
use noema_da::{
    client::{SeatClient, SeatFault},
    coding::CodedBlob,
};
use noema_da_primitives::Content;

#[path = "../common/mod.rs"]
mod common;

use crate::{chain::*, harness::*};
use common::{plain, Cheat, Fit};

/// Sends a seat the shard that a cheating coder made, and returns what it says.
async fn judged(
    chain: &MemoryChain,
    seat: &Running,
    cheat: &Cheat,
    submission: u64,
) -> Result<(), String> {
    let plan = chain.plan(submission);
    let rows = plan.assignment.shard_rows(0, plan.content());
    let header = noema_da::coding::ShardHeader {
        commitment: cheat.commitment,
        shape: cheat.shape,
        rows: rows.len() as u16,
    };
    let front = [
        Bytes::copy_from_slice(&header.encode()),
        cheat.combinations.clone(),
    ];
    let rows = rows.iter().flat_map(|row| cheat.row(*row).frame());
    let pieces: Vec<_> = front.into_iter().chain(rows).collect();
    let client = SeatClient::new(patience());
    let sent = client
        .send_shard(
            &seat.endpoint,
            submission,
            stream::iter(pieces),
            header.shard_bytes(),
        )
        .await;
    match sent {
        Ok(_) => Ok(()),
        Err(SeatFault::Refused {
            status: 422,
            detail,
        }) => Err(detail.message),
        Err(other) => panic!("{other}"),
    }
}

struct Setup {
    chain: MemoryChain,
    seat: Running,
    _dir: tempfile::TempDir,
}

/// Seat 0 of a committee with these stakes.
async fn setup(stakes: &[u128]) -> Setup {
    let (chain, dir) = (MemoryChain::new(stakes), tempfile::tempdir().unwrap());
    let seat = start_seat(&chain, seat_config(1, dir.path())).await;
    Setup {
        chain,
        seat,
        _dir: dir,
    }
}

impl Setup {
    fn submit(&self, cheat: &Cheat) -> u64 {
        let new = new_submission(cheat.commitment, cheat.shape.size(), Content::Plain);
        self.chain.submit_now(new)
    }

    async fn judge(&self, cheat: &Cheat) -> Result<(), String> {
        let submission = self.submit(cheat);
        judged(&self.chain, &self.seat, cheat, submission).await
    }

    async fn held(&self) -> f64 {
        figure(&self.seat, "noema_da_seat_shards ").await
    }
}

fn honest() -> CodedBlob {
    plain(&data(70_000, 5))
}

/// Changes the rows that are chosen.
fn changed(blob: &CodedBlob, choose: impl Fn(u16) -> bool, fit: Fit<'_>) -> Cheat {
    Cheat::new(
        blob,
        |index, row| {
            if choose(index) {
                row[0] ^= 1;
            }
        },
        fit,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_with_k_rows_refuses_one_wrong_row_wherever_it_is() {
    let setup = setup(&[1; 4]).await;
    let blob = honest();
    for row in [0, 255, 256, 1_023] {
        let cheat = changed(&blob, |index| index == row, Fit::Original);
        let error = setup.judge(&cheat).await.unwrap_err();
        assert!(!error.is_empty(), "row {row}");
    }
    // Combinations made up so that this seat's own rows verify: coding once more shows it all the same.
    let cheat = changed(&blob, |index| index % 2 == 0, Fit::Original);
    let submission = setup.submit(&cheat);
    let own = setup.chain.plan(submission).assignment.sorted_rows(0);
    let fitted = changed(&blob, |index| index % 2 == 0, Fit::Rows(&own));
    let error = setup.judge(&fitted).await.unwrap_err();
    assert!(!error.is_empty());
    assert_eq!(setup.held().await, 0.0);
    // The honest blob is taken by the same seat.
    let cheat = changed(&blob, |_| false, Fit::Original);
    setup.judge(&cheat).await.unwrap();
    assert_eq!(setup.held().await, 1.0);
    setup.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_with_fewer_rows_refuses_what_is_wrong_beyond_unique_decoding() {
    let setup = setup(&[1; 20]).await;
    let blob = honest();
    // More than half of the parity: of 52 rows of a seat none would have to be wrong, at 2^-36.
    for wrong in [385u16, 600, 1_024] {
        let cheat = changed(&blob, |index| index >= 1_024 - wrong, Fit::Original);
        let error = setup.judge(&cheat).await.unwrap_err();
        assert!(error.contains("not coded honestly"), "{wrong}: {error}");
    }
    let other = plain(&data(70_000, 6));
    let cheat = changed(&blob, |_| false, Fit::Other(&other));
    let error = setup.judge(&cheat).await.unwrap_err();
    assert!(error.contains("not coded honestly"), "{error}");
    assert_eq!(setup.held().await, 0.0);
    setup.seat.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_whose_rows_are_all_right_signs_and_holds_what_it_signed_for() {
    let setup = setup(&[1; 20]).await;
    let blob = honest();
    // One wrong row, which is somebody else's: what verifies is one codeword all the same.
    let probe = changed(&blob, |index| index == 1_000, Fit::Original);
    let submission = setup.submit(&probe);
    let own = setup.chain.plan(submission).assignment.sorted_rows(0);
    let verdict = judged(&setup.chain, &setup.seat, &probe, submission).await;
    assert_eq!(verdict.is_err(), own.contains(&1_000));
    setup.seat.stop().await;
}
