//! The pallet and the model of `docs/design/money.md` side by side: the same calls on both, and every balance, account and slot compared after each.
//!
//! Tasks are run one by one, when the history says so, and time stands still meanwhile: what the agenda does with them is the subject of other tests.

use crate::{
    mock::*, zero_file, Accounts, Deals, Error, HostHashing, Price, RateChanges, Reserved,
    SlotState, Task, TaskKind,
};
use frame_support::{storage::with_storage_layer, traits::fungible::Mutate, weights::WeightMeter};
use noema_commitment::Shape;
use noema_models::leases as model;
use noema_traits::{Auditable, Outcome, Payroll, ProviderRegistry, Role, RoundIndex};
use sp_runtime::DispatchError;

/// Owners; the last one has nothing but its existential deposit.
pub(super) const OWNERS: [u64; 3] = [ALICE, BOB, PAUPER];
/// Providers.
pub(super) const PROVIDERS: [u64; 5] = [101, 102, 103, 104, 105];
/// Sectors of the files. None is padded, so that bounties go by the same proportions in the model, which knows of no padding.
const SECTORS: [u64; 5] = [1, 7, 16, 60, 208];
/// Whoever settles for a reward.
const REPORTER: u64 = 77;
/// What fund and treasury begin with beside their existential deposits.
const COMMONS: u64 = 1_000_000;

/// Parameters of both.
fn parameters() -> model::Parameters {
    model::Parameters {
        existential_deposit: 1,
        max_replicas: 16,
        max_sectors: 1 << 12,
        price_sectors: 1 << 22,
        overhead_sectors: 256,
        base_price: 100_000,
        min_base_price: 20_000,
        max_base_price: 1_000_000,
        sectors_per_window_round: 1 << 12,
        max_batch: 64,
        ..model::Parameters::SMALL
    }
}

/// One side's state is the other's.
pub(super) struct Beside {
    pub(super) model: model::Model<model::Sums>,
    /// What was met on the way.
    pub(super) met: std::collections::BTreeSet<&'static str>,
    /// What the blocks of the round saw of the use of all capacity.
    usage: model::Usage,
    /// What slashes brought the fund and the reporter, for which the pallet's side has no bonds.
    minted: u64,
}

/// A file of the histories: its root and its size.
pub(super) fn file(n: usize) -> ([u8; 32], u64) {
    let size = SECTORS[n % SECTORS.len()] * 256;
    let shape = Shape::new(size).unwrap();
    assert_eq!(shape.padded_sectors(), shape.sectors());
    (zero_file::root::<HostHashing>(&shape), size)
}

/// The key of a deal in the pallet.
pub(super) fn key(deal: model::Key) -> ([u8; 32], u64) {
    let (root, size) = file(deal.0 as usize);
    (
        noema_commitment::file_id::<HostHashing>(&root, size),
        deal.1,
    )
}

/// The pallet's error for one of the model.
fn error(of_model: model::Error) -> DispatchError {
    use model::Error as M;
    type E = Error<Test>;
    match of_model {
        M::ReplicasDiffer => E::ReplicasDiffer,
        M::NoReplicas => E::NoReplicas,
        M::TooManyReplicas => E::TooManyReplicas,
        M::NoFiles => E::NoFiles,
        M::TooManyFiles => E::TooManyFiles,
        M::TooFewRounds => E::TooFewRounds,
        M::TooManyRounds => E::TooManyRounds,
        M::RoundPassed => E::RoundPassed,
        M::PriceAboveMaximum => E::PriceAboveMaximum,
        M::InsufficientFunds => E::InsufficientFunds,
        M::AmountTooLarge => E::AmountTooLarge,
        M::UnknownDeal => E::UnknownDeal,
        M::UnknownSlot => E::UnknownSlot,
        M::NotOffered => E::NotOffered,
        M::DealExists => E::DealExists,
        M::SlotProving => E::SlotProving,
        M::NotYours => E::NotAssignedToYou,
        M::HandOverRunning => E::HandOverRunning,
        M::StillCovered => E::StillCovered,
        M::CoverMayCome => E::CoverMayCome,
        M::NotDropping => E::NotDropping,
        M::NotOver => E::NotOver,
        M::WitnessTooLow => E::WitnessTooLow,
        M::PriceOutOfBounds => E::PriceOutOfBounds,
        other => panic!("not an error of a call: {other:?}"),
    }
    .into()
}

