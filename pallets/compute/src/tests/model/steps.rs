//! Random sequences, in which most calls are made by those concerned.

use super::*;

/// A service of each provider and a channel of each payer, so that there is something to happen.
pub(super) fn beginning() -> Vec<Op> {
    let grant = |key, total: u128| model::Grant {
        key,
        per_use: total.min(500),
        total,
        expires: u64::MAX,
    };
    let call = |who, call| Op::Call { who, call };
    let open = |service, cap, grant| Act::Open {
        service,
        cap,
        lanes: 2,
        grant,
    };
    let announce = |key| Act::Announce { key };
    vec![
        call(PROVIDER, announce(service_key(PROVIDER))),
        call(RIVAL, announce(service_key(RIVAL))),
        // The first channel is empty before its key has spent all that it may; the second is not.
        call(ALICE, open(0, 600, grant(50, 1_200))),
        call(BOB, open(1, 2_000, grant(51, 300))),
    ]
}

fn any_lane() -> impl Strategy<Value = At> {
    (0..4u64, 0..3u32, 0..3u16).prop_map(|(channel, session, lane)| {
        // The first ones are there most of the time.
        (channel % 3, session / 2, lane % 2)
    })
}

fn payer() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(ALICE), 4 => Just(BOB), 1 => Just(PAUPER), 1 => Just(STRANGER)]
}

fn provider() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(PROVIDER), 1 => Just(RIVAL)]
}

fn anybody() -> impl Strategy<Value = u8> {
    prop_oneof![4 => payer(), 3 => provider(), 1 => Just(operator_of(PROVIDER))]
}

/// The payer of the channel most of the time.
fn owner() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(ITS_PAYER), 1 => payer()]
}

/// The same, or one of the providers, or somebody.
fn party() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(ITS_PAYER), 3 => anybody()]
}

fn any_grant() -> impl Strategy<Value = model::Grant> {
    (50..54u64, 0..600u128, 100..1_500u128, 900..3_000u64).prop_map(
        |(key, per_use, total, expires)| model::Grant {
            key,
            per_use,
            total,
            expires,
        },
    )
}

fn any_act() -> impl Strategy<Value = (u8, Act)> {
    let channel = || prop_oneof![3 => 0..2u64, 2 => 2..4u64];
    let session = || prop_oneof![3 => Just(0), 2 => 1..3u32];
    let caps = prop_oneof![1 => 0..10u128, 6 => 10..3_000u128, 1 => 15_000..25_000u128];
    prop_oneof![
        1 => (anybody(), 11..15u8).prop_map(|(who, key)| (who, Act::Announce { key })),
        3 => (provider(), 11..15u8).prop_map(|(who, key)| (who, Act::Announce { key })),
        1 => (anybody(), 0..3u64, 11..15u8).prop_map(|(who, service, key)| (who, Act::SetKey { service, key })),
        1 => (anybody(), 0..3u64).prop_map(|(who, service)| (who, Act::Retire { service })),
        2 => (payer(), 0..2_000u128).prop_map(|(who, amount)| (who, Act::Deposit { amount })),
        2 => (payer(), 0..2_000u128).prop_map(|(who, amount)| (who, Act::Withdraw { amount })),
        4 => (anybody(), 0..3u64, caps, 0..4u16, any_grant())
            .prop_map(|(who, service, cap, lanes, grant)| (who, Act::Open { service, cap, lanes, grant })),
        3 => (owner(), channel(), 0..3_000u128)
            .prop_map(|(who, channel, amount)| (who, Act::TopUp { channel, amount })),
        4 => (owner(), channel(), 0..4u16, any_grant())
            .prop_map(|(who, channel, lanes, grant)| (who, Act::Grant { channel, lanes, grant })),
        3 => (owner(), channel(), session()).prop_map(|(who, channel, session)| (who, Act::Revoke { channel, session })),
        3 => (owner(), channel(), session())
            .prop_map(|(who, channel, session)| (who, Act::DropSession { channel, session })),
        1 => (provider(), channel()).prop_map(|(who, channel)| (who, Act::Close { channel })),
        2 => (party(), channel()).prop_map(|(who, channel)| (who, Act::Close { channel })),
        3 => (party(), channel()).prop_map(|(who, channel)| (who, Act::Settle { channel })),
        4 => (party(), channel()).prop_map(|(who, channel)| (who, Act::Remove { channel })),
        2 => (provider(), channel()).prop_map(|(who, channel)| (who, Act::Remove { channel })),
        1 => (payer(), provider()).prop_map(|(who, provider)| (who, Act::Forget { provider })),
    ]
}

fn any_request() -> impl Strategy<Value = RequestOp> {
    let life = prop_oneof![4 => Just(u64::MAX), 1 => 0..100u64];
    (
        any_lane(),
        1..400u128,
        0..500u128,
        life,
        prop::bool::weighted(0.03),
        prop::bool::weighted(0.03),
    )
        .prop_map(
            |(lane, maximum, cost, life, wrong_key, wrong_service)| RequestOp {
                lane,
                maximum,
                cost,
                life,
                wrong_key,
                wrong_service,
            },
        )
}

fn any_claim() -> impl Strategy<Value = ClaimSpec> {
    let amount = prop_oneof![
        5 => Just(Amount::Owed),
        3 => Just(Amount::Ceiling),
        1 => Just(Amount::Above),
        2 => (0..110u128).prop_map(Amount::Part),
    ];
    let tamper = prop_oneof![
        12 => Just(Tamper::Nothing),
        1 => Just(Tamper::Nonce),
        1 => Just(Tamper::Maximum),
        1 => Just(Tamper::Paid),
    ];
    let back = prop_oneof![4 => Just(0_usize), 1 => 1..3_usize];
    let demand = prop_oneof![
        4 => Just(DemandSpec::TheKey),
        3 => Just(DemandSpec::Nobody),
        1 => Just(DemandSpec::AnotherKey),
    ];
    (any_lane(), back, amount, tamper, demand).prop_map(|(lane, back, amount, tamper, demand)| {
        ClaimSpec {
            lane,
            back,
            amount,
            tamper,
            demand,
        }
    })
}

fn any_op() -> impl Strategy<Value = Op> {
    let ticks = prop_oneof![4 => 0..20u64, 2 => 20..60u64, 1 => 60..300u64];
    let redeemer = prop_oneof![
        4 => provider(),
        3 => Just(RIVAL),
        2 => Just(operator_of(PROVIDER)),
        1 => anybody(),
    ];
    let back = prop_oneof![3 => Just(0_usize), 2 => 1..3_usize];
    // Down to bonds that do not cover a slash.
    let unbonded = prop_oneof![2 => 1..500u128, 1 => 4_000..5_000u128];
    prop_oneof![
        2 => ticks.prop_map(Op::Advance),
        1 => (provider(), prop::bool::weighted(0.8)).prop_map(|(provider, active)| Op::SetActive { provider, active }),
        1 => (provider(), unbonded).prop_map(|(provider, amount)| Op::Unbond { provider, amount }),
        8 => any_request().prop_map(Op::Request),
        6 => (redeemer, prop::collection::vec(any_claim(), 1..5))
            .prop_map(|(who, claims)| Op::Redeem { who, claims }),
        3 => (any_lane(), back, prop::bool::weighted(0.2))
            .prop_map(|(lane, back, lowered)| Op::Report(ReportSpec { lane, back, lowered })),
        12 => any_act().prop_map(|(who, call)| Op::Call { who, call }),
    ]
}

/// A sequence of whatever can happen.
pub(super) fn any_steps() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any_op(), 1..120)
}
