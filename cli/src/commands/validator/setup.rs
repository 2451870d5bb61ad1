//! `noema validator setup`.

use noema_chain_client::{
    AccountId, Balance, Candidacy, ChainClient, ChainError, OwnershipProof, Payee, SessionKeys,
    Stake, StakingLimits, StateAt, Submitter, ValidatorCall,
};
use serde_json::json;

use super::in_one;
use crate::{
    amount::Amount,
    args::validator::Setup,
    commands::account::not_enough,
    failure::Failure,
    output::{Answer, Fields},
    percent::Percent,
    session::{fee_of, Session},
};

pub(crate) async fn run(session: &Session, setup: &Setup) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    check_node(session, &client, setup).await?;
    let submitter = Submitter::new(client.clone(), key);
    let account = submitter.account();

    let state = client.at_finalized().await?;
    let found = Found::read(&state, &account, setup).await?;
    let plan = plan(&Wanted::from(setup), &found)?;
    if found.nominates && plan.candidacy.is_some() {
        session
            .output
            .warn("this account nominates others; standing for election ends that");
    }
    if plan.is_empty() {
        return answer(session, &state, &account, &[], None).await;
    }
    // Without the fee, which is known only with the keys.
    check_balance(&account, &plan, 0, &found)?;
    let keys = match (plan.keys, &setup.keys, &setup.proof) {
        (false, _, _) => None,
        (true, Some(keys), Some(proof)) => Some((keys.clone(), proof.clone())),
        (true, _, _) => Some(make_keys(&client, &account).await?),
    };
    let calls = plan.calls(keys);
    let call = in_one(&calls);
    let fee = submitter.estimate_fee(&call).await?;
    check_balance(&account, &plan, fee, &found)?;

    let done = session
        .submit(&submitter, call, "set the validator up")
        .await?;
    let state = client.at(done.block).await?;
    answer(session, &state, &account, &calls, Some(&done)).await
}

/// What a node must be for this to make sense.
async fn check_node(session: &Session, client: &ChainClient, setup: &Setup) -> Result<(), Failure> {
    if client.node_info().await?.syncing {
        return Err(Failure::new(
            "syncing",
            "the node is catching up with the network: wait until `noema node status` says ok, a validator that is elected \
             meanwhile makes no blocks",
        ));
    }
    if setup.keys.is_none() && !client.is_authority().await? {
        session.output.warn(
            "the node does not run with --validator: keys in its keystore make no blocks until it does",
        );
    }
    Ok(())
}

/// What is asked for; what is left out stays as it is.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    bond: Balance,
    commission: Option<u32>,
    payee: Option<Payee>,
}

impl From<&Setup> for Wanted {
    fn from(setup: &Setup) -> Self {
        Self {
            bond: setup.bond.0,
            commission: setup.commission.map(|percent| percent.0),
            payee: setup.payee.map(|payee| payee.0),
        }
    }
}

/// What there is already.
#[derive(Clone, Debug)]
struct Found {
    stake: Option<Stake>,
    candidacy: Option<Candidacy>,
    nominates: bool,
    /// Whether any session keys are registered.
    registered: bool,
    /// Whether the registered ones are those that are to be used.
    in_place: bool,
    limits: StakingLimits,
    /// What can still be held, in the smallest unit.
    holdable: Balance,
}

impl Found {
    async fn read(state: &StateAt, account: &AccountId, setup: &Setup) -> Result<Self, Failure> {
        let client = state.client();
        let registered = state.session_keys(account).await?;
        let in_place = match (&setup.keys, &registered) {
            (_, None) => false,
            (Some(given), Some(registered)) => given == registered,
            (None, Some(registered)) => client
                .has_session_keys(registered)
                .await
                .map_err(keystore_refused)?,
        };
        if let Some(keys) = &setup.keys {
            if !client.are_session_keys(keys).await? {
                return Err(Failure::usage(format!(
                    "--keys {keys} are no session keys of this chain: expected `keys` of the answer of author_rotateKeysWithOwner"
                )));
            }
        }
        let existential_deposit = state.constants()?.existential_deposit;
        Ok(Self {
            stake: state.stake(account).await?,
            candidacy: state.candidacy(account).await?,
            nominates: state.nominates(account).await?,
            registered: registered.is_some(),
            in_place,
            limits: state.staking_limits().await?,
            holdable: state.account(account).await?.holdable(existential_deposit),
        })
    }
}

/// What is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Plan {
    stake: Vec<ValidatorCall>,
    /// Whether keys are to be registered.
    keys: bool,
    candidacy: Option<Candidacy>,
    /// What it holds, in the smallest unit.
    held: Balance,
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.stake.is_empty() && !self.keys && self.candidacy.is_none()
    }

    fn calls(&self, keys: Option<(SessionKeys, OwnershipProof)>) -> Vec<ValidatorCall> {
        let keys = keys.map(|(keys, proof)| ValidatorCall::SetKeys { keys, proof });
        let candidacy = self.candidacy.map(ValidatorCall::Validate);
        self.stake
            .iter()
            .cloned()
            .chain(keys)
            .chain(candidacy)
            .collect()
    }
}

