//! What can happen, and how each side is told.

use super::*;
use noema_agents_primitives::{Key, Tag, UsageScope};
use noema_models::agents::{Consent, Inner, Kind, Plan, SignedAct};

/// Stands for the owner of the agent that a call is about; for data that are staged, for whom it is offered to.
pub(super) const ITS_OWNER: u64 = 0;

/// A call.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Register,
    SetFile {
        agent: u64,
        file: Option<u8>,
    },
    SetEndpoints {
        agent: u64,
        some: bool,
    },
    SetMetadata {
        agent: u64,
        key: u8,
        value: Option<usize>,
    },
    BindWallet {
        agent: u64,
        wallet: u64,
        ahead: u64,
        signer: u64,
        old: bool,
    },
    UnbindWallet {
        agent: u64,
    },
    Offer {
        agent: u64,
        to: Option<u64>,
    },
    Transfer {
        agent: u64,
        to: u64,
    },
    Burn {
        agent: u64,
    },
    Withdraw {
        agent: u64,
        amount: u128,
    },
    CommitData {
        agent: u64,
        data: model::Data,
    },
    UpdateData {
        agent: u64,
        index: u32,
        data: model::Data,
    },
    DropData {
        agent: u64,
        index: u32,
    },
    StageData {
        agent: u64,
        index: u32,
        data: model::Data,
    },
    UnstageData {
        agent: u64,
        index: u32,
    },
    AuthorizeUsage {
        agent: u64,
        user: u64,
        data: Option<u32>,
        ahead: u64,
        count: u32,
    },
    RevokeUsage {
        agent: u64,
        user: u64,
    },
    Exercise {
        agent: u64,
        data: Option<u32>,
    },
    GrantSession {
        agent: u64,
        grant: model::Grant,
        ahead: u64,
    },
    RevokeSession {
        agent: u64,
        session: u32,
    },
    Act {
        agent: u64,
        call: Inner,
    },
    ActSigned {
        agent: u64,
        session: u32,
        call: Inner,
        ahead: u64,
        replay: bool,
        wrong_key: bool,
    },
    ActByOwner {
        agent: u64,
        call: Inner,
    },
    Schedule {
        agent: u64,
        session: u32,
        call: Inner,
        plan: Plan,
    },
    Cancel {
        agent: u64,
        schedule: u32,
    },
    Run {
        agent: u64,
        schedule: u32,
        call: Option<Inner>,
    },
    AddTag {
        agent: u64,
        tag: u8,
    },
    Pay {
        to: u64,
        amount: u128,
    },
    Feedback {
        agent: u64,
        amount: u128,
        value: u16,
        tag: Option<u8>,
        wallet: Option<u64>,
    },
    RevokeFeedback {
        agent: u64,
        feedback: u64,
    },
    Respond {
        agent: u64,
        feedback: u64,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Advance(u64),
    Call { who: u64, call: Deed },
}

/// An account of the model as the pallet knows it.
pub(super) fn person(number: u64) -> AccountId {
    match number {
        51..=53 => key(u8::try_from(number).unwrap()),
        1_000.. => account_of(number - model::FIRST_ACCOUNT),
        _ => account(u8::try_from(number).unwrap()),
    }
}

pub(super) fn metadata_key(key: u8) -> Key {
    vec![b'a' + key].try_into().unwrap()
}

pub(super) fn tag_of(tag: u8) -> Tag {
    vec![b'a' + tag].try_into().unwrap()
}

pub(super) fn data_for_pallet(data: &model::Data) -> crate::CommitmentOf<Test> {
    let mut commitment = commitment(data.hash, &vec![1; data.holders.len()]);
    for (sealed, holder) in commitment.holders.iter_mut().zip(&data.holders) {
        sealed.holder = person(*holder);
    }
    commitment
}

pub(super) fn answer() -> crate::Reference {
    crate::Reference {
        hash: [7; 32],
        file: None,
    }
}

pub(super) fn tags(tag: Option<u8>) -> crate::Tags {
    tag.map_or(crate::Tags::None, |tag| crate::Tags::One(tag_of(tag)))
}

pub(super) fn opinion(value: u16, tag: Option<u8>) -> crate::Opinion {
    crate::Opinion {
        tags: tags(tag),
        ..rating(value)
    }
}

pub(super) fn usage_scope(data: Option<u32>) -> UsageScope {
    data.map_or(UsageScope::All, UsageScope::Data)
}