impl Beside {
    /// Both sides with the same owners and providers. To be made within externalities.
    pub(super) fn new() -> Self {
        let parameters = parameters();
        let mut model = model::Model::new(parameters);
        DepositBase::set(parameters.deposit_base as u64);
        DepositPerReplica::set(parameters.deposit_per_replica as u64);
        BasePrice::set(parameters.base_price as u64);
        MinBasePrice::set(parameters.min_base_price as u64);
        MaxBasePrice::set(parameters.max_base_price as u64);
        MinRounds::set(parameters.min_rounds);
        MaxRounds::set(parameters.max_rounds);
        GraceRounds::set(parameters.grace_rounds);
        HandOverRounds::set(parameters.hand_over_rounds);
        PlacementRounds::set(parameters.placement_rounds);
        MibPerPlacementRound::set(1);
        MinRoundsLeft::set(parameters.min_rounds_left);
        MaxFailures::set(parameters.max_failures);
        ProofSectors::set(1);
        AgendaSearch::set(512);
        ReadyWindowBase::set(1 << 12);
        ProveWindow::set(1 << 12);
        Price::<Test>::kill();
        for (owner, wealth) in OWNERS.into_iter().zip([ENDOWMENT, ENDOWMENT, 1]) {
            model.bank.endow(owner, wealth.into());
        }
        for account in [model::FUND, model::TREASURY] {
            model.bank.endow(account, COMMONS.into());
        }
        for account in [FUND, TREASURY] {
            Balances::mint_into(&account, COMMONS).unwrap();
        }
        model.bank.endow(90, 10_000_000);
        for (n, provider) in PROVIDERS.into_iter().enumerate() {
            model.bank.endow(provider, 1_000_000);
            let bond = 20_000 * (6 + n as u128);
            let stake = bond * n as u128 / 2;
            let commission = n as u64 * 250_000;
            model
                .register(provider, bond, 90, stake, commission)
                .unwrap();
            Registry::insert(provider, operator_of(provider), 1 << 40);
            Registry::change(provider, |entry| {
                entry.bond = bond as u64;
                entry.stake = stake as u64;
                entry.commission = commission;
            });
            let free = model.bank.money(provider).free as u64;
            Balances::mint_into(&provider, free).unwrap();
        }
        let mut beside = Self {
            model,
            usage: model::Usage::default(),
            met: Default::default(),
            minted: 0,
        };
        beside.fix_price();
        beside
    }

    /// A block looks at the use of all capacity.
    fn fix_price(&mut self) {
        let free = <Registry as ProviderRegistry<u64, u64>>::total_free(Role::Storage);
        self.usage.see(Reserved::<Test>::get(), free);
        Storage::fix_price(&mut WeightMeter::new());
    }

    pub(super) fn note(&mut self, what: &'static str, met: bool) {
        if met {
            self.met.insert(what);
        }
    }

    /// The results of a call on both sides must be the same.
    pub(super) fn same<T>(
        &self,
        of_model: Result<T, model::Error>,
        of_pallet: frame_support::dispatch::DispatchResultWithPostInfo,
    ) -> Result<T, model::Error> {
        let expected = of_model.as_ref().map(|_| ()).map_err(|e| error(*e));
        let found = of_pallet.map(|_| ()).map_err(|e| e.error);
        // The pallet tells a deposit that is missing from other funds.
        let found = match found {
            Err(e) if e == Error::<Test>::InsufficientDeposit.into() => {
                Err(Error::<Test>::InsufficientFunds.into())
            }
            other => other,
        };
        assert_eq!(found, expected);
        of_model
    }

    /// Cleans up whatever is over, on both sides.
    pub(super) fn expire_over(&mut self) {
        for deal in self.model.deals().keys().copied().collect::<Vec<_>>() {
            if self.model.is_over(deal) {
                let replicas = self.model.deals()[&deal].replicas();
                self.model.expire(deal, replicas).unwrap();
                let (file, owner) = key(deal);
                let call = crate::Call::expire {
                    file,
                    owner,
                    replicas,
                };
                dispatch(PAUPER, call).unwrap();
                self.note("a lease was over", true);
            }
        }
        self.end_drops();
    }

    /// A drop ends with the last replica, whoever took it; the model's, when somebody asks.
    pub(super) fn end_drops(&mut self) {
        for provider in PROVIDERS {
            let ended = !Dropping::contains_key(provider);
            if ended && self.model.providers()[&provider].dropping.is_some() {
                assert_eq!(self.model.drop_replicas(provider, 0), Ok(0));
                assert_eq!(self.model.providers()[&provider].dropping, None);
            }
        }
    }

