//! Calls about agents: who they are, what they have committed to, who may use them, which keys act for them, and what others think of them.

use codec::Encode;
use noema_agents_primitives::{
    AgentId, CallId, Commitment, DataIndex, FeedbackId, ServiceEndpoint, SessionId, UsageScope,
};
use noema_session::{Allowance, Limits};
use subxt::utils::AccountId32;

use super::{encode, Arguments, BoundedVec, Call, EncodedCall};
use crate::{
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
        },
    },
    state::StateAt,
    types::{AccountId, Balance, FileId, Tick},
};

/// A key that is to act for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentGrant {
    /// The key.
    pub key: AccountId,
    /// The calls that it may make.
    pub calls: Vec<CallId>,
    /// What it may spend at once and in all.
    pub limits: Limits,
    /// What it may spend per period.
    pub allowance: Allowance,
    /// The first tick at which it may do nothing.
    pub expires: Tick,
}

/// A call about an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentCall {
    /// Registers an agent of the caller's.
    Register {
        /// Its registration file in storage.
        file: Option<FileId>,
        /// Where it answers.
        endpoints: Vec<ServiceEndpoint>,
    },
    /// Sets an entry of metadata, or removes it.
    SetMetadata {
        /// The agent.
        agent: AgentId,
        /// Which.
        key: Vec<u8>,
        /// What it says.
        value: Option<Vec<u8>>,
    },
    /// Lets an account stage data, so that the agent can be transferred to it; nobody any more, if none.
    Offer {
        /// The agent.
        agent: AgentId,
        /// To whom.
        to: Option<AccountId>,
    },
    /// Gives the agent to another owner.
    Transfer {
        /// The agent.
        agent: AgentId,
        /// To whom.
        to: AccountId,
    },
    /// Ends the agent.
    Burn {
        /// The agent.
        agent: AgentId,
    },
    /// Takes free money out of the agent's account.
    Withdraw {
        /// The agent.
        agent: AgentId,
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Commits to an encrypted file.
    CommitData {
        /// The agent.
        agent: AgentId,
        /// What it is.
        description: Vec<u8>,
        /// Its hash, and who can open it.
        commitment: Commitment<AccountId>,
    },
    /// Removes an entry of data.
    DropData {
        /// The agent.
        agent: AgentId,
        /// Which.
        index: DataIndex,
    },
    /// Commits to what takes the place of an entry of data with the transfer to the caller.
    StageData {
        /// The agent.
        agent: AgentId,
        /// Which.
        index: DataIndex,
        /// Its hash, and who can open it.
        commitment: Commitment<AccountId>,
    },
    /// Lets a user ask for something.
    AuthorizeUsage {
        /// The agent.
        agent: AgentId,
        /// Who.
        user: AccountId,
        /// For what.
        scope: UsageScope,
        /// The first tick at which it may not any more.
        expires: Tick,
        /// How often.
        count: u32,
    },
    /// Ends that.
    RevokeUsage {
        /// The agent.
        agent: AgentId,
        /// Who.
        user: AccountId,
    },
    /// Lets a key act.
    GrantSession {
        /// The agent.
        agent: AgentId,
        /// Which, and within which limits.
        grant: AgentGrant,
    },
    /// Ends a session.
    RevokeSession {
        /// The agent.
        agent: AgentId,
        /// Which.
        session: SessionId,
    },
    /// Makes a call in the agent's name, by the key of a session.
    Act {
        /// The agent.
        agent: AgentId,
        /// What.
        call: Box<Call>,
    },
    /// Makes a call in the agent's name, by its owner.
    ActByOwner {
        /// The agent.
        agent: AgentId,
        /// What.
        call: Box<Call>,
    },
    /// Lets the agent be rated under a tag.
    AddTag {
        /// The agent.
        agent: AgentId,
        /// Which.
        tag: Vec<u8>,
    },
    /// Rates an agent.
    Feedback {
        /// The agent.
        agent: AgentId,
        /// What of what was paid is consumed, in the smallest unit.
        amount: Balance,
        /// 0 to 10,000.
        value: u16,
        /// What about, at most two.
        tags: Vec<Vec<u8>>,
        /// To whom it was paid; where the agent is paid now, if none.
        wallet: Option<AccountId>,
    },
    /// Takes a rating back.
    RevokeFeedback {
        /// The agent.
        agent: AgentId,
        /// Which.
        feedback: FeedbackId,
    },
}

impl AgentCall {
    /// The call in SCALE for the runtime at `state`.
    pub(super) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
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
            Self::Act { agent, call } => carried("act", *agent, call, state),
            Self::ActByOwner { agent, call } => carried("act_by_owner", *agent, call, state),
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

/// A call whose arguments are an agent and a call, as that is encoded by itself.
fn carried(
    name: &str,
    agent: AgentId,
    call: &Call,
    state: &StateAt,
) -> Result<Vec<u8>, ChainError> {
    let mut arguments = agent.encode();
    arguments.extend(call.encode(state)?);
    encode(
        state,
        EncodedCall {
            pallet: "Agents".into(),
            call: name.into(),
            arguments: Arguments(arguments),
        },
    )
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
