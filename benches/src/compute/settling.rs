//! What settling takes of a chain: by the weights of the runtime, beside what 0G's contract does for the same requests.

use frame_support::traits::Get;
use frame_support::{dispatch::DispatchClass, weights::Weight};
use noema_runtime::Runtime;
use pallet_noema_compute::WeightInfo as _;

use super::table;

type Redeem = <Runtime as pallet_noema_compute::Config>::WeightInfo;

/// Requests that 0G's providers settle in one call at most, each with a signed entry of its own: `settleFeesWithTEE`.
const BATCH: u64 = 50;
/// Requests that are settled.
const REQUESTS: u64 = 1_000_000;

/// Milliseconds of execution.
fn ms(weight: Weight) -> f64 {
    weight.ref_time() as f64 / 1e9
}

pub(super) fn report() -> String {
    let most = <Runtime as pallet_noema_compute::Config>::MaxClaims::get();
    let block = <Runtime as frame_system::Config>::BlockWeights::get()
        .get(DispatchClass::Normal)
        .max_total
        .unwrap_or_default();
    let (one, full) = (Redeem::redeem(1), Redeem::redeem(most));
    let of_block = |weight: Weight| 100.0 * ms(weight) / ms(block);
    let row = |what: &str, calls: u64, weight: Weight| {
        vec![
            what.to_owned(),
            calls.to_string(),
            format!("{:.2}", ms(weight)),
            format!("{:.1} %", of_block(weight)),
        ]
    };
    let calls = REQUESTS.div_ceil(BATCH);
    let rows = [
        row("one channel, one lane", 1, one),
        row(&format!("{most} channels in one call"), 1, full),
    ];
    format!(
        "Settling, by the weights of the runtime. A lane's last receipt says what all of its requests cost together: a million requests are one claim for each channel and lane \
         that paid for them. In 0G's contract each entry is signed and verified by itself, {BATCH} in a call at most: {calls} calls for a million entries.\n\n{}",
        table(
            &["a million requests of", "calls", "weight, ms", "of a block's room for transactions"],
            &rows
        )
    )
}
