//! What the design says, of the model.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const OWNER: Account = 1;
const FRIEND: Account = 2;
const STRANGER: Account = 3;
const KEY: Account = 51;
const TREASURY: Account = 100;

fn parameters() -> Parameters {
    Parameters {
        existential_deposit: 10,
        max_deadline: 50,
        period: 100,
        min_feedback: 10,
        cut_percent: 5,
        max_metadata: 3,
        max_data: 3,
        max_usages: 3,
        max_sessions: 3,
        max_scheduled: 3,
        max_tags: 2,
        max_wallets: 4,
        byte_deposit: 1,
        agent_deposit: 500,
        endpoints_deposit: 60,
        metadata_deposit: 50,
        data_deposit: 90,
        holder_deposit: 43,
        usage_deposit: 150,
        session_deposit: 200,
        call_deposit: 2,
        scheduled_deposit: 80,
        tag_deposit: 200,
        feedback_deposit: 300,
    }
}

/// An agent of the owner's with money, and a key that may pay and be lied to.
fn town() -> Model {
    let mut model = Model::new(parameters(), TREASURY);
    model.now = 1_000;
    for who in [OWNER, FRIEND, STRANGER, TREASURY] {
        model.bank.endow(who, 1_000_000_000);
    }
    model.register(OWNER).unwrap();
    model.bank.endow(Model::account(0), 100_000);
    model.grant_session(OWNER, 0, grant()).unwrap();
    model
}

fn grant() -> Grant {
    Grant {
        key: KEY,
        calls: BTreeSet::from([Kind::Pay, Kind::Reserve, Kind::Release, Kind::Lie]),
        per_use: 100,
        total: 1_000,
        expires: 5_000,
        period: 10,
        most: 150,
    }
}

fn any_inner() -> impl Strategy<Value = Inner> {
    let to = prop_oneof![Just(FRIEND), Just(STRANGER)];
    prop_oneof![
        (to, 0..140u128).prop_map(|(to, amount)| Inner::Pay { to, amount }),
        (0..140u128).prop_map(Inner::Reserve),
        (0..140u128).prop_map(Inner::Release),
        (0..100u128, 0..140u128).prop_map(|(declared, taken)| Inner::Lie { declared, taken }),
        Just(Inner::NoLeaf),
    ]
}

proptest! {
    /// Whatever a key tries, lies included: the account never loses more than the limits, and what is reserved counts.
    #[test]
    fn a_key_never_takes_more_than_it_may(
        tries in prop::collection::vec((any_inner(), 0..4u64), 0..80),
    ) {
        let mut model = town();
        let account = Model::account(0);
        let begin = model.bank.money(account).free;
        for (call, ticks) in tries {
            model.now += ticks;
            let before = model.bank.money(account).free;
            let _ = model.act(KEY, 0, &call);
            let after = model.bank.money(account).free;
            prop_assert!(before.saturating_sub(after) <= 100);
            prop_assert_eq!(model.broken(), None);
        }
        prop_assert!(begin.saturating_sub(model.bank.money(account).free) <= 1_000);
    }

    /// What self-dealing costs, measured: an owner and a friend, who has what the owner gives him, rate the agent up to a mean. What they lose together is the cut of
    /// w = W (m′ − m) / (1 − m′), however they split it, and what is held for the ratings comes back.
    #[test]
    fn self_dealing_costs_the_cut_of_what_the_formula_says(
        standing in 1_000..100_000u128, mean in 1..8_000u16, rise in 500..1_500u16, parts in 1..20u128,
    ) {
        let mut model = town();
        model.pay(STRANGER, Model::account(0), standing).unwrap();
        model.feedback(STRANGER, 0, standing, mean, None, None).unwrap();
        let target = mean + rise;
        let weight = (standing * u128::from(rise)).div_ceil(u128::from(10_000 - target));
        let part = weight.div_ceil(parts).max(parameters().min_feedback);
        let wealth = |model: &Model| {
            model.bank.wealth(OWNER) + model.bank.wealth(FRIEND) + model.bank.wealth(Model::account(0))
        };
        let before = wealth(&model);
        let mut cuts = 0;
        for _ in 0..parts {
            model.pay(FRIEND, Model::account(0), part).unwrap();
            model.feedback(FRIEND, 0, part, 10_000, None, None).unwrap();
            cuts += model.cut(part);
        }
        prop_assert!(model.summary(0, None).unwrap().all.value.unwrap() >= target);
        let lost = before - wealth(&model);
        prop_assert_eq!(lost, cuts);
        prop_assert!(lost >= weight * 5 / 100, "lost {} for a weight of {}", lost, weight);
        prop_assert!(lost <= (weight + parts * part) * 5 / 100 + parts);
    }

    /// Nobody rates with what was not paid, or twice with what was.
    #[test]
    fn ratings_weigh_no_more_than_was_paid(
        steps in prop::collection::vec((any::<bool>(), 1..500u128), 0..40),
    ) {
        let mut model = town();
        let (mut paid, mut weighs) = (0, 0);
        for (pays, amount) in steps {
            if pays {
                model.pay(STRANGER, Model::account(0), amount).unwrap();
                paid += amount;
            } else if model.feedback(STRANGER, 0, amount, 5_000, None, None).is_ok() {
                weighs += amount;
            }
            prop_assert!(weighs <= paid);
            prop_assert_eq!(model.summary(0, None).unwrap().all.weight, weighs);
        }
    }
}

