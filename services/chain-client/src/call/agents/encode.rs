//! Calls about agents in SCALE, and what they are made of as the runtime has it.

use codec::Encode;
use noema_agents_primitives::{Commitment, ServiceEndpoint, UsageScope};
use subxt::utils::AccountId32;

use super::{AgentCall, AgentGrant, AgentPlan};
use crate::{
    agents::WalletSignature,
    call::{encode, Arguments, BoundedVec, Call, EncodedCall},
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            noema_agents_primitives::{
                data::{Commitment as ChainCommitment, SealedFor as ChainSealed},
                endpoints::{ServiceEndpoint as ChainEndpoint, ServiceKind as ChainKind},
                scope::{CallId as ChainCallId, Scope as ChainScope, UsageScope as ChainUsage},
            },
            noema_session::{
                allowance::Allowance as ChainAllowance,
                grant::{Grant as ChainGrant, Limits as ChainLimits},
            },
            pallet_noema_agents::types::{Opinion as ChainOpinion, Tags as ChainTags},
            sp_runtime::MultiSignature,
        },
    },
    state::StateAt,
    types::{AccountId, Balance, Tick},
};

impl AgentCall {
    /// The call in SCALE for the runtime at `state`.
    pub(in crate::call) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
        let agents = runtime::tx().agents();
        let account = |account: &AccountId| AccountId32::from(*account);
        match self {
            Self::Register { file, endpoints } => {
                let endpoints = BoundedVec(endpoints.iter().map(ChainEndpoint::from).collect());
                let call = agents.register(file.map(|file| file.0), endpoints);
                encode(state, call.unvalidated())
            }
            Self::SetMetadata { agent, key, value } => {
                let (key, value) = (BoundedVec(key.clone()), value.clone().map(BoundedVec));
                let call = agents.set_metadata(*agent, key, value);
                encode(state, call.unvalidated())
            }
            Self::BindWallet {
                agent,
                wallet,
                deadline,
                signature,
            } => {
                let call = agents.bind_wallet(*agent, account(wallet), *deadline, signature.into());
                encode(state, call.unvalidated())
            }
            Self::UnbindWallet { agent } => {
                encode(state, agents.unbind_wallet(*agent).unvalidated())
            }
            Self::Offer { agent, to } => {
                let call = agents.offer(*agent, to.as_ref().map(account));
                encode(state, call.unvalidated())
            }
            Self::Transfer { agent, to } => {
                encode(state, agents.transfer(*agent, account(to)).unvalidated())
            }
            Self::Burn { agent } => encode(state, agents.burn(*agent).unvalidated()),
            Self::Withdraw { agent, amount } => {
                encode(state, agents.withdraw(*agent, *amount).unvalidated())
            }
            Self::CommitData {
                agent,
                description,
                commitment,
            } => {
                let description = BoundedVec(description.clone());
                let call = agents.commit_data(*agent, description, commitment.into());
                encode(state, call.unvalidated())
            }
            Self::UpdateData {
                agent,
                index,
                commitment,
            } => {
                let call = agents.update_data(*agent, *index, commitment.into());
                encode(state, call.unvalidated())
            }
            Self::DropData { agent, index } => {
                encode(state, agents.drop_data(*agent, *index).unvalidated())
            }
            Self::StageData {
                agent,
                index,
                commitment,
            } => {
                let call = agents.stage_data(*agent, *index, commitment.into());
                encode(state, call.unvalidated())
            }
            Self::UnstageData { agent, index } => {
                encode(state, agents.unstage_data(*agent, *index).unvalidated())
            }
            Self::AuthorizeUsage {
                agent,
                user,
                scope,
                expires,
                count,
            } => {
                let scope = ChainUsage::from(*scope);
                let call = agents.authorize_usage(*agent, account(user), scope, *expires, *count);
                encode(state, call.unvalidated())
            }
            Self::RevokeUsage { agent, user } => {
                let call = agents.revoke_usage(*agent, account(user));
                encode(state, call.unvalidated())
            }
            Self::GrantSession { agent, grant } => {
                let allowance = ChainAllowance {
                    period: grant.allowance.period,
                    most: grant.allowance.most,
                };
                let call = agents.grant_session(*agent, grant.into(), allowance);
                encode(state, call.unvalidated())
            }
            Self::RevokeSession { agent, session } => {
                let call = agents.revoke_session(*agent, *session);
                encode(state, call.unvalidated())
            }
            Self::Act { agent, call } => carried("act", agent, call, &(), state),
            Self::ActByOwner { agent, call } => carried("act_by_owner", agent, call, &(), state),
            Self::Schedule {
                agent,
                session,
                call,
                plan,
            } => carried("schedule", &(agent, session), call, &plan.fields(), state),
            Self::Cancel { agent, schedule } => {
                encode(state, agents.cancel(*agent, *schedule).unvalidated())
            }
            Self::Run {
                agent,
                schedule,
                call,
            } => carried("run", &(agent, schedule), call, &(), state),
            Self::AddTag { agent, tag } => {
                let call = agents.add_tag(*agent, BoundedVec(tag.clone()));
                encode(state, call.unvalidated())
            }
            Self::Feedback {
                agent,
                amount,
                value,
                tags,
                wallet,
            } => {
                let mut tags = tags.iter().cloned().map(BoundedVec);
                let tags = match (tags.next(), tags.next()) {
                    (None, _) => ChainTags::None,
                    (Some(one), None) => ChainTags::One(one),
                    (Some(first), Some(second)) => ChainTags::Two(first, second),
                };
                let opinion = ChainOpinion {
                    value: *value,
                    tags,
                    content: None,
                };
                let wallet = wallet.as_ref().map(account);
                let call = agents.feedback(*agent, *amount, opinion, wallet);
                encode(state, call.unvalidated())
            }
            Self::RevokeFeedback { agent, feedback } => {
                let call = agents.revoke_feedback(*agent, *feedback);
                encode(state, call.unvalidated())
            }
        }
    }
}

