//! The pallet and the model side by side through random calls, right and wrong: the same result of every call, error for error, the same balances and the same
//! channels after each; and what the rules promise, of the state that was reached.

mod compare;
mod ops;
mod reached;
mod steps;

use super::super::*;
use crate::mock::*;
use noema_models::compute::{self as model, Model, Parameters, Party};
use ops::*;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use reached::REACHED;
use sp_runtime::DispatchError;
use std::collections::BTreeSet;
use steps::{any_steps, beginning};

const ACCOUNTS: [u8; 9] = [
    PROVIDER, RIVAL, ALICE, BOB, PAUPER, STRANGER, TREASURY, VAULT, FUND,
];

fn parameters() -> Parameters {
    Parameters {
        existential_deposit: ED,
        cut_percent: 5,
        close_lock: CloseLock::get(),
        evidence_window: EvidenceWindow::get(),
        cap_per_bond: CapPerBond::get().into(),
        min_cap: MinCap::get(),
        max_services: 3,
        max_sessions: 3,
        max_lanes: MaxLanes::get().into(),
        service_deposit: deposits::service::<Test>(),
        channel_deposit: deposits::channel::<Test>(),
        session_deposit: deposits::session::<Test>(0),
        lane_deposit: deposits::session::<Test>(1) - deposits::session::<Test>(0),
        purse_deposit: deposits::purse::<Test>(),
        pair_deposit: deposits::pair::<Test>(),
        slash_factor: SlashFactor::get().into(),
        min_slash: 20,
        payer_percent: 50,
    }
}

/// The model of the mock's genesis.
fn model_of_genesis() -> Model {
    let mut model = Model::new(parameters(), TREASURY.into(), VAULT.into(), FUND.into());
    model.now = Tick::get();
    for who in ACCOUNTS {
        model.bank.endow(who.into(), funds(who).0);
    }
    for provider in [PROVIDER, RIVAL] {
        let record = model::Provider {
            bond: BOND,
            active: true,
            operator: operator_of(provider).into(),
        };
        model.providers.insert(provider.into(), record);
    }
    model
}

/// Both sides, and what happened off chain.
struct Both {
    model: Model,
    party: Party,
    /// Names of calls and how they ended.
    seen: BTreeSet<String>,
}

fn name(error: DispatchError) -> &'static str {
    error.into()
}

