//! What can happen, and how each side is told.

use super::*;
use noema_compute_primitives::{ChannelScope, Voucher};
use noema_session::{Grant, Limits};

/// A lane: channel, session, number.
pub(super) type At = (u64, u32, u16);

/// A call that is not about vouchers.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Announce {
        key: u8,
    },
    SetKey {
        service: u64,
        key: u8,
    },
    Retire {
        service: u64,
    },
    Deposit {
        amount: u128,
    },
    Withdraw {
        amount: u128,
    },
    Open {
        service: u64,
        cap: u128,
        lanes: u16,
        grant: model::Grant,
    },
    TopUp {
        channel: u64,
        amount: u128,
    },
    Grant {
        channel: u64,
        lanes: u16,
        grant: model::Grant,
    },
    Revoke {
        channel: u64,
        session: u32,
    },
    DropSession {
        channel: u64,
        session: u32,
    },
    Close {
        channel: u64,
    },
    Settle {
        channel: u64,
    },
    Remove {
        channel: u64,
    },
    Forget {
        provider: u8,
    },
}

/// What a claim asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Owed,
    Ceiling,
    Above,
    Part(u128),
}

/// What was changed in a voucher after it was signed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tamper {
    Nothing,
    Nonce,
    Maximum,
    Paid,
}

/// A claim: with the voucher of the request that is so many before the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimSpec {
    pub(super) lane: At,
    pub(super) back: usize,
    pub(super) amount: Amount,
    pub(super) tamper: Tamper,
}

/// A receipt held against a redemption.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReportSpec {
    pub(super) lane: At,
    pub(super) back: usize,
    pub(super) lowered: bool,
}

/// A request off chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestOp {
    pub(super) lane: At,
    pub(super) maximum: u128,
    pub(super) cost: u128,
    pub(super) life: u64,
    pub(super) wrong_key: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Advance(u64),
    SetActive { provider: u8, active: bool },
    Request(RequestOp),
    Redeem { who: u8, claims: Vec<ClaimSpec> },
    Report(ReportSpec),
    Call { who: u8, call: Act },
}

pub(super) fn by_number(number: u64) -> AccountId {
    account(u8::try_from(number).unwrap())
}

/// A voucher of the model as the pallet knows it.
pub(super) fn for_pallet(voucher: &model::Voucher) -> Voucher {
    Voucher {
        channel: voucher.channel,
        session: voucher.session,
        lane: voucher.lane,
        nonce: voucher.nonce,
        service: voucher.service,
        paid: voucher.paid,
        maximum: voucher.maximum,
        request: [7; 32],
        expires: voucher.expires,
    }
}

fn grant_for_pallet(grant: &model::Grant) -> GrantOf<Test> {
    Grant {
        key: key(u8::try_from(grant.key).unwrap()),
        scope: grant
            .service
            .map_or(ChannelScope::Any, ChannelScope::Service),
        limits: Limits {
            per_use: grant.per_use,
            total: grant.total,
        },
        expires: grant.expires,
    }
}

/// Stands for the payer of the channel that a call is about.
const ITS_PAYER: u8 = 0;

impl Act {
    /// The channel that the call is about.
    fn channel(&self) -> Option<u64> {
        match self {
            Self::TopUp { channel, .. }
            | Self::Grant { channel, .. }
            | Self::Revoke { channel, .. }
            | Self::DropSession { channel, .. }
            | Self::Close { channel }
            | Self::Settle { channel }
            | Self::Remove { channel } => Some(*channel),
            _ => None,
        }
    }

    /// Who makes the call.
    pub(super) fn caller(&self, who: u8, model: &Model) -> u8 {
        let channel = self
            .channel()
            .and_then(|channel| model.channels.get(&channel));
        match channel {
            Some(channel) if who == ITS_PAYER => u8::try_from(channel.payer).unwrap(),
            None if who == ITS_PAYER => ALICE,
            _ => who,
        }
    }

