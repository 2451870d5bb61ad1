//! Random sequences, in which most calls are made by those concerned.

use super::*;
use noema_models::agents::{Inner, Kind, Plan};

const KINDS: [Kind; 9] = [
    Kind::Pay,
    Kind::Reserve,
    Kind::Release,
    Kind::Lie,
    Kind::Feedback,
    Kind::SetMetadata,
    Kind::UpdateData,
    Kind::Exercise,
    Kind::Respond,
];

/// Two agents with money and sessions, of which one has some of everything, so that there is something to happen.
pub(super) fn beginning() -> Vec<Op> {
    let call = |who, call| Op::Call { who, call };
    let pay = |to, amount| Deed::Pay { to, amount };
    let session = |agent, key, calls: &[Kind], total, most| Deed::GrantSession {
        agent,
        ahead: 400,
        grant: model::Grant {
            key,
            calls: calls.iter().copied().collect(),
            per_use: 400,
            total,
            expires: 0,
            period: 20,
            most,
        },
    };
    let schedule = |call, every| Deed::Schedule {
        agent: 0,
        session: 0,
        call,
        plan: Plan {
            due: 1_000,
            every,
            times: 3,
            reward: 0,
        },
    };
    let usage = |user| Deed::AuthorizeUsage {
        agent: 0,
        user,
        data: None,
        ahead: 300,
        count: 1,
    };
    let metadata = |key| Deed::SetMetadata {
        agent: 0,
        key,
        value: Some(9),
    };
    let data = |hash, holder| model::Data {
        hash,
        holders: vec![holder],
    };
    let all = KINDS;
    let staged = Deed::StageData {
        agent: 0,
        index: 0,
        data: data(2, 2),
    };
    let rated = Deed::Feedback {
        agent: 0,
        amount: 50,
        value: 5_000,
        tag: Some(0),
        wallet: None,
    };
    let spent = Deed::Act {
        agent: 0,
        call: Inner::Pay { to: 3, amount: 300 },
    };
    let mut steps = vec![
        call(1, Deed::Register),
        call(2, Deed::Register),
        call(3, pay(1_000, 10_000)),
        call(3, pay(1_001, 3_000)),
        call(1, session(0, 51, &all, 4_000, 600)),
        // Its key has soon spent all that it may.
        call(1, session(0, 53, &all[..1], 400, 2_000)),
        call(1, session(0, 52, &all[..2], 1_000, 600)),
        call(2, session(1, 52, &all, 2_000, 600)),
        call(1, schedule(Inner::Reserve(300), 1)),
        // Fails whenever nothing is reserved.
        call(1, schedule(Inner::Release(250), 5)),
        call(
            1,
            Deed::CommitData {
                agent: 0,
                data: data(1, 1),
            },
        ),
        call(
            1,
            Deed::Offer {
                agent: 0,
                to: Some(2),
            },
        ),
        call(2, staged),
        call(1, usage(2)),
        call(1, usage(3)),
        // The other agent.
        call(1, usage(1_001)),
        call(1, metadata(0)),
        call(1, metadata(1)),
        call(1, Deed::AddTag { agent: 0, tag: 0 }),
        // As many as it may have, and one more.
        call(1, Deed::AddTag { agent: 0, tag: 1 }),
        call(1, Deed::AddTag { agent: 0, tag: 2 }),
        call(3, rated),
        call(53, spent.clone()),
        // All that the key may in a period, and more.
        call(51, spent.clone()),
        call(51, spent.clone()),
        call(51, spent),
        Op::Advance(20),
    ];
    // The other one has as much data as it may.
    steps.extend((0..3).map(|hash| {
        let data = data(hash, 2);
        call(2, Deed::CommitData { agent: 1, data })
    }));
    steps
}

fn anybody() -> BoxedStrategy<u64> {
    prop_oneof![3 => 1..4u64, 1 => Just(4), 2 => 51..54u64].boxed()
}

/// The owner of the agent most of the time.
fn owner() -> BoxedStrategy<u64> {
    prop_oneof![6 => Just(ITS_OWNER), 1 => anybody()].boxed()
}

fn agent() -> BoxedStrategy<u64> {
    prop_oneof![5 => Just(0), 3 => Just(1), 1 => 2..4u64].boxed()
}

fn number() -> BoxedStrategy<u32> {
    prop_oneof![3 => Just(0), 2 => 1..4u32].boxed()
}

fn any_data() -> BoxedStrategy<model::Data> {
    (0..9u8, prop::collection::vec(1..4u64, 0..3))
        .prop_map(|(hash, holders)| model::Data { hash, holders })
        .boxed()
}

