//! Calls of the compute market: offering services, paying for requests, claiming what is owed.

use noema_compute_primitives::{
    ChannelId, Descriptor, LaneId, Price, ServiceId, ServiceKind, SessionId, VerificationMode,
};
use noema_session::Grant;
use subxt::utils::AccountId32;

use super::{encode, BoundedVec};
use crate::{
    compute::{Claim, SignedReceipt},
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            noema_compute_primitives::{
                price::{Price as ChainPrice, Usage as ChainUsage},
                receipt::Receipt as ChainReceipt,
                service::{Descriptor as ChainDescriptor, ServiceKind as ChainKind},
                verification::VerificationMode as ChainMode,
                voucher::Voucher as ChainVoucher,
            },
            noema_session::grant::{Grant as ChainGrant, Limits as ChainLimits},
            pallet_noema_compute::types::Claim as ChainClaim,
            sp_runtime::MultiSignature,
        },
    },
    state::StateAt,
    types::{AccountId, Balance},
};

/// A call of the compute market.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComputeCall {
    /// Offers a service (bonded account).
    Announce {
        /// What it is.
        descriptor: Descriptor,
        /// The key that signs its receipts.
        key: AccountId,
    },
    /// Says where the gateway answers (bonded account or operator key).
    SetEndpoint {
        /// The service.
        service: ServiceId,
        /// As for providers.
        endpoint: String,
    },
    /// Says how many requests it answers in parallel (bonded account or operator key).
    SetCapacity {
        /// The service.
        service: ServiceId,
        /// At least one.
        capacity: u32,
    },
    /// Announces a price (bonded account).
    SetPrice {
        /// The service.
        service: ServiceId,
        /// Of what the kind of service counts.
        price: Price,
    },
    /// Has receipts signed by another key, in channels to come (bonded account).
    SetKey {
        /// The service.
        service: ServiceId,
        /// The key.
        key: AccountId,
    },
    /// Takes a service off the market.
    Retire {
        /// The service.
        service: ServiceId,
    },
    /// Puts into the caller's purse.
    Deposit {
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Takes out of the caller's purse what no channel has reserved.
    Withdraw {
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Opens a channel with its first session.
    Open {
        /// The service that it pays for.
        service: ServiceId,
        /// What is reserved, in the smallest unit.
        cap: Balance,
        /// Requests at a time.
        lanes: LaneId,
        /// The key that signs vouchers, and what it may spend.
        grant: Grant<AccountId, ()>,
    },
    /// Reserves more for a channel of the caller.
    TopUp {
        /// The channel.
        channel: ChannelId,
        /// How much more, in the smallest unit.
        amount: Balance,
    },
    /// Lets another key sign vouchers of a channel of the caller.
    Grant {
        /// The channel.
        channel: ChannelId,
        /// Requests at a time.
        lanes: LaneId,
        /// The key, and what it may spend.
        grant: Grant<AccountId, ()>,
    },
    /// Takes a key's right away, after the lock.
    Revoke {
        /// The channel.
        channel: ChannelId,
        /// The session of the key.
        session: SessionId,
    },
    /// Removes a session that is over.
    DropSession {
        /// The channel.
        channel: ChannelId,
        /// The session.
        session: SessionId,
    },
    /// Claims what lanes owe (bonded account, or operator key with demands).
    Redeem {
        /// At most [`crate::ComputeLimits::max_claims`].
        claims: Vec<Claim>,
    },
    /// Ends a channel: after the lock when the payer says so, at once when the provider does.
    Close {
        /// The channel.
        channel: ChannelId,
    },
    /// Settles a closing channel whose lock is over, for anyone.
    Settle {
        /// The channel.
        channel: ChannelId,
    },
    /// Removes a settled channel.
    Remove {
        /// The channel.
        channel: ChannelId,
    },
    /// Shows that a provider redeemed more than its own receipt says, for anyone. Free when at least the smallest slash is taken.
    Report {
        /// The receipt with the provider's signature.
        receipt: SignedReceipt,
    },
    /// Removes the record of what was paid to a provider.
    Forget {
        /// The provider.
        provider: AccountId,
    },
}

impl ComputeCall {
    /// The call in SCALE for the runtime at `state`.
    pub(super) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
        let compute = runtime::tx().compute();
        let account = |account: &AccountId| AccountId32::from(*account);
        match self {
            Self::Announce { descriptor, key } => {
                let call = compute.announce(descriptor.into(), account(key));
                encode(state, call.unvalidated())
            }
            Self::SetEndpoint { service, endpoint } => {
                let endpoint = BoundedVec(endpoint.clone().into_bytes());
                let call = compute.set_endpoint(*service, endpoint);
                encode(state, call.unvalidated())
            }
            Self::SetCapacity { service, capacity } => {
                let call = compute.set_capacity(*service, *capacity);
                encode(state, call.unvalidated())
            }
            Self::SetPrice { service, price } => {
                let call = compute.set_price(*service, price.into());
                encode(state, call.unvalidated())
            }
            Self::SetKey { service, key } => {
                encode(state, compute.set_key(*service, account(key)).unvalidated())
            }
            Self::Retire { service } => encode(state, compute.retire(*service).unvalidated()),
            Self::Deposit { amount } => encode(state, compute.deposit(*amount).unvalidated()),
            Self::Withdraw { amount } => encode(state, compute.withdraw(*amount).unvalidated()),
            Self::Open {
                service,
                cap,
                lanes,
                grant,
            } => {
                let call = compute.open(*service, *cap, *lanes, grant.into());
                encode(state, call.unvalidated())
            }
            Self::TopUp { channel, amount } => {
                encode(state, compute.top_up(*channel, *amount).unvalidated())
            }
            Self::Grant {
                channel,
                lanes,
                grant,
            } => {
                let call = compute.grant(*channel, *lanes, grant.into());
                encode(state, call.unvalidated())
            }
            Self::Revoke { channel, session } => {
                encode(state, compute.revoke(*channel, *session).unvalidated())
            }
            Self::DropSession { channel, session } => {
                let call = compute.drop_session(*channel, *session);
                encode(state, call.unvalidated())
            }
            Self::Redeem { claims } => {
                let claims = BoundedVec(claims.iter().map(ChainClaim::from).collect());
                encode(state, compute.redeem(claims).unvalidated())
            }
            Self::Close { channel } => encode(state, compute.close(*channel).unvalidated()),
            Self::Settle { channel } => encode(state, compute.settle(*channel).unvalidated()),
            Self::Remove { channel } => encode(state, compute.remove(*channel).unvalidated()),
            Self::Report { receipt } => {
                let signature = MultiSignature::Sr25519(receipt.signature.bytes());
                let call = compute.report((&receipt.receipt).into(), signature);
                encode(state, call.unvalidated())
            }
            Self::Forget { provider } => {
                encode(state, compute.forget(account(provider)).unvalidated())
            }
        }
    }
}