    /// The name of the call.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Announce { .. } => "announce",
            Self::SetKey { .. } => "set_key",
            Self::Retire { .. } => "retire",
            Self::Deposit { .. } => "deposit",
            Self::Withdraw { .. } => "withdraw",
            Self::Open { .. } => "open",
            Self::TopUp { .. } => "top_up",
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::DropSession { .. } => "drop_session",
            Self::Close { .. } => "close",
            Self::Settle { .. } => "settle",
            Self::Remove { .. } => "remove",
            Self::Forget { .. } => "forget",
        }
    }

    pub(super) fn for_pallet(&self) -> Call<Test> {
        match self.clone() {
            Self::Announce { key: number } => Call::announce {
                descriptor: descriptor(),
                key: key(number),
            },
            Self::SetKey {
                service,
                key: number,
            } => Call::set_key {
                service,
                key: key(number),
            },
            Self::Retire { service } => Call::retire { service },
            Self::Deposit { amount } => Call::deposit { amount },
            Self::Withdraw { amount } => Call::withdraw { amount },
            Self::Open {
                service,
                cap,
                lanes,
                grant,
            } => Call::open {
                service,
                cap,
                lanes,
                grant: grant_for_pallet(&grant),
            },
            Self::TopUp { channel, amount } => Call::top_up { channel, amount },
            Self::Grant {
                channel,
                lanes,
                grant,
            } => Call::grant {
                channel,
                lanes,
                grant: grant_for_pallet(&grant),
            },
            Self::Revoke { channel, session } => Call::revoke { channel, session },
            Self::DropSession { channel, session } => Call::drop_session { channel, session },
            Self::Close { channel } => Call::close { channel },
            Self::Settle { channel } => Call::settle { channel },
            Self::Remove { channel } => Call::remove { channel },
            Self::Forget { provider } => Call::forget {
                provider: account(provider),
            },
        }
    }

    pub(super) fn on_model(&self, model: &mut Model, who: u64) -> Result<(), model::Error> {
        match self.clone() {
            Self::Announce { key } => model.announce(who, key.into()),
            Self::SetKey { service, key } => model.set_key(who, service, key.into()),
            Self::Retire { service } => model.retire(who, service),
            Self::Deposit { amount } => model.deposit(who, amount),
            Self::Withdraw { amount } => model.withdraw(who, amount),
            Self::Open {
                service,
                cap,
                lanes,
                grant,
            } => model.open(who, service, cap, lanes, grant),
            Self::TopUp { channel, amount } => model.top_up(who, channel, amount),
            Self::Grant {
                channel,
                lanes,
                grant,
            } => model.grant(who, channel, lanes, grant),
            Self::Revoke { channel, session } => model.revoke(who, channel, session),
            Self::DropSession { channel, session } => model.drop_session(who, channel, session),
            Self::Close { channel } => model.close(who, channel),
            Self::Settle { channel } => model.settle(channel),
            Self::Remove { channel } => model.remove(who, channel),
            Self::Forget { provider } => model.forget(who, provider.into()),
        }
    }
}

/// A service of each provider and a channel of each payer, so that there is something to happen.
pub(super) fn beginning() -> Vec<Op> {
    let grant = |key| model::Grant {
        key,
        service: None,
        per_use: 500,
        total: 3_000,
        expires: u64::MAX,
    };
    let call = |who, call| Op::Call { who, call };
    let open = |service, grant| Act::Open {
        service,
        cap: 2_000,
        lanes: 2,
        grant,
    };
    vec![
        call(
            PROVIDER,
            Act::Announce {
                key: service_key(PROVIDER),
            },
        ),
        call(
            RIVAL,
            Act::Announce {
                key: service_key(RIVAL),
            },
        ),
        call(ALICE, open(0, grant(50))),
        call(BOB, open(1, grant(51))),
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
    let scope = prop::option::of(0..3u64);
    (50..54u64, scope, 0..600u128, 100..1_500u128, 900..3_000u64).prop_map(
        |(key, service, per_use, total, expires)| model::Grant {
            key,
            service,
            per_use,
            total,
            expires,
        },
    )
}

fn any_act() -> impl Strategy<Value = (u8, Act)> {
    let channel = || 0..4u64;
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
        2 => (party(), channel()).prop_map(|(who, channel)| (who, Act::Close { channel })),
        3 => (party(), channel()).prop_map(|(who, channel)| (who, Act::Settle { channel })),
        2 => (party(), channel()).prop_map(|(who, channel)| (who, Act::Remove { channel })),
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
    )
        .prop_map(|(lane, maximum, cost, life, wrong_key)| RequestOp {
            lane,
            maximum,
            cost,
            life,
            wrong_key,
        })
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
    (any_lane(), back, amount, tamper).prop_map(|(lane, back, amount, tamper)| ClaimSpec {
        lane,
        back,
        amount,
        tamper,
    })
}

pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let ticks = prop_oneof![4 => 0..20u64, 2 => 20..60u64, 1 => 60..300u64];
    let redeemer = prop_oneof![4 => provider(), 2 => Just(operator_of(PROVIDER)), 1 => anybody()];
    let back = prop_oneof![3 => Just(0_usize), 2 => 1..3_usize];
    prop_oneof![
        2 => ticks.prop_map(Op::Advance),
        1 => (provider(), prop::bool::weighted(0.8)).prop_map(|(provider, active)| Op::SetActive { provider, active }),
        8 => any_request().prop_map(Op::Request),
        6 => (redeemer, prop::collection::vec(any_claim(), 1..5))
            .prop_map(|(who, claims)| Op::Redeem { who, claims }),
        3 => (any_lane(), back, prop::bool::weighted(0.2))
            .prop_map(|(lane, back, lowered)| Op::Report(ReportSpec { lane, back, lowered })),
        7 => any_act().prop_map(|(who, call)| Op::Call { who, call }),
    ]
}
