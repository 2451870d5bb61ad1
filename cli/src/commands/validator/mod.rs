//! `noema validator`: keys, stake, candidacy and pay of a validator.

mod list;
mod payout;
mod setup;
mod status;

use noema_chain_client::{
    AccountId, Call, Eras, Finalized, Stake, StakingLimits, Submitter, ValidatorCall,
};
use serde_json::{json, Value};

use crate::{
    amount::Amount,
    args::{provider::AmountOrAll, validator::Validator},
    failure::Failure,
    output::{Answer, Fields},
    session::{fee_of, Session},
};

pub(crate) async fn run(session: &Session, command: Validator) -> Result<(), Failure> {
    match command {
        Validator::Setup(setup) => setup::run(session, &setup).await,
        Validator::Status { validator } => status::run(session, validator).await,
        Validator::List => list::run(session).await,
        Validator::Chill => change(session, Change::Chill).await,
        Validator::Unbond { amount } => change(session, Change::Unbond(amount)).await,
        Validator::Withdraw => change(session, Change::Withdraw).await,
        Validator::Payout { validator, era } => payout::run(session, validator, era).await,
    }
}

/// What is to be changed of a stake.
#[derive(Clone, Copy, Debug)]
enum Change {
    Chill,
    Unbond(AmountOrAll),
    Withdraw,
}

/// The stake that is to be changed, and what matters for it.
#[derive(Clone, Debug)]
struct Standing {
    stake: Stake,
    /// Whether it stands for election.
    stands: bool,
    nominates: bool,
    eras: Eras,
    limits: StakingLimits,
    slashing_spans: u32,
}

impl Change {
    /// The calls that do it; finds out before anything is paid for what the chain would refuse.
    fn into_calls(self, standing: &Standing) -> Result<Vec<ValidatorCall>, Failure> {
        let stake = &standing.stake;
        match self {
            Self::Chill if standing.stands => Ok(vec![ValidatorCall::Chill]),
            Self::Chill => Err(Failure::new(
                "not_standing",
                format!("{} does not stand for election", stake.account),
            )),
            Self::Unbond(_) if stake.active == 0 => Err(Failure::new(
                "nothing_at_stake",
                format!("all of the stake of {} is unbonding already", stake.account),
            )),
            Self::Unbond(AmountOrAll::All) => {
                let leave = (standing.stands || standing.nominates).then_some(ValidatorCall::Chill);
                let unbond = ValidatorCall::Unbond {
                    amount: stake.active,
                };
                Ok(leave.into_iter().chain([unbond]).collect())
            }
            Self::Unbond(AmountOrAll::Exactly(amount)) => {
                check_unbond(amount, standing)?;
                Ok(vec![ValidatorCall::Unbond { amount: amount.0 }])
            }
            Self::Withdraw => {
                if stake.withdrawable(standing.eras.planned) == 0 {
                    return Err(nothing_matured(stake, standing.eras));
                }
                Ok(vec![ValidatorCall::Withdraw {
                    slashing_spans: standing.slashing_spans,
                }])
            }
        }
    }
}

fn check_unbond(amount: Amount, standing: &Standing) -> Result<(), Failure> {
    let (active, least) = (standing.stake.active, standing.limits.min_validator_bond);
    if amount.0 == 0 {
        return Err(Failure::usage("an amount of 0 moves nothing"));
    }
    let left = active.checked_sub(amount.0).ok_or_else(|| {
        Failure::new(
            "insufficient_stake",
            format!("only {} are at stake, not {amount}", Amount(active)),
        )
    })?;
    if standing.stands && left < least {
        return Err(Failure::new(
            "below_minimum",
            format!(
                "a validator needs {} at stake, and {} would be left: unbond less, or `all` to leave",
                Amount(least),
                Amount(left)
            ),
        ));
    }
    Ok(())
}

fn nothing_matured(stake: &Stake, eras: Eras) -> Failure {
    let why = match stake.unbonding.first() {
        Some(chunk) => format!(
            "the first, {}, can be withdrawn from era {} on, now is era {}",
            Amount(chunk.amount),
            chunk.era,
            eras.active
        ),
        None => "nothing is unbonding: begin with `noema validator unbond`".into(),
    };
    Failure::new("nothing_to_withdraw", format!("nothing to withdraw: {why}"))
}

async fn change(session: &Session, change: Change) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let submitter = Submitter::new(client.clone(), key);
    let account = submitter.account();
    let state = client.at_finalized().await?;
    let stake = state.stake(&account).await?;
    let standing = Standing {
        stake: stake.ok_or_else(|| nothing_at_stake(&account))?,
        stands: state.candidacy(&account).await?.is_some(),
        nominates: state.nominates(&account).await?,
        eras: state.eras().await?,
        limits: state.staking_limits().await?,
        slashing_spans: state.slashing_spans(&account).await?,
    };
    let calls = change.into_calls(&standing)?;
    let done = session
        .submit(&submitter, in_one(&calls), "change the stake")
        .await?;

    let after = client.at(done.block).await?.stake(&account).await?;
    session
        .output
        .answer(&changed(&account, &done, after.as_ref()))
}