    /// The next round begins, on both sides at the price that follows the use of the pallet's side.
    pub(super) fn begin_round(&mut self) {
        self.fix_price();
        let usage = core::mem::take(&mut self.usage);
        self.model.begin_round(usage.utilisation());
        Clock::next_round();
        self.fix_price();
    }

    /// Runs the task of a slot, as if it were due.
    fn run_task(&self, deal: model::Key, index: u8) -> Result<crate::agenda::Ran, DispatchError> {
        let (file, owner) = key(deal);
        let slot = slot_of(file, owner, index);
        let due = slot.due.expect("the slot waits for something");
        let task = Task {
            file,
            owner,
            slot: index,
            token: slot.token,
            kind: TaskKind::Slot,
        };
        let now = System::block_number().max(due);
        System::set_block_number(now);
        Seeds::set(now, [7; 32]);
        with_storage_layer(|| {
            Storage::unschedule(due, slot.token);
            Storage::run_task(&task, now)
        })
    }

    /// Draws for a slot; whom, the model is told. Nobody fits if `provider` is none.
    pub(super) fn draw(&mut self, deal: model::Key, index: u8, provider: Option<u64>) -> bool {
        let (file, owner) = key(deal);
        if slot_of(file, owner, index).due.is_none() {
            // Too few rounds are left.
            let refused = self.model.draw(deal, index, PROVIDERS[0]);
            assert_eq!(refused, Err(model::Error::TooLateToDraw));
            return false;
        }
        Next::put(provider.unwrap_or(0));
        let SlotState::Drawing { draw_at, .. } = slot_of(file, owner, index).state else {
            panic!("not drawing")
        };
        let now = System::block_number().max(draw_at);
        // The draw point is this block.
        Deals::<Test>::mutate(file, owner, |deal| {
            deal.as_mut().unwrap().slots[usize::from(index)].state = SlotState::Drawing {
                draw_at: now,
                vain: 0,
            };
        });
        self.run_task(deal, index).unwrap();
        Next::kill();
        let drawn = slot_of(file, owner, index).state.provider().copied();
        let Some(who) = provider else {
            assert_eq!(drawn, None);
            // Where too few rounds are left, nobody was looked for.
            let left = self.model.deals()[&deal].terms.last() - self.model.round();
            if left >= self.model.parameters.min_rounds_left {
                self.model.nobody_fits(deal, index).unwrap();
                self.note("nobody fitted", true);
            }
            return false;
        };
        let of_model = self.model.draw(deal, index, who);
        assert_eq!(drawn.is_some(), of_model.is_ok(), "{of_model:?}");
        if of_model.is_err() && of_model != Err(model::Error::TooLateToDraw) {
            // Then it was a draw in which nobody fitted.
            self.model.nobody_fits(deal, index).unwrap();
        }
        of_model.is_ok()
    }

    pub(super) fn ready(&mut self, deal: model::Key, index: u8) {
        let (file, owner) = key(deal);
        let who = provider_of(file, owner, index);
        let call = crate::Call::ready {
            file,
            owner,
            slot: index,
        };
        dispatch(operator_of(who), call).unwrap();
        self.model.ready(who, deal, index).unwrap();
    }

    pub(super) fn prove(&mut self, deal: model::Key, index: u8) {
        let (file, owner) = key(deal);
        let who = provider_of(file, owner, index);
        let SlotState::Proving { draw_at, .. } = slot_of(file, owner, index).state else {
            panic!("not proving")
        };
        System::set_block_number(System::block_number().max(draw_at));
        Seeds::set(draw_at, [7; 32]);
        let shape = Shape::new(deal_of(file, owner).size).unwrap();
        let sectors = sectors_drawn(file, owner, index);
        let proof = zero_file::proofs::<Test>(&shape, sectors.into_iter());
        let call = crate::Call::prove {
            file,
            owner,
            slot: index,
            proof,
        };
        dispatch(operator_of(who), call).unwrap();
        self.model.prove(who, deal, index).unwrap();
    }

    pub(super) fn mature(&mut self, deal: model::Key, index: u8) {
        let (file, owner) = key(deal);
        if slot_of(file, owner, index).due.is_none() {
            return;
        }
        let replaces = slot_of(file, owner, index).leaving.is_some();
        let ran = self.run_task(deal, index).unwrap();
        match self.model.mature(deal, index) {
            Ok(()) => assert!(matches!(ran, crate::agenda::Ran::Matured(_))),
            Err(refused) => {
                assert_eq!(refused, model::Error::NotActive);
                assert!(matches!(ran, crate::agenda::Ran::Frozen(_)));
            }
        }
        self.note("a replacement earns", replaces);
    }

