//! `noema provider`: registration, bond, activity.

use noema_chain_client::{
    AccountId, Call, Finalized, ProviderRecord, ProviderStatus, RegisterProvider, Role, Submitter,
};
use noema_endpoint::{Endpoint, MAX_LEN};
use noema_storage::ByteSize;
use serde_json::{json, Value};

use super::{provider_audits::Audits, provider_compute};
use crate::{
    amount::Amount,
    args::provider::{AmountOrAll, Provider, RoleArg},
    failure::Failure,
    lookup,
    output::{Answer, Fields, Table},
    session::{fee_of, Session},
};

pub(crate) async fn run(session: &Session, command: Provider) -> Result<(), Failure> {
    let simple = |role: RoleArg, call: fn(Role) -> Call| (role.role, Change::Call(call(role.role)));
    let (role, change) = match command {
        Provider::Status { role, provider } => return status(session, role.role, provider).await,
        Provider::List { role } => return list(session, role.role).await,
        Provider::Register {
            role,
            bond,
            operator,
            endpoint,
            capacity,
        } => {
            check_endpoint(&endpoint)?;
            let registration = RegisterProvider {
                role: role.role,
                bond: bond.0,
                operator,
                endpoint,
                capacity: capacity.0,
            };
            (role.role, Change::Call(Call::Register(registration)))
        }
        Provider::SetEndpoint { role, endpoint } => {
            check_endpoint(&endpoint)?;
            (
                role.role,
                Change::Call(Call::SetEndpoint {
                    role: role.role,
                    endpoint,
                }),
            )
        }
        Provider::SetOperator { role, operator } => (
            role.role,
            Change::Call(Call::SetOperator {
                role: role.role,
                operator,
            }),
        ),
        Provider::SetCapacity { role, capacity } => {
            let call = Call::SetCapacity {
                role: role.role,
                capacity: capacity.0,
            };
            (role.role, Change::Call(call))
        }
        Provider::BondMore { role, amount } => (
            role.role,
            Change::Call(Call::BondMore {
                role: role.role,
                amount: amount.0,
            }),
        ),
        Provider::Unbond { role, amount } => (role.role, Change::Unbond(amount)),
        Provider::Rebond { role, amount } => (role.role, Change::Rebond(amount)),
        Provider::Withdraw { role } => simple(role, |role| Call::Withdraw { role }),
        Provider::Chill { role } => simple(role, |role| Call::Chill { role }),
        Provider::Activate { role } => simple(role, |role| Call::Activate { role }),
        Provider::Unjail { role } => simple(role, |role| Call::Unjail { role }),
    };
    submit(session, role, change).await
}

/// What is to be changed; some of it depends on what there is.
enum Change {
    Call(Call),
    Unbond(AmountOrAll),
    Rebond(AmountOrAll),
}

impl Change {
    fn into_call(self, role: Role, record: Option<&ProviderRecord>) -> Result<Call, Failure> {
        let resolve = |amount: AmountOrAll, all: fn(&ProviderRecord) -> u128| match amount {
            AmountOrAll::Exactly(amount) => Ok(amount.0),
            AmountOrAll::All => record.map(all).ok_or_else(|| {
                Failure::new(
                    "not_found",
                    format!("no {role} provider is registered by this account"),
                )
            }),
        };
        Ok(match self {
            Self::Call(call) => call,
            Self::Unbond(amount) => Call::Unbond {
                role,
                amount: resolve(amount, |record| record.bond)?,
            },
            Self::Rebond(amount) => {
                let all = |record: &ProviderRecord| {
                    record.unlocking.iter().map(|chunk| chunk.amount).sum()
                };
                Call::Rebond {
                    role,
                    amount: resolve(amount, all)?,
                }
            }
        })
    }
}

/// Finds out before anything is paid for what the chain would refuse.
fn check_endpoint(endpoint: &str) -> Result<(), Failure> {
    let bad = |why: &dyn std::fmt::Display| {
        // Longer ones than the chain allows are not even shown.
        let shown: String = endpoint.chars().take(80).collect();
        Failure::usage(format!("the endpoint {shown:?} is not usable: {why}"))
    };
    if endpoint.len() > MAX_LEN {
        let length = endpoint.len();
        return Err(bad(&format_args!(
            "it has {length} bytes; expected at most {MAX_LEN}"
        )));
    }
    Endpoint::parse(endpoint.as_bytes())
        .map(|_| ())
        .map_err(|why| bad(&why))
}