fn changed(account: &AccountId, done: &Finalized, stake: Option<&Stake>) -> Answer {
    let fee = fee_of(done);
    let mut text = Fields::new().add("validator", account);
    text = match stake {
        Some(stake) => describe_stake(text, stake),
        None => text.add("at stake", "nothing: everything is withdrawn"),
    };
    text = text
        .add("block", done.block.number)
        .add("transaction", done.tx);
    if let Some(fee) = fee {
        text = text.add("fee", Amount(fee));
    }
    Answer::new(
        text.to_string(),
        json!({
            "validator": account,
            "stake": stake.map(stake_as_json),
            "fee": fee.map(|fee| fee.to_string()),
            "block": done.block,
            "tx": done.tx,
        }),
    )
}

fn describe_stake(text: Fields, stake: &Stake) -> Fields {
    let mut text = text
        .add("bonded", Amount(stake.total))
        .add("at stake", Amount(stake.active));
    for chunk in &stake.unbonding {
        let line = format!("{} from era {} on", Amount(chunk.amount), chunk.era);
        text = text.add("unbonding", line);
    }
    text.add("payee", stake.payee)
}

/// Amounts as decimal text: they do not fit the numbers of JSON.
fn stake_as_json(stake: &Stake) -> Value {
    let unbonding: Vec<_> = stake
        .unbonding
        .iter()
        .map(|chunk| json!({ "amount": chunk.amount.to_string(), "era": chunk.era }))
        .collect();
    json!({
        "total": stake.total.to_string(),
        "active": stake.active.to_string(),
        "unbonding": unbonding,
        "payee": stake.payee,
    })
}

fn nothing_at_stake(account: &AccountId) -> Failure {
    Failure::new(
        "not_found",
        format!("{account} has nothing at stake: `noema validator setup` makes it a validator"),
    )
}

/// One transaction for all of `calls`, of which all take place or none does.
fn in_one(calls: &[ValidatorCall]) -> Call {
    match calls {
        [only] => Call::Validator(only.clone()),
        several => Call::BatchAll(several.iter().cloned().map(Call::Validator).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::{Payee, Unbonding};

    pub(super) fn limits() -> StakingLimits {
        StakingLimits {
            min_validator_bond: 1_000,
            min_commission: 0,
            validators: 4,
            candidates: 2,
            max_candidates: Some(3),
            key_deposit: 10,
            bonding_eras: 28,
            history_eras: 84,
        }
    }

    pub(super) fn stake(active: u128) -> Stake {
        Stake {
            account: AccountId([1; 32]),
            total: active + 7,
            active,
            unbonding: vec![Unbonding { amount: 7, era: 30 }],
            payee: Payee::Staked,
        }
    }

    fn standing(stands: bool) -> Standing {
        Standing {
            stake: stake(1_500),
            stands,
            nominates: false,
            eras: Eras {
                active: 2,
                planned: 2,
            },
            limits: limits(),
            slashing_spans: 3,
        }
    }

    fn exactly(amount: u128) -> Change {
        Change::Unbond(AmountOrAll::Exactly(Amount(amount)))
    }

    #[test]
    fn a_validator_may_unbond_down_to_the_minimum_and_leaves_with_all() {
        let standing = standing(true);
        assert_eq!(
            exactly(500).into_calls(&standing).unwrap(),
            [ValidatorCall::Unbond { amount: 500 }]
        );
        let failure = exactly(501).into_calls(&standing).unwrap_err();
        assert_eq!(failure.code(), "below_minimum");
        assert_eq!(
            Change::Unbond(AmountOrAll::All)
                .into_calls(&standing)
                .unwrap(),
            [
                ValidatorCall::Chill,
                ValidatorCall::Unbond { amount: 1_500 }
            ]
        );
    }

    #[test]
    fn who_does_not_stand_may_unbond_anything_at_stake_and_no_more() {
        let standing = standing(false);
        assert!(exactly(1_500).into_calls(&standing).is_ok());
        let failure = exactly(1_501).into_calls(&standing).unwrap_err();
        assert_eq!(failure.code(), "insufficient_stake");
        assert_eq!(
            exactly(0).into_calls(&standing).unwrap_err().code(),
            "usage"
        );
        let failure = Change::Chill.into_calls(&standing).unwrap_err();
        assert_eq!(failure.code(), "not_standing");
    }

    #[test]
    fn only_what_has_matured_is_withdrawn() {
        let mut standing = standing(false);
        let failure = Change::Withdraw.into_calls(&standing).unwrap_err();
        assert_eq!(failure.code(), "nothing_to_withdraw");
        assert!(failure.to_string().contains("era 30"), "{failure}");
        standing.eras.planned = 30;
        assert_eq!(
            Change::Withdraw.into_calls(&standing).unwrap(),
            [ValidatorCall::Withdraw { slashing_spans: 3 }]
        );
    }

    #[test]
    fn several_calls_become_one_transaction() {
        assert!(matches!(
            in_one(&[ValidatorCall::Chill]),
            Call::Validator(_)
        ));
        let two = in_one(&[ValidatorCall::Chill, ValidatorCall::Chill]);
        assert!(matches!(two, Call::BatchAll(calls) if calls.len() == 2));
    }
}