fn any_inner() -> BoxedStrategy<Inner> {
    let to = prop_oneof![3 => 1..4u64, 1 => 1_000..1_002u64];
    let tag = prop::option::of(0..2u8);
    prop_oneof![
        4 => (to, 0..500u128).prop_map(|(to, amount)| Inner::Pay { to, amount }),
        2 => (0..300u128).prop_map(Inner::Reserve),
        2 => (0..300u128).prop_map(Inner::Release),
        2 => (0..300u128, 0..500u128).prop_map(|(declared, taken)| Inner::Lie { declared, taken }),
        2 => (agent(), 5..200u128, 0..10_100u16, tag)
            .prop_map(|(agent, amount, value, tag)| Inner::Feedback { agent, amount, value, tag }),
        2 => (agent(), 0..3u8, prop::option::weighted(0.7, 0..40_usize))
            .prop_map(|(agent, key, value)| Inner::SetMetadata { agent, key, value }),
        2 => (agent(), number(), 0..9u8)
            .prop_map(|(agent, index, hash)| Inner::UpdateData { agent, index, hash }),
        2 => (agent(), prop::option::of(0..2u32))
            .prop_map(|(agent, data)| Inner::Exercise { agent, data }),
        2 => (agent(), 0..3u64).prop_map(|(agent, feedback)| Inner::Respond { agent, feedback }),
        1 => Just(Inner::NoLeaf),
    ]
    .boxed()
}

/// One whose encoding has the length that the model says.
fn schedulable() -> BoxedStrategy<Inner> {
    prop_oneof![
        3 => (1..4u64, 0..300u128).prop_map(|(to, amount)| Inner::Pay { to, amount }),
        2 => (0..300u128).prop_map(Inner::Reserve),
        1 => (0..200u128, 0..300u128).prop_map(|(declared, taken)| Inner::Lie { declared, taken }),
        1 => Just(Inner::NoLeaf),
    ]
    .boxed()
}

fn any_grant() -> BoxedStrategy<model::Grant> {
    let kinds = prop::sample::subsequence(KINDS.to_vec(), 0..9);
    let keys = prop_oneof![5 => 51..54u64, 2 => 1..4u64, 1 => Just(1_000)];
    (
        keys,
        kinds,
        0..500u128,
        100..1_500u128,
        0..30u64,
        0..800u128,
    )
        .prop_map(|(key, calls, per_use, total, period, most)| model::Grant {
            key,
            calls: calls.into_iter().collect(),
            per_use,
            total,
            expires: 0,
            period,
            most,
        })
        .boxed()
}

fn any_plan() -> BoxedStrategy<Plan> {
    (
        prop_oneof![12 => 990..1_200u64, 1 => Just(9_999)],
        0..30u64,
        0..4u32,
        prop_oneof![2 => Just(0), 1 => 1..50u128],
    )
        .prop_map(|(due, every, times, reward)| Plan {
            due,
            every,
            times,
            reward,
        })
        .boxed()
}

fn of_identity() -> BoxedStrategy<(u64, Deed)> {
    let receiver = || prop_oneof![6 => 1..5u64, 1 => 1_000..1_002u64];
    let value = prop::option::weighted(0.7, 0..40_usize);
    let signer = prop_oneof![5 => Just(0), 1 => 51..54u64];
    prop_oneof![
        1 => anybody().prop_map(|who| (who, Deed::Register)),
        1 => (owner(), agent(), prop::option::of(0..9u8))
            .prop_map(|(who, agent, file)| (who, Deed::SetFile { agent, file })),
        1 => (owner(), agent(), any::<bool>())
            .prop_map(|(who, agent, some)| (who, Deed::SetEndpoints { agent, some })),
        2 => (owner(), agent(), 0..4u8, value)
            .prop_map(|(who, agent, key, value)| (who, Deed::SetMetadata { agent, key, value })),
        3 => (owner(), agent(), 51..54u64, 0..60u64, signer, prop::bool::weighted(0.1))
            .prop_map(|(who, agent, wallet, ahead, signer, old)| {
                let signer = if signer == 0 { wallet } else { signer };
                (who, Deed::BindWallet { agent, wallet, ahead, signer, old })
            }),
        1 => (prop_oneof![2 => owner(), 1 => anybody()], agent())
            .prop_map(|(who, agent)| (who, Deed::UnbindWallet { agent })),
        3 => (owner(), agent(), prop::option::weighted(0.9, receiver()))
            .prop_map(|(who, agent, to)| (who, Deed::Offer { agent, to })),
        3 => (owner(), agent(), receiver()).prop_map(|(who, agent, to)| (who, Deed::Transfer { agent, to })),
        1 => (owner(), agent()).prop_map(|(who, agent)| (who, Deed::Burn { agent })),
        1 => (owner(), agent(), 0..2_000u128)
            .prop_map(|(who, agent, amount)| (who, Deed::Withdraw { agent, amount })),
    ].boxed()
}

