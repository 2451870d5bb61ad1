//! The pallet and the model side by side through random calls, right and wrong: the same result of every call, error for error, the same balances and the same records after
//! each; and what the rules promise, of the state that was reached.

mod compare;
mod inner;
mod ops;
mod reached;
mod steps;
mod told;

use super::super::*;
use crate::mock::*;
use inner::*;
use noema_models::agents::{self as model, Model, Parameters};
use ops::*;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use reached::REACHED;
use sp_runtime::DispatchError;
use std::collections::BTreeSet;
use steps::{any_steps, beginning};

/// Everybody, as the model names them, but for agents' accounts.
const PEOPLE: [u64; 8] = [1, 2, 3, 4, 51, 52, 53, 100];

fn parameters() -> Parameters {
    let empty = crate::MetadataRecord {
        value: Default::default(),
        deposit: 0,
    };
    let data = |holders: &[u8]| crate::Data {
        description: Default::default(),
        commitment: commitment(0, holders),
        version: 0,
        deposit: 0,
    };
    let session = |calls: &[RuntimeCall]| {
        let grant = noema_session::Grant {
            scope: scope(calls),
            ..grant(KEYS[0])
        };
        deposits::session::<Test>(&crate::SessionRecord {
            session: noema_session::Session::new(grant),
            allowance: ALLOWANCE,
            window: noema_session::Window::new(0),
            nonce: 0,
            used: false,
            deposit: 0,
        })
    };
    let (one, two) = (session(&[pay(BOB, 0)]), session(&[pay(BOB, 0), reserve(0)]));
    let scheduled: crate::ScheduledOf<Test> = crate::Scheduled {
        session: 0,
        call: Default::default(),
        due: 0,
        every: 0,
        times: 1,
        reward: 0,
        deposit: 0,
    };
    let data_deposit = deposits::data::<Test>(&data(&[]));
    Parameters {
        existential_deposit: ED,
        max_deadline: MAX_DEADLINE,
        period: PERIOD,
        min_feedback: MinFeedback::get(),
        cut_percent: 5,
        max_metadata: 3,
        max_data: 3,
        max_usages: 3,
        max_sessions: 3,
        max_scheduled: 3,
        max_tags: 2,
        max_wallets: usize::try_from(crate::MAX_WALLETS).unwrap(),
        byte_deposit: 1,
        agent_deposit: deposits::agent::<Test>(),
        endpoints_deposit: deposits::endpoints::<Test>(&crate::EndpointsRecord {
            endpoints: endpoints(),
            deposit: 0,
        }),
        metadata_deposit: deposits::metadata::<Test>(&metadata_key(0), &empty),
        data_deposit,
        holder_deposit: deposits::data::<Test>(&data(&[ALICE])) - data_deposit,
        usage_deposit: deposits::usage::<Test>(),
        session_deposit: one - (two - one),
        call_deposit: two - one,
        scheduled_deposit: deposits::scheduled::<Test>(&scheduled),
        tag_deposit: deposits::tag::<Test>(&tag_of(0)),
        feedback_deposit: deposits::feedback::<Test>(),
    }
}

/// The model of the mock's genesis.
fn model_of_genesis() -> Model {
    let mut model = Model::new(parameters(), TREASURY.into());
    model.now = Tick::get();
    for who in PEOPLE {
        model.bank.endow(who, funds(&person(who)).0);
    }
    model
}

/// Both sides.
struct Both {
    model: Model,
    /// Names of calls and how they ended.
    seen: BTreeSet<String>,
}

impl Both {
    /// Does the same to both, and compares what they say.
    fn step(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Advance(ticks) => {
                advance(*ticks);
                self.model.now += ticks;
            }
            Op::Call { who, call } => self.call(*who, call)?,
        }
        self.compare()
    }

    fn call(&mut self, who: u64, call: &Deed) -> Result<(), TestCaseError> {
        let who = call.caller(who, &self.model);
        System::reset_events();
        let origin = RuntimeOrigin::signed(person(who));
        let pallet = dispatch(origin, call.for_pallet(who, &self.model))
            .map(|_| inner_result())
            .map_err(|error| name(error.error).to_string());
        let model = call
            .on_model(&mut self.model, who)
            .map_err(|error| error.to_string());
        let end = match &model {
            Ok(Some(false)) => "inner call failed",
            Ok(_) => "done",
            Err(error) => error.as_str(),
        };
        self.seen.insert(format!("{}: {end}", call.name()));
        if let Some(kind) = call.inner_kind() {
            self.seen.insert(format!("{kind:?} in an act: {end}"));
        }
        prop_assert_eq!(pallet, model, "{:?} by {}", call, who);
        Ok(())
    }
}

/// The name of an error. Those of balances, which the market passes on, are one to the model.
fn name(error: DispatchError) -> &'static str {
    match error {
        DispatchError::Token(_) => "InsufficientFunds",
        other => other.into(),
    }
}

/// How the call in an agent's name ended, if the last call made one.
fn inner_result() -> Option<bool> {
    System::events()
        .iter()
        .find_map(|record| match &record.event {
            RuntimeEvent::Agents(
                Event::Acted { result, .. } | Event::ActedByOwner { result, .. },
            ) => Some(result.is_ok()),
            _ => None,
        })
}

/// Runs a sequence on both, lets everybody leave, and returns what was reached.
fn run(steps: &[Op]) -> Result<BTreeSet<String>, TestCaseError> {
    new_test_ext().execute_with(|| {
        let mut both = Both {
            model: model_of_genesis(),
            seen: BTreeSet::new(),
        };
        for op in beginning().iter().chain(steps) {
            both.step(op)?;
        }
        let seen = both.seen.clone();
        both.everybody_leaves()?;
        Ok(seen)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pallet_and_model_agree_and_nothing_is_stuck(steps in any_steps()) {
        run(&steps)?;
    }
}

/// The sequences are worth something: every call succeeds in some, and fails in the ways that it can.
#[test]
fn random_calls_reach_what_there_is() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..128 {
        let steps = any_steps().new_tree(&mut runner).unwrap().current();
        seen.extend(run(&steps).unwrap());
    }
    let missing: Vec<_> = REACHED
        .iter()
        .filter(|expected| !seen.contains(**expected))
        .collect();
    assert!(
        missing.is_empty(),
        "not reached: {missing:#?}, but {seen:#?}"
    );
}