impl From<&Claim> for ChainClaim<MultiSignature> {
    fn from(claim: &Claim) -> Self {
        Self {
            voucher: (&claim.voucher.voucher).into(),
            amount: claim.amount,
            signature: MultiSignature::Sr25519(claim.voucher.signature.bytes()),
            demand: claim
                .demand
                .map(|demand| MultiSignature::Sr25519(demand.bytes())),
        }
    }
}

impl From<&Descriptor> for ChainDescriptor {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            kind: descriptor.kind.into(),
            model: BoundedVec(descriptor.model.to_vec()),
            weights: descriptor.weights,
            endpoint: BoundedVec(descriptor.endpoint.to_vec()),
            price: (&descriptor.price).into(),
            verification: descriptor.verification.into(),
            capacity: descriptor.capacity,
        }
    }
}

impl From<ServiceKind> for ChainKind {
    fn from(kind: ServiceKind) -> Self {
        match kind {
            ServiceKind::Chat => Self::Chat,
            ServiceKind::Embedding => Self::Embedding,
            ServiceKind::Image => Self::Image,
            ServiceKind::Speech => Self::Speech,
            ServiceKind::Job => Self::Job,
        }
    }
}

impl From<VerificationMode> for ChainMode {
    fn from(mode: VerificationMode) -> Self {
        match mode {
            VerificationMode::None => Self::None,
        }
    }
}

impl From<&Price> for ChainPrice {
    fn from(price: &Price) -> Self {
        match *price {
            Price::Tokens {
                input,
                cached,
                output,
            } => Self::Tokens {
                input,
                cached,
                output,
            },
            Price::Units { unit } => Self::Units { unit },
        }
    }
}

impl From<&Grant<AccountId, ()>> for ChainGrant<AccountId32, ()> {
    fn from(grant: &Grant<AccountId, ()>) -> Self {
        Self {
            key: grant.key.into(),
            scope: (),
            limits: ChainLimits {
                per_use: grant.limits.per_use,
                total: grant.limits.total,
            },
            expires: grant.expires,
        }
    }
}

impl From<&noema_compute_primitives::Voucher> for ChainVoucher {
    fn from(voucher: &noema_compute_primitives::Voucher) -> Self {
        Self {
            channel: voucher.channel,
            session: voucher.session,
            lane: voucher.lane,
            nonce: voucher.nonce,
            service: voucher.service,
            paid: voucher.paid,
            maximum: voucher.maximum,
            request: voucher.request,
            expires: voucher.expires,
            price: (&voucher.price).into(),
        }
    }
}

impl From<&noema_compute_primitives::Receipt> for ChainReceipt {
    fn from(receipt: &noema_compute_primitives::Receipt) -> Self {
        use noema_compute_primitives::Usage;
        Self {
            channel: receipt.channel,
            session: receipt.session,
            lane: receipt.lane,
            nonce: receipt.nonce,
            service: receipt.service,
            request: receipt.request,
            response: receipt.response,
            response_bytes: receipt.response_bytes,
            model: BoundedVec(receipt.model.to_vec()),
            usage: match receipt.usage {
                Usage::Tokens {
                    input,
                    cached,
                    output,
                } => ChainUsage::Tokens {
                    input,
                    cached,
                    output,
                },
                Usage::Units { units } => ChainUsage::Units { units },
            },
            price: (&receipt.price).into(),
            amount: receipt.amount,
            cumulative: receipt.cumulative,
            time: receipt.time,
        }
    }
}