fn of_data() -> BoxedStrategy<(u64, Deed)> {
    let count = prop_oneof![1 => Just(0), 4 => 1..3u32];
    let data = || prop::option::of(0..2u32);
    prop_oneof![
        2 => (owner(), agent(), any_data()).prop_map(|(who, agent, data)| (who, Deed::CommitData { agent, data })),
        2 => (owner(), agent(), number(), any_data())
            .prop_map(|(who, agent, index, data)| (who, Deed::UpdateData { agent, index, data })),
        2 => (owner(), agent(), number()).prop_map(|(who, agent, index)| (who, Deed::DropData { agent, index })),
        4 => (owner(), agent(), number(), any_data())
            .prop_map(|(who, agent, index, data)| (who, Deed::StageData { agent, index, data })),
        2 => (prop_oneof![owner(), anybody()], agent(), number())
            .prop_map(|(who, agent, index)| (who, Deed::UnstageData { agent, index })),
        3 => (owner(), agent(), 1..6u64, data(), 0..60u64, count).prop_map(
            |(who, agent, user, data, ahead, count)| (who, Deed::AuthorizeUsage { agent, user, data, ahead, count })),
        2 => (prop_oneof![owner(), anybody()], agent(), 1..6u64)
            .prop_map(|(who, agent, user)| (who, Deed::RevokeUsage { agent, user })),
        3 => (1..4u64, agent(), data()).prop_map(|(who, agent, data)| (who, Deed::Exercise { agent, data })),
    ].boxed()
}

fn of_sessions() -> BoxedStrategy<(u64, Deed)> {
    let key = || prop_oneof![4 => Just(51), 3 => Just(52), 3 => Just(53), 1 => anybody()];
    let other = prop::option::weighted(0.15, schedulable());
    prop_oneof![
        3 => (owner(), agent(), any_grant(), prop_oneof![1 => Just(0), 9 => 1..300u64])
            .prop_map(|(who, agent, grant, ahead)| (who, Deed::GrantSession { agent, grant, ahead })),
        2 => (prop_oneof![owner(), key()], agent(), number())
            .prop_map(|(who, agent, session)| (who, Deed::RevokeSession { agent, session })),
        6 => (key(), agent(), any_inner()).prop_map(|(who, agent, call)| (who, Deed::Act { agent, call })),
        4 => (anybody(), agent(), number(), any_inner(), 0..60u64, prop::bool::weighted(0.15), prop::bool::weighted(0.1))
            .prop_map(|(who, agent, session, call, ahead, replay, wrong_key)| {
                (who, Deed::ActSigned { agent, session, call, ahead, replay, wrong_key })
            }),
        2 => (owner(), agent(), any_inner()).prop_map(|(who, agent, call)| (who, Deed::ActByOwner { agent, call })),
        4 => (prop_oneof![owner(), key()], agent(), number(), schedulable(), any_plan())
            .prop_map(|(who, agent, session, call, plan)| (who, Deed::Schedule { agent, session, call, plan })),
        1 => (prop_oneof![owner(), anybody()], agent(), number())
            .prop_map(|(who, agent, schedule)| (who, Deed::Cancel { agent, schedule })),
        5 => (anybody(), agent(), number(), other)
            .prop_map(|(who, agent, schedule, call)| (who, Deed::Run { agent, schedule, call })),
    ].boxed()
}

fn of_reputation() -> BoxedStrategy<(u64, Deed)> {
    let tag = || prop::option::of(0..2u8);
    let payee = || prop_oneof![3 => 1_000..1_002u64, 2 => 51..54u64];
    let named = prop::option::weighted(0.4, payee());
    prop_oneof![
        1 => (owner(), agent(), 0..3u8).prop_map(|(who, agent, tag)| (who, Deed::AddTag { agent, tag })),
        4 => (anybody(), payee(), 0..800u128).prop_map(|(who, to, amount)| (who, Deed::Pay { to, amount })),
        6 => (prop_oneof![3 => Just(3u64), 2 => anybody()], agent(), 5..400u128, 0..10_200u16, tag(), named)
            .prop_map(|(who, agent, amount, value, tag, wallet)| (who, Deed::Feedback { agent, amount, value, tag, wallet })),
        2 => (prop_oneof![4 => Just(3u64), 1 => anybody()], agent(), 0..4u64)
            .prop_map(|(who, agent, feedback)| (who, Deed::RevokeFeedback { agent, feedback })),
        1 => (owner(), agent(), 0..3u64)
            .prop_map(|(who, agent, feedback)| (who, Deed::Respond { agent, feedback })),
    ].boxed()
}

fn any_op() -> BoxedStrategy<Op> {
    let ticks = prop_oneof![5 => 0..12u64, 2 => 12..60u64, 1 => 60..250u64];
    let call = |(who, call)| Op::Call { who, call };
    prop_oneof![
        3 => ticks.prop_map(Op::Advance),
        5 => of_identity().prop_map(call),
        5 => of_data().prop_map(call),
        9 => of_sessions().prop_map(call),
        5 => of_reputation().prop_map(call),
    ]
    .boxed()
}

pub(super) fn any_steps() -> BoxedStrategy<Vec<Op>> {
    prop::collection::vec(any_op(), 1..100).boxed()
}
