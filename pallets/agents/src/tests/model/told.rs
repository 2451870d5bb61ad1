//! The same call for the pallet and for the model.

use super::*;
use noema_agents_primitives::WalletBinding;
use noema_models::agents::Inner;
use noema_session::{Allowance, Grant, Limits};

impl Deed {
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
            Self::SetFile { agent, file } => Call::set_file {
                agent,
                file: file.map(|name| [name; 32]),
            },
            Self::SetEndpoints { agent, some } => Call::set_endpoints {
                agent,
                endpoints: if some {
                    endpoints()
                } else {
                    Default::default()
                },
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
                wallet,
            } => Call::feedback {
                agent,
                amount,
                opinion: opinion(value, tag),
                wallet: wallet.map(person),
            },
            Self::RevokeFeedback { agent, feedback } => Call::revoke_feedback { agent, feedback },
            Self::Respond { agent, feedback } => Call::respond {
                agent,
                feedback,
                response: answer(),
            },
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
            Self::SetFile { agent, file } => model.set_file(who, agent, file),
            Self::SetEndpoints { agent, some } => model.set_endpoints(who, agent, some),
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
                wallet,
            } => model.feedback(who, agent, amount, value, tag, wallet),
            Self::RevokeFeedback { agent, feedback } => model.revoke_feedback(who, agent, feedback),
            Self::Respond { agent, feedback } => model.respond(who, agent, feedback),
        }
        .map(|()| None)
    }
}