impl Deed {
    /// The agent that the call is about.
    fn agent(&self) -> u64 {
        match self {
            Self::Register | Self::Pay { .. } => u64::MAX,
            Self::SetFile { agent, .. }
            | Self::SetEndpoints { agent, .. }
            | Self::SetMetadata { agent, .. }
            | Self::BindWallet { agent, .. }
            | Self::UnbindWallet { agent }
            | Self::Offer { agent, .. }
            | Self::Transfer { agent, .. }
            | Self::Burn { agent }
            | Self::Withdraw { agent, .. }
            | Self::CommitData { agent, .. }
            | Self::UpdateData { agent, .. }
            | Self::DropData { agent, .. }
            | Self::StageData { agent, .. }
            | Self::UnstageData { agent, .. }
            | Self::AuthorizeUsage { agent, .. }
            | Self::RevokeUsage { agent, .. }
            | Self::Exercise { agent, .. }
            | Self::GrantSession { agent, .. }
            | Self::RevokeSession { agent, .. }
            | Self::Act { agent, .. }
            | Self::ActSigned { agent, .. }
            | Self::ActByOwner { agent, .. }
            | Self::Schedule { agent, .. }
            | Self::Cancel { agent, .. }
            | Self::Run { agent, .. }
            | Self::AddTag { agent, .. }
            | Self::Feedback { agent, .. }
            | Self::RevokeFeedback { agent, .. }
            | Self::Respond { agent, .. } => *agent,
        }
    }

    /// Who makes the call.
    pub(super) fn caller(&self, who: u64, model: &Model) -> u64 {
        if who != ITS_OWNER {
            return who;
        }
        let agent = model.agents.get(&self.agent());
        match (self, agent) {
            (Self::StageData { .. } | Self::UnstageData { .. }, Some(agent)) => {
                agent.offered.unwrap_or(2)
            }
            (_, Some(agent)) => agent.owner,
            (_, None) => 1,
        }
    }

    /// The name of the call.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SetFile { .. } => "set_file",
            Self::SetEndpoints { .. } => "set_endpoints",
            Self::SetMetadata { .. } => "set_metadata",
            Self::BindWallet { .. } => "bind_wallet",
            Self::UnbindWallet { .. } => "unbind_wallet",
            Self::Offer { .. } => "offer",
            Self::Transfer { .. } => "transfer",
            Self::Burn { .. } => "burn",
            Self::Withdraw { .. } => "withdraw",
            Self::CommitData { .. } => "commit_data",
            Self::UpdateData { .. } => "update_data",
            Self::DropData { .. } => "drop_data",
            Self::StageData { .. } => "stage_data",
            Self::UnstageData { .. } => "unstage_data",
            Self::AuthorizeUsage { .. } => "authorize_usage",
            Self::RevokeUsage { .. } => "revoke_usage",
            Self::Exercise { .. } => "exercise",
            Self::GrantSession { .. } => "grant_session",
            Self::RevokeSession { .. } => "revoke_session",
            Self::Act { .. } => "act",
            Self::ActSigned { .. } => "act_signed",
            Self::ActByOwner { .. } => "act_by_owner",
            Self::Schedule { .. } => "schedule",
            Self::Cancel { .. } => "cancel",
            Self::Run { .. } => "run",
            Self::AddTag { .. } => "add_tag",
            Self::Pay { .. } => "pay",
            Self::Feedback { .. } => "feedback",
            Self::RevokeFeedback { .. } => "revoke_feedback",
            Self::Respond { .. } => "respond",
        }
    }

    /// What is called in an agent's name, if anything is.
    pub(super) fn inner_kind(&self) -> Option<Kind> {
        match self {
            Self::Act { call, .. }
            | Self::ActSigned { call, .. }
            | Self::ActByOwner { call, .. } => call.leaf().map(|(kind, _)| kind),
            _ => None,
        }
    }

    /// What the wallet signed, and for what time.
    pub(super) fn consent(&self, who: u64, model: &Model) -> Option<(Consent, u64)> {
        let Self::BindWallet {
            agent,
            wallet,
            ahead,
            signer,
            old,
        } = *self
        else {
            return None;
        };
        let bindings = model.agents.get(&agent).map_or(0, |record| record.bindings);
        let deadline = model.now + ahead;
        let consent = Consent {
            agent,
            owner: who,
            wallet,
            nonce: bindings.saturating_sub(old.into()),
            deadline,
            signer,
        };
        Some((consent, deadline))
    }

    /// What the key of a session signed, and by which key.
    pub(super) fn signed_act(&self, model: &Model) -> Option<(SignedAct, u64)> {
        let Self::ActSigned {
            agent,
            session,
            ahead,
            replay,
            wrong_key,
            ..
        } = *self
        else {
            return None;
        };
        let record = model
            .agents
            .get(&agent)
            .and_then(|record| record.sessions.get(&session));
        let (nonce, key) = record.map_or((0, 53), |record| (record.nonce, record.grant.key));
        // People sign transactions only: their accounts are not those of the pairs with their numbers.
        let signs = !wrong_key && (51..=53).contains(&key);
        let signer = if signs { key } else { 77 };
        let act = SignedAct {
            agent,
            session,
            nonce: nonce.saturating_sub(replay.into()),
            expires: model.now + ahead,
            signer: Some(signer),
        };
        Some((act, signer))
    }
}
