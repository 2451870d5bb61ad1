//! Stops a runtime whose parameters make no sense.

use crate::{weights, Config, WeightInfo};
use frame_support::{
    dispatch::DispatchClass,
    traits::{fungible::Inspect as _, Get},
};

/// Called by the pallet's `integrity_test`.
pub(crate) fn integrity_test<T: Config>() {
    let positive = [
        ("MaxDeadline", T::MaxDeadline::get()),
        ("ReputationPeriod", T::ReputationPeriod::get()),
        ("MaxMetadata", T::MaxMetadata::get().into()),
        ("MaxData", T::MaxData::get().into()),
        ("MaxUsages", T::MaxUsages::get().into()),
        ("MaxSessions", T::MaxSessions::get().into()),
        ("MaxScheduled", T::MaxScheduled::get().into()),
        ("MaxScheduledCall", T::MaxScheduledCall::get().into()),
        ("MaxTags", T::MaxTags::get().into()),
    ];
    for (name, value) in positive {
        assert!(
            value > 0,
            "pallet-noema-agents: `{name}` is 0, expected at least 1; raise it"
        );
    }
    let least = T::Currency::minimum_balance().max(1);
    assert!(
        T::MinFeedback::get() >= least,
        "pallet-noema-agents: `MinFeedback` is {}, so that praise costs next to nothing; expected at least {least}, the existential deposit; raise it",
        T::MinFeedback::get()
    );
    assert!(
        T::ByteDeposit::get() > 0,
        "pallet-noema-agents: `ByteDeposit` is 0, so that state costs nothing; raise it"
    );
    let most = T::BlockWeights::get()
        .get(DispatchClass::Normal)
        .max_extrinsic
        .unwrap_or_else(|| T::BlockWeights::get().max_block);
    let calls = [
        (
            "transfer",
            T::WeightInfo::transfer(T::MaxData::get(), weights::most_ended::<T>()),
        ),
        (
            "burn",
            T::WeightInfo::burn(T::MaxData::get(), weights::most_removed::<T>()),
        ),
        ("run", T::WeightInfo::run(T::MaxScheduledCall::get())),
    ];
    for (name, weight) in calls {
        assert!(
            weight.all_lte(most),
            "pallet-noema-agents: `{name}` weighs up to {weight:?}, a transaction may weigh {most:?}; lower what an agent can have, or let transactions weigh more"
        );
    }
}