#[test]
fn what_is_reserved_counts_when_it_is_reserved_and_again_when_spent() {
    let mut model = town();
    assert_eq!(model.act(KEY, 0, &Inner::Reserve(100)), Ok(true));
    assert_eq!(model.agents[&0].sessions[&0].spent(), 100);
    assert_eq!(model.act(KEY, 0, &Inner::Release(100)), Ok(true));
    assert_eq!(model.agents[&0].sessions[&0].spent(), 100);
    let pay = Inner::Pay {
        to: FRIEND,
        amount: 100,
    };
    assert_eq!(model.act(KEY, 0, &pay), Err(Error::AbovePeriod));
    model.now += 10;
    assert_eq!(model.act(KEY, 0, &pay), Ok(true));
    assert_eq!(model.agents[&0].sessions[&0].spent(), 200);
}

#[test]
fn nothing_of_the_old_owner_is_left_after_a_transfer() {
    let mut model = town();
    let data = |hash, holders: &[Account]| Data {
        hash,
        holders: holders.to_vec(),
    };
    model.commit_data(OWNER, 0, data(1, &[OWNER])).unwrap();
    assert_eq!(model.transfer(OWNER, 0, FRIEND), Err(Error::PrivateData));
    model.offer(OWNER, 0, Some(FRIEND)).unwrap();
    model.stage_data(FRIEND, 0, 0, data(2, &[FRIEND])).unwrap();
    assert_eq!(model.transfer(OWNER, 0, STRANGER), Err(Error::PrivateData));
    model.transfer(OWNER, 0, FRIEND).unwrap();
    let agent = &model.agents[&0];
    assert_eq!(agent.data[&0], data(2, &[FRIEND]));
    assert!(agent.sessions.is_empty() && agent.usages.is_empty() && agent.scheduled.is_empty());
    let pay = Inner::Pay {
        to: OWNER,
        amount: 1,
    };
    assert_eq!(model.act(KEY, 0, &pay), Err(Error::UnknownSession));
    assert_eq!(model.withdraw(OWNER, 0, 1), Err(Error::NotYourAgent));
    assert_eq!(model.broken(), None);
}

/// An owner who binds a friend's wallet for its praise, and unbinds, sells, or takes another one: who paid still rates, and where it belongs.
#[test]
fn nobody_is_silenced_by_another_wallet_or_owner() {
    let mut model = town();
    let consent = |model: &Model, wallet| Consent {
        agent: 0,
        owner: OWNER,
        wallet,
        nonce: model.agents[&0].bindings,
        deadline: model.now + 1,
        signer: wallet,
    };
    model.pay(STRANGER, Model::account(0), 100).unwrap();
    let signed = consent(&model, 90);
    model
        .bind_wallet(OWNER, 0, 90, signed.deadline, &signed)
        .unwrap();
    model.pay(STRANGER, 90, 100).unwrap();
    model.unbind_wallet(OWNER, 0).unwrap();
    model.transfer(OWNER, 0, FRIEND).unwrap();
    model.now += 2 * parameters().period - 1;
    model.feedback(STRANGER, 0, 50, 0, None, Some(90)).unwrap();
    model.feedback(STRANGER, 0, 100, 0, None, None).unwrap();
    let summary = model.summary(0, None).unwrap();
    assert_eq!((summary.all.weight, summary.in_tenure.weight), (150, 100));
    model.now += 1;
    let late = model.feedback(STRANGER, 0, 50, 0, None, Some(90));
    assert_eq!(late, Err(Error::NotItsWallet));
}

/// An owner who names a critic's key in a grant: it has not acted, and rates.
#[test]
fn nobody_is_silenced_by_a_grant() {
    let mut model = town();
    model.bank.endow(KEY, 1_000);
    model.pay(KEY, Model::account(0), 100).unwrap();
    model.feedback(KEY, 0, 50, 0, None, None).unwrap();
    let call = Inner::Pay {
        to: FRIEND,
        amount: 1,
    };
    model.act(KEY, 0, &call).unwrap();
    let own = model.feedback(KEY, 0, 50, 0, None, None);
    assert_eq!(own, Err(Error::OwnFeedback));
}