    /// A deadline passes.
    pub(super) fn fail(&mut self, deal: model::Key, index: u8) {
        let (file, owner) = key(deal);
        if let SlotState::Proving { draw_at, .. } = slot_of(file, owner, index).state {
            // Without a seed it could not have proven anything.
            Seeds::set(draw_at, [7; 32]);
        }
        let tick = TickNow::get();
        TickNow::put(1 << 60);
        let ran = self.run_task(deal, index).unwrap();
        TickNow::put(tick);
        self.model.fail(deal, index).unwrap();
        let lapsed = matches!(ran, crate::agenda::Ran::Lapsed(_));
        assert_eq!(lapsed, !self.model.deals().contains_key(&deal));
        self.note("a deal lapsed", lapsed);
    }

    /// Settles a provider's next round, and does on the pallet's side what a miss does to bond and delegations.
    pub(super) fn settle(&mut self, provider: u64, outcome: Outcome) {
        let Some(round) = model::Books::next(&self.model.books, provider) else {
            assert_eq!(Storage::next(&provider), None);
            return;
        };
        assert_eq!(Storage::next(&provider), Some(round));
        if round > self.model.round() {
            return;
        }
        let before = self.model.providers()[&provider];
        let dropping = before.dropping.is_some();
        let of_model = match (dropping, outcome) {
            (true, _) => model::Outcome::Forfeited,
            (_, Outcome::Passed) => model::Outcome::Passed,
            (_, Outcome::Missed) => model::Outcome::Missed,
            (_, Outcome::Skipped) => model::Outcome::Skipped,
        };
        let settled = self
            .model
            .settle(REPORTER, provider, round, of_model)
            .unwrap();
        let outcome = if dropping { Outcome::Missed } else { outcome };
        <Storage as Payroll<u64>>::settle(&provider, round, outcome);
        // Again, and for what is long settled: nothing.
        <Storage as Payroll<u64>>::settle(&provider, round, Outcome::Passed);
        let after = self.model.providers()[&provider];
        Registry::change(provider, |entry| {
            entry.bond = after.bond as u64;
            entry.stake = after.stake as u64;
            entry.active = after.active;
        });
        let slashed = settled.own_slashed + settled.stake_slashed - settled.to_reporter;
        if slashed > 0 {
            Balances::mint_into(&FUND, slashed as u64).unwrap();
            self.minted += slashed as u64;
        }
        if !dropping && after.dropping.is_some() {
            let taken = before.own_slashed + settled.own_slashed;
            Audits::begin_drop(provider, taken as u64);
            self.note("a provider was dropped", true);
        }
        self.note("a round was carried", outcome == Outcome::Skipped);
        self.note("a round was paid", settled.paid > 0);
        self.note("a round was forfeited", dropping && settled.due > 0);
        self.note("rounds were settled late", round + 3 < self.model.round());
    }

    /// Takes everything from a dropped provider.
    pub(super) fn drop_all(&mut self, provider: u64) {
        let call = crate::Call::drop_replicas {
            provider,
            limit: u32::MAX,
        };
        let of_pallet = dispatch(PAUPER, call);
        let of_model = self.model.drop_replicas(provider, u32::MAX);
        if self.same(of_model, of_pallet).is_ok() {
            self.note("a drop ended", true);
        }
    }

    /// Everything that must hold between two calls.
    pub(super) fn check(&self) {
        check_invariants();
        assert_eq!(self.model.broken(), None);
        let bank = &self.model.bank;
        let wealth_of = |who| bank.wealth(who) as u64;
        assert_eq!(u128::from(pot()), bank.money(model::POT).held, "the pot");
        assert_eq!(wealth(POT), wealth_of(model::POT));
        assert_eq!(wealth(FUND), wealth_of(model::FUND), "the fund");
        assert_eq!(wealth(TREASURY), wealth_of(model::TREASURY), "the treasury");
        for owner in OWNERS {
            let money = bank.money(owner);
            assert_eq!(u128::from(held(owner)), money.held, "deposits of {owner}");
            let free = Balances::free_balance(owner);
            assert_eq!(u128::from(free), money.free, "what {owner} has");
        }
        for provider in PROVIDERS {
            let free = Balances::free_balance(provider);
            assert_eq!(u128::from(free), bank.money(provider).free, "{provider}");
            let entry = Providers::get(provider).unwrap();
            let record = self.model.providers()[&provider];
            assert_eq!(u128::from(entry.stake), record.stake, "its delegators");
            self.check_account(provider);
        }
        let price = Price::<Test>::get().unwrap();
        assert_eq!(price.multiplier, self.model.price.multiplier);
        assert_eq!(u128::from(price.base), self.model.price.base);
        assert_eq!(u128::from(price.next_base), self.model.price.next_base);
        assert_eq!(Deals::<Test>::iter_keys().count(), self.model.deals().len());
        for (deal, record) in self.model.deals() {
            self.check_deal(*deal, record);
        }
    }

