//! What can happen, and how each side is told.

use super::*;
use codec::Encode;
use noema_agents_primitives::{Key, Scope, Tag, UsageScope, WalletBinding};
use noema_models::agents::{Consent, Inner, Kind, Plan, SignedAct};
use noema_session::{Allowance, Grant, Limits};

/// Stands for the owner of the agent that a call is about.
pub(super) const ITS_OWNER: u64 = 0;

/// A call.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Register,
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
    },
    RevokeFeedback {
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

fn data_for_pallet(data: &model::Data) -> crate::CommitmentOf<Test> {
    let mut commitment = commitment(data.hash, &vec![1; data.holders.len()]);
    for (sealed, holder) in commitment.holders.iter_mut().zip(&data.holders) {
        sealed.holder = person(*holder);
    }
    commitment
}

fn tags(tag: Option<u8>) -> crate::Tags {
    tag.map_or(crate::Tags::None, |tag| crate::Tags::One(tag_of(tag)))
}

fn opinion(value: u16, tag: Option<u8>) -> crate::Opinion {
    crate::Opinion {
        tags: tags(tag),
        ..rating(value)
    }
}

/// A call in an agent's name.
pub(super) fn inner(call: &Inner) -> RuntimeCall {
    match *call {
        Inner::Pay { to, amount } => pay_to(person(to), amount),
        Inner::Reserve(amount) => reserve(amount),
        Inner::Release(amount) => release(amount),
        Inner::Lie { declared, taken } => lie(declared, taken),
        Inner::Feedback {
            agent,
            amount,
            value,
            tag,
        } => crate::Call::feedback {
            agent,
            amount,
            opinion: opinion(value, tag),
        }
        .into(),
        Inner::NoLeaf => pallet_utility::Call::batch {
            calls: vec![pay(BOB, 1)],
        }
        .into(),
    }
}

fn kinds(calls: &BTreeSet<Kind>) -> Scope {
    let named = calls.iter().map(|kind| {
        let call = match kind {
            Kind::Pay => pay(BOB, 0),
            Kind::Reserve => reserve(0),
            Kind::Release => release(0),
            Kind::Lie => lie(0, 0),
            Kind::Feedback => crate::Call::feedback {
                agent: 0,
                amount: 0,
                opinion: rating(0),
            }
            .into(),
        };
        call_id(&call)
    });
    // Decoded, so that one of no calls can be tried.
    let encoded = named.collect::<Vec<_>>().encode();
    codec::Decode::decode(&mut encoded.as_slice()).unwrap()
}

fn usage_scope(data: Option<u32>) -> UsageScope {
    data.map_or(UsageScope::All, UsageScope::Data)
}

impl Deed {
    /// The agent that the call is about.
    fn agent(&self) -> u64 {
        match self {
            Self::Register | Self::Pay { .. } => u64::MAX,
            Self::SetMetadata { agent, .. }
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
            | Self::RevokeFeedback { agent, .. } => *agent,
        }
    }

    /// Who makes the call.
    pub(super) fn caller(&self, who: u64, model: &Model) -> u64 {
        if who != ITS_OWNER {
            return who;
        }
        let agent = model.agents.get(&self.agent());
        match (self, agent) {
            (Self::StageData { .. }, Some(agent)) => agent.offered.unwrap_or(2),
            (_, Some(agent)) => agent.owner,
            (_, None) => 1,
        }
    }

    /// The name of the call.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Register => "register",
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
        }
    }

    /// What the wallet signed, and for what time.
    fn consent(&self, who: u64, model: &Model) -> Option<(Consent, u64)> {
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
    fn signed_act(&self, model: &Model) -> Option<(SignedAct, u64)> {
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
        let signer = if wrong_key { 77 } else { key };
        let act = SignedAct {
            agent,
            session,
            nonce: nonce.saturating_sub(replay.into()),
            expires: model.now + ahead,
            signer: Some(signer),
        };
        Some((act, signer))
    }

    /// The call that is brought: the one that was scheduled, unless another one is to be tried.
    fn brought(call: Option<&Inner>, agent: u64, schedule: u32, model: &Model) -> Inner {
        let scheduled = model
            .agents
            .get(&agent)
            .and_then(|record| record.scheduled.get(&schedule));
        match (call, scheduled) {
            (None, Some(act)) => act.call,
            (Some(call), _) => *call,
            (None, None) => Inner::Reserve(1),
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each call")]
    pub(super) fn for_pallet(&self, who: u64, model: &Model) -> RuntimeCall {
        let now = Tick::get();
        let call: Call<Test> = match self.clone() {
            Self::Pay { to, amount } => return pay_to(person(to), amount),
            Self::Register => Call::register {
                file: None,
                endpoints: Default::default(),
            },
            Self::SetMetadata { agent, key, value } => Call::set_metadata {
                agent,
                key: metadata_key(key),
                value: value.map(|length| vec![7; length].try_into().unwrap()),
            },
            Self::BindWallet {
                agent,
                wallet,
                signer,
                ..
            } => {
                let (consent, deadline) = self.consent(who, model).unwrap();
                let binding = WalletBinding {
                    agent,
                    owner: person(consent.owner),
                    wallet: person(wallet),
                    nonce: consent.nonce,
                    deadline,
                };
                let payload = binding.payload(&Pallet::<Test>::genesis());
                Call::bind_wallet {
                    agent,
                    wallet: person(wallet),
                    deadline,
                    signature: sign(u8::try_from(signer).unwrap(), &payload),
                }
            }
            Self::UnbindWallet { agent } => Call::unbind_wallet { agent },
            Self::Offer { agent, to } => Call::offer {
                agent,
                to: to.map(person),
            },
            Self::Transfer { agent, to } => Call::transfer {
                agent,
                to: person(to),
            },
            Self::Burn { agent } => Call::burn { agent },
            Self::Withdraw { agent, amount } => Call::withdraw { agent, amount },
            Self::CommitData { agent, data } => Call::commit_data {
                agent,
                description: Default::default(),
                commitment: data_for_pallet(&data),
            },
            Self::UpdateData { agent, index, data } => Call::update_data {
                agent,
                index,
                commitment: data_for_pallet(&data),
            },
            Self::DropData { agent, index } => Call::drop_data { agent, index },
            Self::StageData { agent, index, data } => Call::stage_data {
                agent,
                index,
                commitment: data_for_pallet(&data),
            },
            Self::UnstageData { agent, index } => Call::unstage_data { agent, index },
            Self::AuthorizeUsage {
                agent,
                user,
                data,
                ahead,
                count,
            } => Call::authorize_usage {
                agent,
                user: person(user),
                scope: usage_scope(data),
                expires: now + ahead,
                count,
            },
            Self::RevokeUsage { agent, user } => Call::revoke_usage {
                agent,
                user: person(user),
            },
            Self::Exercise { agent, data } => Call::exercise {
                agent,
                wanted: usage_scope(data),
                request: [7; 32],
            },
            Self::GrantSession {
                agent,
                grant,
                ahead,
            } => Call::grant_session {
                agent,
                grant: Grant {
                    key: person(grant.key),
                    scope: kinds(&grant.calls),
                    limits: Limits {
                        per_use: grant.per_use,
                        total: grant.total,
                    },
                    expires: now + ahead,
                },
                allowance: Allowance {
                    period: grant.period,
                    most: grant.most,
                },
            },
            Self::RevokeSession { agent, session } => Call::revoke_session { agent, session },
            Self::Act { agent, call } => Call::act {
                agent,
                call: Box::new(inner(&call)),
            },
            Self::ActSigned {
                agent,
                session,
                call,
                ..
            } => {
                let (act, signer) = self.signed_act(model).unwrap();
                let call = inner(&call);
                let signing = noema_agents_primitives::SignedAct {
                    agent,
                    session,
                    nonce: act.nonce,
                    expires: act.expires,
                    call: Pallet::<Test>::call_hash(&call),
                };
                let payload = signing.payload(&Pallet::<Test>::genesis());
                Call::act_signed {
                    agent,
                    session,
                    nonce: act.nonce,
                    expires: act.expires,
                    call: Box::new(call),
                    signature: sign(u8::try_from(signer).unwrap(), &payload),
                }
            }
            Self::ActByOwner { agent, call } => Call::act_by_owner {
                agent,
                call: Box::new(inner(&call)),
            },
            Self::Schedule {
                agent,
                session,
                call,
                plan,
            } => Call::schedule {
                agent,
                session,
                call: Box::new(inner(&call)),
                plan: crate::mock::plan(plan.due, plan.every, plan.times, plan.reward),
            },
            Self::Cancel { agent, schedule } => Call::cancel { agent, schedule },
            Self::Run {
                agent,
                schedule,
                call,
            } => {
                let call = Self::brought(call.as_ref(), agent, schedule, model);
                Call::run {
                    agent,
                    schedule,
                    call: Box::new(inner(&call)),
                }
            }
            Self::AddTag { agent, tag } => Call::add_tag {
                agent,
                tag: tag_of(tag),
            },
            Self::Feedback {
                agent,
                amount,
                value,
                tag,
            } => Call::feedback {
                agent,
                amount,
                opinion: opinion(value, tag),
            },
            Self::RevokeFeedback { agent, feedback } => Call::revoke_feedback { agent, feedback },
        };
        call.into()
    }

    /// What the model says: for calls in an agent's name, also whether these succeeded.
    pub(super) fn on_model(
        &self,
        model: &mut Model,
        who: u64,
    ) -> Result<Option<bool>, model::Error> {
        let now = model.now;
        match self.clone() {
            Self::Act { agent, call } => return model.act(who, agent, &call).map(Some),
            Self::ActSigned { call, .. } => {
                let (act, _) = self.signed_act(model).unwrap();
                return model.act_signed(&act, &call).map(Some);
            }
            Self::ActByOwner { agent, call } => {
                return model.act_by_owner(who, agent, &call).map(Some)
            }
            Self::Run {
                agent,
                schedule,
                call,
            } => {
                let call = Self::brought(call.as_ref(), agent, schedule, model);
                return model.run(who, agent, schedule, &call).map(Some);
            }
            Self::Register => model.register(who),
            Self::SetMetadata { agent, key, value } => model.set_metadata(who, agent, key, value),
            Self::BindWallet { agent, wallet, .. } => {
                let (consent, deadline) = self.consent(who, model).unwrap();
                model.bind_wallet(who, agent, wallet, deadline, &consent)
            }
            Self::UnbindWallet { agent } => model.unbind_wallet(who, agent),
            Self::Offer { agent, to } => model.offer(who, agent, to),
            Self::Transfer { agent, to } => model.transfer(who, agent, to),
            Self::Burn { agent } => model.burn(who, agent),
            Self::Withdraw { agent, amount } => model.withdraw(who, agent, amount),
            Self::CommitData { agent, data } => model.commit_data(who, agent, data),
            Self::UpdateData { agent, index, data } => model.update_data(who, agent, index, data),
            Self::DropData { agent, index } => model.drop_data(who, agent, index),
            Self::StageData { agent, index, data } => model.stage_data(who, agent, index, data),
            Self::UnstageData { agent, index } => model.unstage_data(who, agent, index),
            Self::AuthorizeUsage {
                agent,
                user,
                data,
                ahead,
                count,
            } => {
                let usage = model::Usage {
                    data,
                    expires: now + ahead,
                    left: count,
                };
                model.authorize_usage(who, agent, user, usage)
            }
            Self::RevokeUsage { agent, user } => model.revoke_usage(who, agent, user),
            Self::Exercise { agent, data } => model.exercise(who, agent, data),
            Self::GrantSession {
                agent,
                grant,
                ahead,
            } => {
                let expires = now + ahead;
                model.grant_session(who, agent, model::Grant { expires, ..grant })
            }
            Self::RevokeSession { agent, session } => model.revoke_session(who, agent, session),
            Self::Schedule {
                agent,
                session,
                call,
                plan,
            } => model.schedule(who, agent, session, call, plan),
            Self::Cancel { agent, schedule } => model.cancel(who, agent, schedule),
            Self::AddTag { agent, tag } => model.add_tag(who, agent, tag),
            Self::Pay { to, amount } => model.pay(who, to, amount),
            Self::Feedback {
                agent,
                amount,
                value,
                tag,
            } => model.feedback(who, agent, amount, value, tag),
            Self::RevokeFeedback { agent, feedback } => model.revoke_feedback(who, agent, feedback),
        }
        .map(|()| None)
    }
}