async fn submit(session: &Session, role: Role, change: Change) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let submitter = Submitter::new(client.clone(), key);
    let state = client.at_finalized().await?;
    let record = lookup::own_record(&state, role, &submitter.account()).await?;
    let call = change.into_call(role, record.as_ref())?;
    let done = session
        .submit(&submitter, call, "change the provider")
        .await?;

    let state = client.at(done.block).await?;
    let record = lookup::own_record(&state, role, &submitter.account()).await?;
    session
        .output
        .answer(&changed(&done, record.as_ref(), role))
}

fn changed(done: &Finalized, record: Option<&ProviderRecord>, role: Role) -> Answer {
    let fee = fee_of(done);
    let mut text = match record {
        Some(record) => describe(record),
        None => Fields::new()
            .add("role", role)
            .add("status", "none: everything is withdrawn"),
    };
    text = text
        .add("block", done.block.number)
        .add("transaction", done.tx);
    if let Some(fee) = fee {
        text = text.add("fee", Amount(fee));
    }
    let json = json!({
        "provider": record.map(as_json),
        "fee": fee.map(|fee| fee.to_string()),
        "block": done.block,
        "tx": done.tx,
    });
    Answer::new(text.to_string(), json)
}

async fn status(session: &Session, role: Role, provider: Option<AccountId>) -> Result<(), Failure> {
    let account = match provider {
        Some(provider) => provider,
        None => session.account()?,
    };
    let state = session.connect().await?.at_finalized().await?;
    let record = lookup::own_record(&state, role, &account)
        .await?
        .ok_or_else(|| Failure::new("not_found", format!("{account} is no {role} provider")))?;
    let (mut text, mut json) = (describe(&record), as_json(&record));
    if role == Role::Storage {
        let audits = Audits::read(&state, &record.account).await?;
        text = audits.describe(text);
        if let Some(json) = json.as_object_mut() {
            json.insert("audits".into(), audits.json());
        }
    }
    if role == Role::Compute {
        let market = state.compute_provider(&record.account).await?;
        text = provider_compute::describe(text, &market);
        if let Some(json) = json.as_object_mut() {
            json.insert("compute".into(), provider_compute::as_json(&market));
        }
    }
    session.output.answer(&Answer::new(text.to_string(), json))
}

async fn list(session: &Session, role: Role) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let records = state.providers(role).await?;
    let mut table = Table::new(&[
        "provider", "status", "bond", "reserved", "capacity", "endpoint",
    ]);
    for record in &records {
        table.row(vec![
            record.account.to_string(),
            status_word(&record.status),
            Amount(record.bond).to_string(),
            ByteSize(record.reserved).to_string(),
            ByteSize(record.capacity).to_string(),
            record.endpoint.clone(),
        ]);
    }
    let text = if table.is_empty() {
        format!("no {role} provider is registered\n")
    } else {
        table.to_string()
    };
    let all: Vec<_> = records.iter().map(as_json).collect();
    session.output.answer(&Answer::new(
        text,
        json!({ "role": role, "providers": all }),
    ))
}

fn status_word(status: &ProviderStatus) -> String {
    match status {
        ProviderStatus::Active => "active".into(),
        ProviderStatus::Chilled => "chilled".into(),
        ProviderStatus::Jailed { until } => format!("jailed until block {until}"),
        ProviderStatus::Leaving => "leaving".into(),
    }
}

fn describe(record: &ProviderRecord) -> Fields {
    let mut text = Fields::new()
        .add("provider", record.account)
        .add("role", record.role)
        .add("status", status_word(&record.status))
        .add("bond", Amount(record.bond));
    for chunk in &record.unlocking {
        let line = format!(
            "{} from block {} on",
            Amount(chunk.amount),
            chunk.matures_at
        );
        text = text.add("unbonding", line);
    }
    text.add("capacity", ByteSize(record.capacity))
        .add("reserved", ByteSize(record.reserved))
        .add("operator", record.operator)
        .add("endpoint", &record.endpoint)
}

