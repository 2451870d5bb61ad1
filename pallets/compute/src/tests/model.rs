//! The pallet and the model side by side through random calls, right and wrong: the same result of every call, error for error, the same balances and the same
//! channels after each; and what the rules promise, of the state that was reached.

mod ops;

use super::super::*;
use crate::mock::*;
use noema_models::compute::{self as model, Model, Parameters, Party};
use ops::*;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use sp_runtime::DispatchError;
use std::collections::BTreeSet;

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
        max_lanes: MaxLanes::get(),
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
            Op::Request(request) => self.request(request),
            Op::Redeem { who, claims } => self.redeem(*who, claims)?,
            Op::Report(report) => self.report(report)?,
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
        } = *request;
        let session = self
            .model
            .channels
            .get(&lane.0)
            .and_then(|channel| channel.sessions.get(&lane.1));
        let Some(session) = session else { return };
        let signer = if wrong_key { 77 } else { session.grant.key };
        let service = session.grant.service.unwrap_or(0);
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
        let claim = model::Claim {
            voucher,
            amount,
            signer: signer.filter(|_| !changed),
        };
        let key = signer.map_or(78, |signer| u8::try_from(signer).unwrap());
        let payload = for_pallet(&signed_voucher).payload(&Pallet::<Test>::genesis());
        let for_pallet = Claim {
            voucher: for_pallet(&voucher),
            amount,
            signature: sign(key, &payload),
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

    /// Everything that both have is the same.
    fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.model.broken(), None);
        Pallet::<Test>::do_try_state()
            .map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        for who in ACCOUNTS {
            let money = self.model.bank.money(who.into());
            let (free, purse, deposits) = funds(who);
            prop_assert_eq!(
                (free, purse + deposits),
                (money.free, money.held),
                "{}",
                who
            );
            let in_purse = self.model.purses.get(&u64::from(who)).copied();
            prop_assert_eq!(
                Purses::<Test>::get(account(who)).map(|purse| purse.balance),
                in_purse
            );
        }
        prop_assert_eq!(self.model.bank.issuance(), Balances::total_issuance());
        for provider in [PROVIDER, RIVAL] {
            prop_assert_eq!(
                bond_of(provider),
                self.model.providers[&u64::from(provider)].bond
            );
        }
        prop_assert_eq!(Channels::<Test>::iter().count(), self.model.channels.len());
        for (number, expected) in &self.model.channels {
            let found = Channels::<Test>::get(number).unwrap();
            prop_assert_eq!(
                (found.left, found.redeemed),
                (expected.left(), expected.paid())
            );
            let state = match found.state {
                ChannelState::Open => model::State::Open,
                ChannelState::Closing { until } => model::State::Closing(until),
                ChannelState::Settled { at } => model::State::Settled(at),
            };
            prop_assert_eq!(state, expected.state);
            for (session, expected) in &expected.sessions {
                for lane in 0..expected.lanes {
                    let found = Lanes::<Test>::get((number, session), lane).unwrap_or_default();
                    let expected = expected.paid.get(&lane).copied().unwrap_or_default();
                    prop_assert_eq!(
                        (
                            found.nonce,
                            found.maximum,
                            found.redeemed,
                            found.at,
                            found.proven
                        ),
                        (
                            expected.nonce,
                            expected.maximum,
                            expected.paid,
                            expected.at,
                            expected.punished
                        )
                    );
                    self.check_exposure((*number, *session, lane), expected.paid)?;
                }
            }
        }
        for ((payer, provider), unconsumed) in &self.model.pairs {
            let pair = Pairs::<Test>::get(by_number(*payer), by_number(*provider)).unwrap();
            prop_assert_eq!(pair.unconsumed, *unconsumed);
        }
        Ok(())
    }

    /// Nobody ever lost more than one request in a lane, whatever the provider tried.
    fn check_exposure(&self, lane: (u64, u32, u16), paid: u128) -> Result<(), TestCaseError> {
        let most = self.party.owed(lane) + self.party.largest_maximum(lane);
        prop_assert!(paid <= most, "{:?} paid {} of at most {}", lane, paid, most);
        Ok(())
    }

    /// Payers alone, and then providers alone, have everything back that was not redeemed, after one lock.
    fn everybody_leaves(mut self) -> Result<(), TestCaseError> {
        let channels: Vec<u64> = self.model.channels.keys().copied().collect();
        let payer =
            |both: &Self, channel: &u64| u8::try_from(both.model.channels[channel].payer).unwrap();
        for channel in &channels {
            let (who, channel) = (payer(&self, channel), *channel);
            self.call(who, &Act::Close { channel })?;
        }
        advance(CloseLock::get());
        self.model.now += CloseLock::get();
        for channel in &channels {
            let (who, channel) = (payer(&self, channel), *channel);
            self.call(who, &Act::Settle { channel })?;
            self.call(who, &Act::Remove { channel })?;
        }
        for (who, balance) in self.model.purses.clone() {
            let who = u8::try_from(who).unwrap();
            self.call(who, &Act::Withdraw { amount: balance })?;
        }
        for (payer, provider) in self.model.pairs.clone().into_keys() {
            let provider = u8::try_from(provider).unwrap();
            self.call(u8::try_from(payer).unwrap(), &Act::Forget { provider })?;
        }
        for (service, offered) in self.model.services.clone() {
            let who = u8::try_from(offered.provider).unwrap();
            self.call(who, &Act::Retire { service })?;
        }
        self.compare()?;
        for who in ACCOUNTS {
            prop_assert_eq!(
                (funds(who).1, funds(who).2),
                (0, 0),
                "{} has something held",
                who
            );
        }
        prop_assert_eq!(Purses::<Test>::iter().count(), 0);
        prop_assert_eq!(Books::<Test>::iter().count(), 0);
        prop_assert_eq!(Pairs::<Test>::iter().count(), 0);
        prop_assert_eq!(Sessions::<Test>::iter().count(), 0);
        prop_assert_eq!(Lanes::<Test>::iter().count(), 0);
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

fn any_steps() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any_op(), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

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
    for _ in 0..150 {
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

/// What random calls come to.
const REACHED: [&str; 52] = [
    "announce: done",
    "announce: ProviderInactive",
    "announce: TooManyServices",
    "set_key: done",
    "set_key: NotYourService",
    "retire: done",
    "deposit: done",
    "withdraw: done",
    "withdraw: Reserved",
    "withdraw: NoPurse",
    "open: done",
    "open: UnknownService",
    "open: PayerIsProvider",
    "open: ProviderInactive",
    "open: CapTooSmall",
    "open: CapAboveBond",
    "open: InsufficientFunds",
    "open: GrantLimits",
    "open: GrantExpired",
    "open: NoLanes",
    "top_up: done",
    "top_up: NotOpen",
    "grant: done",
    "grant: TooManySessions",
    "revoke: done",
    "revoke: SessionOver",
    "drop_session: done",
    "drop_session: SessionNotOver",
    "close: done",
    "close: NotYourChannel",
    "settle: done",
    "settle: Locked",
    "remove: done",
    "remove: EvidencePossible",
    "remove: NotSettled",
    "forget: StillChannels",
    "redeem: done",
    "redeem: NotYourClaim",
    "redeem: ChannelOver",
    "redeem: BadSignature",
    "redeem: StaleVoucher",
    "redeem: AboveVoucher",
    "redeem: NothingDue",
    "redeem: VoucherExpired",
    "redeem: SessionOver",
    "redeem: SessionSpent",
    "redeem: ChannelEmpty",
    "report: done",
    "report: NotTooMuch",
    "report: AlreadyProven",
    "report: BadSignature",
    "report: EvidenceTooLate",
];