impl Both {
    /// Does the same to both, and compares what they say.
    fn step(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Advance(ticks) => {
                advance(*ticks);
                self.model.now += ticks;
            }
            Op::SetActive { provider, active } => {
                Registry::set_active(*provider, *active);
                let record = self.model.providers.get_mut(&u64::from(*provider));
                record.unwrap().active = *active;
            }
            Op::Unbond { provider, amount } => {
                let done = Registry::unbond(*provider, *amount);
                prop_assert_eq!(done, self.model.unbond((*provider).into(), *amount));
                let end = if done { "done" } else { "refused" };
                self.seen.insert(format!("unbond: {end}"));
            }
            Op::Request(request) => self.request(request),
            Op::Redeem { who, claims } => self.redeem(*who, claims)?,
            Op::Report(report) => {
                self.report(report)?;
                // The same again proves nothing more, on either side.
                self.report(report)?;
            }
            Op::Call { who, call } => self.call(*who, call)?,
        }
        self.compare()
    }

    fn call(&mut self, who: u8, call: &Act) -> Result<(), TestCaseError> {
        let who = call.caller(who, &self.model);
        let pallet = dispatch(who, call.for_pallet()).map(drop);
        let model = call.on_model(&mut self.model, who.into());
        let pallet = pallet.map_err(|error| name(error.error).to_string());
        self.note(call.name(), &pallet);
        prop_assert_eq!(
            pallet,
            model.map_err(|error| error.to_string()),
            "{:?}",
            call
        );
        Ok(())
    }

    /// Notes how a call ended, so that a test can say what was reached.
    fn note(&mut self, call: &str, result: &Result<(), String>) {
        let end = result.as_ref().map_or_else(String::as_str, |()| "done");
        self.seen.insert(format!("{call}: {end}"));
    }

    /// A request is answered off chain, by whatever key the session has.
    fn request(&mut self, request: &RequestOp) {
        let RequestOp {
            lane,
            maximum,
            cost,
            life,
            wrong_key,
            wrong_service,
        } = *request;
        let Some(channel) = self.model.channels.get(&lane.0) else {
            return;
        };
        let Some(session) = channel.sessions.get(&lane.1) else {
            return;
        };
        let signer = if wrong_key { 77 } else { session.grant.key };
        let service = channel.service + u64::from(wrong_service);
        let expires = self.model.now.saturating_add(life);
        self.party
            .request(lane, signer, service, maximum, cost, expires);
    }

    fn claim(&self, spec: &ClaimSpec) -> (model::Claim, ClaimOf<Test>) {
        let requests = self.party.requests(spec.lane);
        // Of a lane without requests, something that nobody signed.
        let request = requests
            .len()
            .checked_sub(1 + spec.back)
            .and_then(|at| requests.get(at));
        let (mut voucher, signer, owed) = match request {
            Some(request) => (
                request.voucher,
                Some(request.signer),
                request.receipt.cumulative,
            ),
            None => {
                let (channel, session, lane) = spec.lane;
                let nobodys = model::Voucher {
                    channel,
                    session,
                    lane,
                    nonce: 1,
                    service: 0,
                    paid: 0,
                    maximum: 50,
                    expires: u64::MAX,
                };
                (nobodys, None, 50)
            }
        };
        let amount = match spec.amount {
            Amount::Owed => owed,
            Amount::Ceiling => voucher.paid + voucher.maximum,
            Amount::Above => voucher.paid + voucher.maximum + 1,
            Amount::Part(percent) => owed * percent / 100,
        };
        let signed_voucher = voucher;
        match spec.tamper {
            Tamper::Nothing => {}
            Tamper::Nonce => voucher.nonce += 1,
            Tamper::Maximum => voucher.maximum += 1_000,
            Tamper::Paid => voucher.paid += 1_000,
        }
        let changed = voucher != signed_voucher;
        let channel_key = self
            .model
            .channels
            .get(&voucher.channel)
            .map_or(79, |channel| u8::try_from(channel.key).unwrap());
        let demand = match spec.demand {
            DemandSpec::Nobody => None,
            DemandSpec::TheKey => Some(channel_key),
            DemandSpec::AnotherKey => Some(77),
        };
        let claim = model::Claim {
            voucher,
            amount,
            signer: signer.filter(|_| !changed),
            demand: demand.map(u64::from),
        };
        let key = signer.map_or(78, |signer| u8::try_from(signer).unwrap());
        let payload = for_pallet(&signed_voucher).payload(&Pallet::<Test>::genesis());
        let for_pallet = Claim {
            voucher: for_pallet(&voucher),
            amount,
            signature: sign(key, &payload),
            demand: None,
        };
        let for_pallet = match demand {
            Some(by) => demanded_by(by, for_pallet),
            None => for_pallet,
        };
        (claim, for_pallet)
    }

    fn redeem(&mut self, who: u8, specs: &[ClaimSpec]) -> Result<(), TestCaseError> {
        let (claims, for_pallet): (Vec<_>, Vec<_>) =
            specs.iter().map(|spec| self.claim(spec)).unzip();
        let pallet = redeem(who, for_pallet).map_err(|error| name(error).to_string());
        let results: Vec<_> = claims
            .iter()
            .map(|claim| self.model.redeem(who.into(), claim))
            .collect();
        for result in &results {
            let result = result.map(drop).map_err(|error| error.to_string());
            self.note("redeem", &result);
        }
        let refused = results.iter().find_map(|result| result.err());
        let expected = match refused {
            Some(error) if results.iter().all(Result::is_err) => Err(error.to_string()),
            _ => Ok(()),
        };
        prop_assert_eq!(pallet, expected, "{:?}", claims);
        Ok(())
    }

    fn report(&mut self, spec: &ReportSpec) -> Result<(), TestCaseError> {
        let requests = self.party.requests(spec.lane);
        let request = requests
            .len()
            .checked_sub(1 + spec.back)
            .and_then(|at| requests.get(at));
        let (channel, session, lane) = spec.lane;
        let mut said = request.map_or(
            model::Receipt {
                channel,
                session,
                lane,
                nonce: 1,
                cumulative: 0,
            },
            |request| request.receipt,
        );
        let signer = match self.model.channels.get(&channel) {
            Some(record) if request.is_some() => record.key,
            _ => 79,
        };
        let mut on_chain = receipt(channel, said.nonce, said.cumulative);
        on_chain.session = session;
        on_chain.lane = lane;
        let signature = sign_receipt(u8::try_from(signer).unwrap(), &on_chain);
        if spec.lowered {
            said.cumulative /= 2;
            on_chain.cumulative /= 2;
        }
        let unchanged = !spec.lowered || request.is_none_or(|request| request.receipt == said);
        let model = self.model.report(&said, Some(signer).filter(|_| unchanged));
        let call = Call::report {
            receipt: on_chain,
            signature,
        };
        let pallet = dispatch(STRANGER, call)
            .map(drop)
            .map_err(|error| name(error.error).to_string());
        self.note("report", &pallet);
        prop_assert_eq!(
            pallet,
            model.map(drop).map_err(|error| error.to_string()),
            "{:?}",
            said
        );
        Ok(())
    }
}

/// Runs a sequence on both, lets everybody leave, and returns what was reached.
fn run(steps: &[Op]) -> Result<BTreeSet<String>, TestCaseError> {
    new_test_ext().execute_with(|| {
        let mut both = Both {
            model: model_of_genesis(),
            party: Party::default(),
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
    for _ in 0..160 {
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