/// Finds out what is missing, and what the chain would refuse.
fn plan(wanted: &Wanted, found: &Found) -> Result<Plan, Failure> {
    let limits = &found.limits;
    let active = found.stake.as_ref().map_or(0, |stake| stake.active);
    let missing = wanted.bond.saturating_sub(active);
    if active.max(wanted.bond) < limits.min_validator_bond {
        return Err(Failure::new(
            "below_minimum",
            format!(
                "a validator needs at least {} at stake, found --bond {}",
                Amount(limits.min_validator_bond),
                Amount(wanted.bond)
            ),
        ));
    }
    let mut stake = Vec::new();
    match &found.stake {
        None => stake.push(ValidatorCall::Bond {
            amount: missing,
            payee: wanted.payee.unwrap_or(Payee::Staked),
        }),
        Some(_) if missing > 0 => stake.push(ValidatorCall::BondExtra { amount: missing }),
        Some(_) => {}
    }
    if let (Some(there), Some(payee)) = (&found.stake, wanted.payee) {
        let to_itself = payee == Payee::Account(there.account) && there.payee == Payee::Stash;
        if there.payee != payee && !to_itself {
            stake.push(ValidatorCall::SetPayee { payee });
        }
    }
    let keys = !found.in_place;
    let deposit = match keys && !found.registered {
        true => limits.key_deposit,
        false => 0,
    };
    Ok(Plan {
        stake,
        keys,
        candidacy: plan_candidacy(wanted, found)?,
        held: missing.saturating_add(deposit),
    })
}

fn plan_candidacy(wanted: &Wanted, found: &Found) -> Result<Option<Candidacy>, Failure> {
    let limits = &found.limits;
    let there = found.candidacy.unwrap_or_default();
    let candidacy = Candidacy {
        commission: wanted.commission.unwrap_or(there.commission),
        ..there
    };
    if found.candidacy == Some(candidacy) {
        return Ok(None);
    }
    if candidacy.commission < limits.min_commission {
        return Err(Failure::new(
            "below_minimum",
            format!(
                "this chain wants a commission of at least {}, found {}",
                Percent(limits.min_commission),
                Percent(candidacy.commission)
            ),
        ));
    }
    let full = limits
        .max_candidates
        .filter(|max| limits.candidates >= *max);
    match full {
        Some(max) if found.candidacy.is_none() => Err(Failure::new(
            "too_many_validators",
            format!("{max} stand for election, and more may not: wait until one of them leaves"),
        )),
        _ => Ok(Some(candidacy)),
    }
}

fn check_balance(
    account: &AccountId,
    plan: &Plan,
    fee: Balance,
    found: &Found,
) -> Result<(), Failure> {
    if plan.held.saturating_add(fee) > found.holdable {
        return Err(not_enough(account, plan.held, fee, found.holdable));
    }
    Ok(())
}

/// Has the node make keys, and sees that it has them.
async fn make_keys(
    client: &ChainClient,
    account: &AccountId,
) -> Result<(SessionKeys, OwnershipProof), Failure> {
    let made = client
        .make_session_keys(account)
        .await
        .map_err(keystore_refused)?;
    if !client.has_session_keys(&made.0).await? {
        return Err(Failure::new(
            "keystore",
            format!(
                "the node says that it made the session keys {} and does not have them: look at its keystore",
                made.0
            ),
        ));
    }
    Ok(made)
}

fn keystore_refused(error: ChainError) -> Failure {
    let refused = matches!(error, ChainError::NotAllowed { .. });
    let failure = Failure::from(error);
    if !refused {
        return failure;
    }
    failure.and(
        "run this on the validator's machine with --url of its own node, or call author_rotateKeysWithOwner there and give the answer with \
         --keys and --proof",
    )
}

