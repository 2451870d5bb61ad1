//! Making the chain know the providers: safe to repeat, also on a chain that knows them already.

use futures::future::try_join_all;
use noema_chain_client::{
    AccountId, Balance, Call, ChainClient, ChainError, ProviderRecord, ProviderStatus,
    RegisterProvider, Role, SigningKey, SubmitError, Submitter,
};

use crate::Error;

/// One whole token, in the smallest unit.
pub(crate) const NOEMA: Balance = 10_u128.pow(18);
/// What a provider's account gets beyond its bond, for fees and the existential deposit.
const ALLOWANCE: Balance = 100 * NOEMA;
/// An account with less than this is topped up to [`ALLOWANCE`].
const LOW: Balance = 10 * NOEMA;

/// The keys of a development provider. Everybody can derive them: they are for local networks only.
#[derive(Clone, Debug)]
pub(crate) struct ProviderKeys {
    pub(crate) bonded: SigningKey,
    pub(crate) operator: SigningKey,
    /// The secret of `operator` as the daemon reads it.
    pub(crate) operator_secret: String,
}

impl ProviderKeys {
    /// Of the provider with this place, from 0: `//Provider//1` and `//Provider//1//operator` for the
    /// first.
    pub(crate) fn of(index: usize) -> Self {
        Self::named(&format!("Provider//{}", index + 1))
    }

    /// Those that are derived by this name.
    pub(crate) fn named(name: &str) -> Self {
        let bonded = format!("//{name}");
        let operator_secret = format!("{bonded}//operator");
        let key = |secret: &str| {
            SigningKey::from_suri(secret).expect("a derivation of the development phrase is a key")
        };
        Self {
            bonded: key(&bonded),
            operator: key(&operator_secret),
            operator_secret,
        }
    }
}

/// What the chain shall know of a provider.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) keys: ProviderKeys,
    pub(crate) endpoint: String,
    /// In the smallest unit.
    pub(crate) bond: Balance,
    /// In bytes.
    pub(crate) capacity: u64,
}

/// Registers the providers that the chain does not know, and brings the records of the others up to
/// date: endpoint, operator key, activity. `funder` pays. Returns what people should know.
pub(crate) async fn register_all(
    client: &ChainClient,
    funder: &Submitter,
    announcements: &[Announcement],
) -> Result<Vec<String>, Error> {
    let notes = try_join_all(announcements.iter().map(|a| register(client, funder, a))).await?;
    Ok(notes.into_iter().flatten().collect())
}

pub(crate) async fn register(
    client: &ChainClient,
    funder: &Submitter,
    wanted: &Announcement,
) -> Result<Option<String>, Error> {
    let name = &wanted.name;
    let chain = |what: &str| chain_error(format!("{what} {name}"));
    let state = client
        .at_finalized()
        .await
        .map_err(chain("read the state for"))?;
    let account = wanted.keys.bonded.account();
    let record = state
        .provider(wanted.role, &account)
        .await
        .map_err(chain("read the record of"))?;

    let bond = if record.is_none() { wanted.bond } else { 0 };
    top_up(client, funder, account, bond)
        .await
        .map_err(submit_error(format!("fund {name}")))?;
    let operator = wanted.keys.operator.account();
    top_up(client, funder, operator, 0)
        .await
        .map_err(submit_error(format!("fund the operator key of {name}")))?;

    let submitter = Submitter::new(client.clone(), wanted.keys.bonded.clone());
    let (calls, note) = match record {
        None => (vec![wanted.registration()], None),
        Some(record) => {
            let now = state.block().number;
            (wanted.corrections(&record, now), wanted.note(&record, now))
        }
    };
    // In order: each needs the one before.
    for call in calls {
        submitter
            .submit(call)
            .await
            .map_err(submit_error(format!("register {name}")))?;
    }
    Ok(note)
}

/// Stops new work for providers of an earlier run that have no daemon in this one: nothing would
/// answer for them, and files drawn to them would wait for their deadlines.
pub(crate) async fn chill_absent(
    client: &ChainClient,
    absent: std::ops::Range<usize>,
) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    for index in absent {
        let keys = ProviderKeys::of(index);
        let name = format!("provider-{}", index + 1);
        let state = client
            .at_finalized()
            .await
            .map_err(chain_error("read the state".into()))?;
        let record = state
            .provider(Role::Storage, &keys.bonded.account())
            .await
            .map_err(chain_error(format!("read the record of {name}")))?;
        if record.is_some_and(|r| r.status == ProviderStatus::Active) {
            Submitter::new(client.clone(), keys.bonded)
                .submit(Call::Chill {
                    role: Role::Storage,
                })
                .await
                .map_err(submit_error(format!("chill {name}")))?;
            notes.push(format!(
                "{name} of an earlier run is not started now and gets no new files (chilled)"
            ));
        }
    }
    Ok(notes)
}