/// A call one of whose arguments is a call, as that is encoded by itself.
fn carried(
    name: &str,
    before: &impl Encode,
    call: &Call,
    after: &impl Encode,
    state: &StateAt,
) -> Result<Vec<u8>, ChainError> {
    let mut arguments = before.encode();
    arguments.extend(call.encode(state)?);
    after.encode_to(&mut arguments);
    encode(
        state,
        EncodedCall {
            pallet: "Agents".into(),
            call: name.into(),
            arguments: Arguments(arguments),
        },
    )
}

impl AgentPlan {
    /// In the order in which the runtime has them.
    const fn fields(&self) -> (Tick, Tick, u32, Balance) {
        (self.due, self.every, self.times, self.reward)
    }
}

impl From<&WalletSignature> for MultiSignature {
    fn from(signature: &WalletSignature) -> Self {
        match signature {
            WalletSignature::Ed25519(bytes) => Self::Ed25519(*bytes),
            WalletSignature::Sr25519(bytes) => Self::Sr25519(*bytes),
            WalletSignature::Ecdsa(bytes) => Self::Ecdsa(*bytes),
            WalletSignature::Eth(bytes) => Self::Eth(*bytes),
        }
    }
}

impl From<&ServiceEndpoint> for ChainEndpoint {
    fn from(endpoint: &ServiceEndpoint) -> Self {
        use noema_agents_primitives::ServiceKind;
        Self {
            kind: match endpoint.kind {
                ServiceKind::A2a => ChainKind::A2a,
                ServiceKind::Mcp => ChainKind::Mcp,
                ServiceKind::OpenAi => ChainKind::OpenAi,
                ServiceKind::Web => ChainKind::Web,
            },
            url: BoundedVec(endpoint.url.to_vec()),
        }
    }
}

impl From<&Commitment<AccountId>> for ChainCommitment<AccountId32> {
    fn from(commitment: &Commitment<AccountId>) -> Self {
        let sealed = commitment.holders.iter().map(|sealed| ChainSealed {
            holder: sealed.holder.into(),
            key: BoundedVec(sealed.key.to_vec()),
        });
        Self {
            hash: commitment.hash,
            file: commitment.file,
            holders: BoundedVec(sealed.collect()),
        }
    }
}

impl From<UsageScope> for ChainUsage {
    fn from(scope: UsageScope) -> Self {
        use noema_agents_primitives::ServiceKind;
        match scope {
            UsageScope::All => Self::All,
            UsageScope::Data(index) => Self::Data(index),
            UsageScope::Service(kind) => Self::Service(match kind {
                ServiceKind::A2a => ChainKind::A2a,
                ServiceKind::Mcp => ChainKind::Mcp,
                ServiceKind::OpenAi => ChainKind::OpenAi,
                ServiceKind::Web => ChainKind::Web,
            }),
        }
    }
}

impl From<&AgentGrant> for ChainGrant<AccountId32, ChainScope> {
    fn from(grant: &AgentGrant) -> Self {
        let calls = grant.calls.iter().map(|call| ChainCallId {
            pallet: call.pallet,
            call: call.call,
        });
        Self {
            key: grant.key.into(),
            scope: ChainScope {
                calls: BoundedVec(calls.collect()),
            },
            limits: ChainLimits {
                per_use: grant.limits.per_use,
                total: grant.limits.total,
            },
            expires: grant.expires,
        }
    }
}