    fn check_account(&self, provider: u64) {
        let found = Accounts::<Test>::get(provider).map(|account| model::ProviderAccount {
            settled: account.settled,
            rate: account.rate.into(),
            owed: account.owed.into(),
            carried: account.carried.into(),
        });
        assert_eq!(found.as_ref(), self.model.books.account(provider));
        assert_eq!(
            RateChanges::<Test>::iter_prefix(provider).count(),
            self.model.books.changes_of(provider)
        );
        let limit = self.model.parameters.max_rounds as usize + 2;
        assert!(self.model.books.changes_of(provider) <= limit);
    }

    fn check_deal(&self, deal: model::Key, record: &model::Deal) {
        let (file, owner) = key(deal);
        let found = deal_of(file, owner);
        assert_eq!(
            u128::from(found.balance),
            self.model.books.balance(record.id)
        );
        assert_eq!(u128::from(found.terms.rent), record.terms.rent);
        assert_eq!(found.terms.end, record.terms.end);
        let next = found.terms.next.map(|next| (next.rent.into(), next.end));
        assert_eq!(next, record.terms.next.map(|next| (next.rent, next.end)));
        assert_eq!(found.ever_held, record.ever_held);
        assert_eq!(found.offered_to, record.offered_to);
        let lease = self.model.lease(deal).unwrap();
        let of_pallet = Storage::lease(&file, &owner).unwrap();
        assert_eq!(u128::from(of_pallet.credit), lease.credit);
        assert_eq!(
            u128::from(of_pallet.refund_now),
            lease.refund + record.deposit
        );
        assert_eq!(
            (of_pallet.held, of_pallet.earning),
            (lease.held, lease.earning)
        );
        for (slot, expected) in found.slots.iter().zip(&record.slots) {
            assert_eq!(slot.state.provider(), expected.state.provider().as_ref());
            assert_eq!(u128::from(slot.bounty), expected.bounty);
            if expected.state == model::SlotState::Drawing {
                assert_eq!(slot.passed_over, expected.passed_over);
            }
            assert_eq!(slot.failures, expected.failures);
            let earner = slot
                .earner()
                .map(|earner| (earner.provider, earner.joined, earner.bounty.into()));
            assert_eq!(earner, expected.earner());
            let since = slot.leaving.as_ref().map(|old| old.since);
            assert_eq!(since, expected.leaving.map(|old| old.since));
        }
    }

    /// Owners end what they have, providers settle what they are owed: nothing is left in the pot.
    pub(super) fn empty_the_pot(&mut self) {
        self.expire_over();
        for (file, owner) in self.model.deals().keys().copied().collect::<Vec<_>>() {
            let replicas = self.model.deals()[&(file, owner)].replicas();
            self.model.remove(owner, file, replicas).unwrap();
            let (file, owner) = key((file, owner));
            dispatch(owner, crate::Call::remove { file, replicas }).unwrap();
        }
        self.end_drops();
        for provider in PROVIDERS {
            for _ in 0..self.model.round() + 2 {
                self.settle(provider, Outcome::Passed);
            }
        }
        self.check();
        // What was carried waits for a round that is not skipped.
        self.begin_round();
        for provider in PROVIDERS {
            self.settle(provider, Outcome::Passed);
        }
        self.check();
        assert_eq!(pot(), 0, "nobody's money is stuck");
        assert_eq!(Reserved::<Test>::get(), 0);
        for provider in PROVIDERS {
            assert_eq!(Storage::population(&provider, 0).units, 0);
        }
        assert_eq!(crate::Agenda::<Test>::iter().count(), 0);
    }
}

/// The round that runs.
pub(super) fn round() -> RoundIndex {
    RoundNow::get()
}
