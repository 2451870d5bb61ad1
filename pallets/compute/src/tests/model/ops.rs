//! What can happen, and how each side is told.

use super::*;
use noema_compute_primitives::Voucher;
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

/// Who signs the demand.
#[derive(Clone, Copy, Debug)]
pub(super) enum DemandSpec {
    Nobody,
    TheKey,
    AnotherKey,
}

/// A claim: with the voucher of the request that is so many before the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimSpec {
    pub(super) lane: At,
    pub(super) back: usize,
    pub(super) amount: Amount,
    pub(super) tamper: Tamper,
    pub(super) demand: DemandSpec,
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
    pub(super) wrong_service: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Advance(u64),
    SetActive { provider: u8, active: bool },
    Unbond { provider: u8, amount: u128 },
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
        price: PRICE,
    }
}

fn grant_for_pallet(grant: &model::Grant) -> GrantOf<Test> {
    Grant {
        key: key(u8::try_from(grant.key).unwrap()),
        scope: (),
        limits: Limits {
            per_use: grant.per_use,
            total: grant.total,
        },
        expires: grant.expires,
    }
}

/// Stands for the payer of the channel that a call is about.
pub(super) const ITS_PAYER: u8 = 0;

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