async fn answer(
    session: &Session,
    state: &StateAt,
    account: &AccountId,
    calls: &[ValidatorCall],
    done: Option<&noema_chain_client::Finalized>,
) -> Result<(), Failure> {
    let missing = || Failure::new("chain", "the block that did it does not have what it did");
    let stake = state.stake(account).await?.ok_or_else(missing)?;
    let candidacy = state.candidacy(account).await?.ok_or_else(missing)?;
    let keys = state.session_keys(account).await?.ok_or_else(missing)?;
    let names: Vec<_> = calls.iter().map(ValidatorCall::name).collect();
    let fee = done.and_then(fee_of);

    let mut text = Fields::new()
        .add("validator", account)
        .add("at stake", Amount(stake.active))
        .add("commission", Percent(candidacy.commission))
        .add("payee", stake.payee)
        .add("session keys", &keys);
    text = match done {
        None => text.add("done", "nothing: everything is in place"),
        Some(done) => text
            .add("done", names.join(", "))
            .add("block", done.block.number)
            .add("transaction", done.tx),
    };
    if let Some(fee) = fee {
        text = text.add("fee", Amount(fee));
    }
    text = text.add(
        "next",
        "it is elected, if it is, when an era ends: `noema validator status`",
    );
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "validator": account,
            "active": stake.active.to_string(),
            "commission": candidacy.commission,
            "payee": stake.payee,
            "keys": keys,
            "done": names,
            "fee": fee.map(|fee| fee.to_string()),
            "block": done.map(|done| done.block),
            "tx": done.map(|done| done.tx),
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{limits, stake};
    use super::*;

    fn nothing() -> Found {
        Found {
            stake: None,
            candidacy: None,
            nominates: false,
            registered: false,
            in_place: false,
            limits: limits(),
            holdable: 5_000,
        }
    }

    fn everything() -> Found {
        Found {
            stake: Some(stake(2_000)),
            candidacy: Some(Candidacy {
                commission: 5,
                blocked: true,
            }),
            registered: true,
            in_place: true,
            ..nothing()
        }
    }

    fn bond(bond: Balance) -> Wanted {
        Wanted {
            bond,
            commission: None,
            payee: None,
        }
    }

    #[test]
    fn who_has_nothing_needs_everything() {
        let plan = plan(&bond(2_000), &nothing()).unwrap();
        let keys = (SessionKeys(vec![1]), OwnershipProof(vec![2]));
        let calls = plan.calls(Some(keys));
        let names: Vec<_> = calls.iter().map(ValidatorCall::name).collect();
        assert_eq!(
            names,
            ["Staking.bond", "Session.set_keys", "Staking.validate"]
        );
        assert_eq!(plan.held, 2_010, "the stake and the deposit of the keys");
    }

    #[test]
    fn with_everything_in_place_nothing_is_done() {
        for wanted in [
            bond(2_000),
            bond(500),
            Wanted {
                commission: Some(5),
                payee: Some(Payee::Staked),
                ..bond(2_000)
            },
        ] {
            assert_eq!(plan(&wanted, &everything()).unwrap(), Plan::default());
        }
    }

    #[test]
    fn only_the_difference_is_done() {
        let more = plan(&bond(2_500), &everything()).unwrap();
        assert_eq!(more.stake, [ValidatorCall::BondExtra { amount: 500 }]);
        assert_eq!((more.held, more.keys, more.candidacy), (500, false, None));

        let wanted = Wanted {
            commission: Some(6),
            payee: Some(Payee::Stash),
            ..bond(0)
        };
        let other = plan(&wanted, &everything()).unwrap();
        let payee = Payee::Stash;
        assert_eq!(other.stake, [ValidatorCall::SetPayee { payee }]);
        let candidacy = Candidacy {
            commission: 6,
            blocked: true,
        };
        assert_eq!(other.candidacy, Some(candidacy), "what was not said stays");

        let mut elsewhere = everything();
        elsewhere.in_place = false;
        let keys = plan(&bond(0), &elsewhere).unwrap();
        assert!(keys.keys && keys.stake.is_empty() && keys.candidacy.is_none());
        assert_eq!(keys.held, 0, "the deposit is held already");
    }

    #[test]
    fn what_the_chain_would_refuse_is_refused_here() {
        let code = |wanted: &Wanted, found: &Found| plan(wanted, found).unwrap_err().code();
        assert_eq!(code(&bond(999), &nothing()), "below_minimum");

        let mut full = nothing();
        full.limits.candidates = 3;
        assert_eq!(code(&bond(1_000), &full), "too_many_validators");
        // Who stands already may change what it asks for.
        full.candidacy = Some(Candidacy::default());
        full.stake = Some(stake(1_000));
        let wanted = Wanted {
            commission: Some(7),
            ..bond(1_000)
        };
        assert!(plan(&wanted, &full).is_ok());

        full.limits.min_commission = 8;
        assert_eq!(code(&wanted, &full), "below_minimum");
    }

    #[test]
    fn stake_deposit_and_fee_must_all_be_there() {
        let mut found = nothing();
        let plan = plan(&bond(2_000), &found).unwrap();
        let account = AccountId([1; 32]);
        found.holdable = 2_009;
        assert!(check_balance(&account, &plan, 0, &found).is_err());
        found.holdable = 2_010;
        assert!(check_balance(&account, &plan, 0, &found).is_ok());
        let failure = check_balance(&account, &plan, 1, &found).unwrap_err();
        assert_eq!(failure.code(), "insufficient_balance");
    }
}
