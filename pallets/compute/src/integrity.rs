//! Stops a runtime whose parameters make no sense.

use crate::{Config, WeightInfo};
use frame_support::{dispatch::DispatchClass, traits::Get};
use sp_runtime::{Perbill, Permill};

/// Called by the pallet's `integrity_test`.
pub(crate) fn integrity_test<T: Config>() {
    let positive = [
        ("PriceNotice", T::PriceNotice::get()),
        ("CloseLock", T::CloseLock::get()),
        ("EvidenceWindow", T::EvidenceWindow::get()),
        ("CapPerBond", T::CapPerBond::get().into()),
        ("MaxServices", T::MaxServices::get().into()),
        ("MaxSessions", T::MaxSessions::get().into()),
        ("MaxLanes", T::MaxLanes::get().into()),
        ("MaxClaims", T::MaxClaims::get().into()),
    ];
    for (name, value) in positive {
        assert!(
            value > 0,
            "pallet-noema-compute: `{name}` is 0, expected at least 1; raise it"
        );
    }
    assert!(
        T::MinCap::get() > 0,
        "pallet-noema-compute: `MinCap` is 0, so that a channel need not hold anything; raise it"
    );
    assert!(
        T::CutShare::get() > Permill::zero(),
        "pallet-noema-compute: `CutShare` is 0, so that reputation costs nothing; raise it"
    );
    assert!(
        T::CutShare::get() < Permill::one(),
        "pallet-noema-compute: `CutShare` is 100 %, so that no provider is paid; lower it"
    );
    assert!(
        T::PayerShare::get() < Perbill::one(),
        "pallet-noema-compute: `PayerShare` is 100 %, so that a slash among friends costs nothing; lower it"
    );
    // What a provider took too much must cost it more than the payer gets back, and the payer must not lose: share × factor is at least 1.
    let factor = T::SlashFactor::get();
    let back = T::PayerShare::get().mul_floor(factor);
    assert!(
        back >= 1 && back < factor,
        "pallet-noema-compute: of {factor} times an excess (`SlashFactor`) the payer gets {back} times (`PayerShare`), expected at least 1 and less than all; \
         change one of them"
    );
    let most = T::BlockWeights::get()
        .get(DispatchClass::Normal)
        .max_extrinsic
        .unwrap_or_else(|| T::BlockWeights::get().max_block);
    let calls = [
        ("open", T::WeightInfo::open()),
        ("report", T::WeightInfo::report()),
        ("redeem", T::WeightInfo::redeem(T::MaxClaims::get())),
        (
            "remove",
            T::WeightInfo::remove(T::MaxSessions::get(), T::MaxLanes::get().into()),
        ),
    ];
    for (name, weight) in calls {
        assert!(
            weight.all_lte(most),
            "pallet-noema-compute: `{name}` weighs up to {weight:?}, a transaction may weigh {most:?}; lower `MaxClaims`, `MaxSessions` or `MaxLanes`, or let transactions weigh more"
        );
    }
}