impl Announcement {
    fn registration(&self) -> Call {
        Call::Register(RegisterProvider {
            role: self.role,
            bond: self.bond,
            operator: self.keys.operator.account(),
            endpoint: self.endpoint.clone(),
            capacity: self.capacity,
        })
    }

    /// The calls that bring an existing record to what is wanted, in order.
    fn corrections(&self, record: &ProviderRecord, now: u32) -> Vec<Call> {
        let role = self.role;
        let mut calls = Vec::new();
        if record.endpoint != self.endpoint {
            calls.push(Call::SetEndpoint {
                role,
                endpoint: self.endpoint.clone(),
            });
        }
        let operator = self.keys.operator.account();
        if record.operator != operator {
            calls.push(Call::SetOperator { role, operator });
        }
        match record.status {
            ProviderStatus::Active | ProviderStatus::Leaving => {}
            ProviderStatus::Chilled => calls.push(Call::Activate { role }),
            ProviderStatus::Jailed { until } if until <= now => {
                calls.extend([Call::Unjail { role }, Call::Activate { role }]);
            }
            ProviderStatus::Jailed { .. } => {}
        }
        calls
    }

    /// What keeps the provider from getting work although it runs.
    fn note(&self, record: &ProviderRecord, now: u32) -> Option<String> {
        let name = &self.name;
        match record.status {
            ProviderStatus::Leaving => Some(format!(
                "{name} is leaving the chain (all its bond is unbonding)"
            )),
            ProviderStatus::Jailed { until } if until > now => {
                Some(format!("{name} is jailed until block {until}"))
            }
            _ => None,
        }
    }
}

/// Sends `account` what it lacks to own `bond` and an allowance for fees.
pub(crate) async fn top_up(
    client: &ChainClient,
    funder: &Submitter,
    account: AccountId,
    bond: Balance,
) -> Result<(), SubmitError> {
    let free = client.at_finalized().await?.account(&account).await?.free;
    if free >= bond.saturating_add(LOW) {
        return Ok(());
    }
    let amount = bond.saturating_add(ALLOWANCE).saturating_sub(free);
    funder
        .submit(Call::TransferKeepAlive {
            to: account,
            amount,
        })
        .await?;
    Ok(())
}

pub(crate) fn chain_error(what: String) -> impl FnOnce(ChainError) -> Error {
    move |e| Error::Chain {
        what,
        why: e.to_string(),
    }
}

pub(crate) fn submit_error(what: String) -> impl FnOnce(SubmitError) -> Error {
    move |e| Error::Chain {
        what,
        why: e.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Announcement {
        Announcement {
            name: "provider-1".into(),
            role: Role::Storage,
            keys: ProviderKeys::of(0),
            endpoint: "http://127.0.0.1:8201".into(),
            bond: 1_000 * NOEMA,
            capacity: 1 << 30,
        }
    }

    fn record(of: &Announcement) -> ProviderRecord {
        ProviderRecord {
            account: of.keys.bonded.account(),
            role: Role::Storage,
            status: ProviderStatus::Active,
            bond: of.bond,
            unlocking: vec![],
            operator: of.keys.operator.account(),
            endpoint: of.endpoint.clone(),
            capacity: of.capacity,
            reserved: 0,
        }
    }

    #[test]
    fn a_record_as_wanted_needs_no_call() {
        let wanted = wanted();
        assert_eq!(wanted.corrections(&record(&wanted), 9), []);
        assert_eq!(wanted.note(&record(&wanted), 9), None);
    }

    #[test]
    fn a_moved_and_chilled_provider_is_announced_and_activated() {
        let wanted = wanted();
        let mut record = record(&wanted);
        record.endpoint = "http://127.0.0.1:1".into();
        record.status = ProviderStatus::Chilled;
        let role = Role::Storage;
        assert_eq!(
            wanted.corrections(&record, 9),
            [
                Call::SetEndpoint {
                    role,
                    endpoint: wanted.endpoint
                },
                Call::Activate { role }
            ]
        );
    }

    #[test]
    fn a_jail_term_is_waited_out() {
        let wanted = wanted();
        let mut record = record(&wanted);
        record.status = ProviderStatus::Jailed { until: 10 };
        let role = Role::Storage;
        assert_eq!(wanted.corrections(&record, 9), []);
        assert!(wanted.note(&record, 9).unwrap().contains("block 10"));
        assert_eq!(
            wanted.corrections(&record, 10),
            [Call::Unjail { role }, Call::Activate { role }]
        );
    }

    #[test]
    fn keys_differ_between_providers_and_from_their_operators() {
        let keys: Vec<_> = (0..3)
            .flat_map(|i| {
                let keys = ProviderKeys::of(i);
                [keys.bonded.account(), keys.operator.account()]
            })
            .collect();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), 6);
    }
}