/// Amounts as decimal text: they do not fit the numbers of JSON.
fn as_json(record: &ProviderRecord) -> Value {
    let (status, until) = match record.status {
        ProviderStatus::Active => ("active", None),
        ProviderStatus::Chilled => ("chilled", None),
        ProviderStatus::Jailed { until } => ("jailed", Some(until)),
        ProviderStatus::Leaving => ("leaving", None),
    };
    let unlocking: Vec<_> = record
        .unlocking
        .iter()
        .map(|chunk| json!({ "amount": chunk.amount.to_string(), "matures_at": chunk.matures_at }))
        .collect();
    json!({
        "account": record.account,
        "role": record.role,
        "status": status,
        "jailed_until": until,
        "bond": record.bond.to_string(),
        "unlocking": unlocking,
        "operator": record.operator,
        "endpoint": record.endpoint,
        "capacity": record.capacity,
        "reserved": record.reserved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::Unlocking;

    fn record() -> ProviderRecord {
        ProviderRecord {
            account: AccountId([1; 32]),
            role: Role::Storage,
            status: ProviderStatus::Jailed { until: 9 },
            bond: 5 * crate::amount::NOEMA,
            unlocking: vec![
                Unlocking {
                    amount: 1,
                    matures_at: 3,
                },
                Unlocking {
                    amount: 2,
                    matures_at: 4,
                },
            ],
            operator: AccountId([2; 32]),
            endpoint: "http://h:1".into(),
            capacity: 1 << 40,
            reserved: 512,
        }
    }

    #[test]
    fn endpoints_that_the_chain_would_refuse_are_refused_here() {
        let pinned = format!(
            "https://storage.example.org/noema#sha256={}",
            "0f".repeat(32)
        );
        for good in ["http://127.0.0.1:8201", &pinned, "http://[::1]:1"] {
            assert!(check_endpoint(good).is_ok(), "{good}");
        }
        let long = format!("http://localhost/{}", "a".repeat(10 * 1024));
        for bad in [
            "",
            "h:1",
            "ftp://h",
            "http://",
            "http:///x",
            "http://h",
            "https://h",
            "http://localhost/\n",
            "http://localhost/\u{7}",
            &long,
        ] {
            let failure = check_endpoint(bad).unwrap_err();
            assert_eq!(failure.code(), "usage");
            assert!(failure.to_string().contains("endpoint"));
            assert!(failure.to_string().len() < 500);
        }
    }

    #[test]
    fn all_means_what_the_record_has() {
        let record = record();
        let unbond = Change::Unbond(AmountOrAll::All).into_call(Role::Storage, Some(&record));
        assert_eq!(
            unbond.unwrap(),
            Call::Unbond {
                role: Role::Storage,
                amount: record.bond
            }
        );
        let rebond = Change::Rebond(AmountOrAll::All).into_call(Role::Storage, Some(&record));
        assert_eq!(
            rebond.unwrap(),
            Call::Rebond {
                role: Role::Storage,
                amount: 3
            }
        );
        assert!(Change::Unbond(AmountOrAll::All)
            .into_call(Role::Storage, None)
            .is_err());
        let exactly = Change::Unbond(AmountOrAll::Exactly(Amount(7)));
        assert_eq!(
            exactly.into_call(Role::Storage, None).unwrap(),
            Call::Unbond {
                role: Role::Storage,
                amount: 7
            }
        );
    }

    #[test]
    fn a_record_has_the_same_content_in_both_forms() {
        let json = as_json(&record());
        assert_eq!(json["status"], "jailed");
        assert_eq!(json["jailed_until"], 9);
        assert_eq!(json["bond"], "5000000000000000000");
        assert_eq!(
            json["unlocking"][1],
            json!({ "amount": "2", "matures_at": 4 })
        );
        let text = describe(&record()).to_string();
        for part in [
            "jailed until block 9",
            "5 NOEMA",
            "1 TiB",
            "512 B",
            "http://h:1",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
