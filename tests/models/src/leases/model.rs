//! The whole: accounts, deals, providers, price, rounds.

use super::{
    bank::Bank,
    books::{Books, Replica},
    types::Earner,
    Account, Balance, Deal, DealId, Ending, Error, Key, Parameters, Price, Provider, Round,
    SlotState, MILLION,
};
use std::collections::BTreeMap;

/// The account that has all escrows.
pub const POT: Account = 1_000_001;
/// The repair fund.
pub const FUND: Account = 1_000_002;
/// The treasury.
pub const TREASURY: Account = 1_000_003;
/// Accounts of pools: this and the provider's number.
const POOLS: Account = 2_000_000;

/// See [the module](super).
#[derive(Clone, Debug)]
pub struct Model<B> {
    /// The numbers of the chain.
    pub parameters: Parameters,
    /// All money.
    pub bank: Bank,
    /// What is owed to whom.
    pub books: B,
    /// What storage costs in the present round.
    pub price: Price,
    pub(super) round: Round,
    pub(super) deals: BTreeMap<Key, Deal>,
    pub(super) providers: BTreeMap<Account, Provider>,
    pub(super) next_deal: DealId,
}

impl<B: Books> Model<B> {
    /// A chain in round 0 without deals and providers; the accounts of the protocol have their existential deposits.
    pub fn new(parameters: Parameters) -> Self {
        let mut bank = Bank::new(parameters.existential_deposit, TREASURY);
        for account in [POT, FUND, TREASURY] {
            bank.endow(account, parameters.existential_deposit);
        }
        Self {
            parameters,
            bank,
            books: B::default(),
            price: Price {
                base: parameters.base_price,
                next_base: parameters.base_price,
                multiplier: MILLION,
            },
            round: 0,
            deals: BTreeMap::new(),
            providers: BTreeMap::new(),
            next_deal: 0,
        }
    }

    /// The round that runs.
    pub fn round(&self) -> Round {
        self.round
    }

    /// All deals that have a record.
    pub fn deals(&self) -> &BTreeMap<Key, Deal> {
        &self.deals
    }

    /// All providers.
    pub fn providers(&self) -> &BTreeMap<Account, Provider> {
        &self.providers
    }

    /// Begins the next round, with a price that follows this utilisation, in millionths.
    pub fn begin_round(&mut self, utilisation: u64) {
        self.round += 1;
        self.price = self.price.moved(utilisation);
        self.note_cover();
        if B::EAGER {
            self.expire_all();
        }
    }

    /// Ends every deal whose lease is over, in the order of their ends.
    pub fn expire_all(&mut self) {
        let over = self
            .deals
            .iter()
            .filter(|(_, deal)| deal.terms.last() < self.round);
        let mut over: Vec<(Round, Key)> =
            over.map(|(key, deal)| (deal.terms.last(), *key)).collect();
        over.sort_unstable();
        for (_, key) in over {
            self.finish(key, Ending::Over);
        }
    }

    /// Whether a deal has a record, but no round left.
    pub fn is_over(&self, key: Key) -> bool {
        self.deals
            .get(&key)
            .is_some_and(|deal| deal.terms.last() < self.round)
    }

    /// A deal whose lease is not over: what is over is gone for every call.
    pub(super) fn deal(&self, key: Key) -> Result<&Deal, Error> {
        self.deals
            .get(&key)
            .filter(|deal| deal.terms.last() >= self.round)
            .ok_or(Error::UnknownDeal)
    }

    pub(super) fn deal_mut(&mut self, key: Key) -> Result<&mut Deal, Error> {
        let round = self.round;
        self.deals
            .get_mut(&key)
            .filter(|deal| deal.terms.last() >= round)
            .ok_or(Error::UnknownDeal)
    }

    /// The deals whose leases are not over.
    pub(super) fn live(&self) -> impl Iterator<Item = (&Key, &Deal)> {
        self.deals
            .iter()
            .filter(|(_, deal)| deal.terms.last() >= self.round)
    }

    /// Registers a provider and what others delegate to it. They have the money; the pool's account needs its existential deposit.
    pub fn register(
        &mut self,
        who: Account,
        bond: Balance,
        delegator: Account,
        stake: Balance,
        commission: u64,
    ) -> Result<(), Error> {
        let pool = POOLS + who;
        if bond < self.parameters.min_bond || self.providers.contains_key(&who) {
            return Err(Error::CannotActivate);
        }
        self.bank.hold(who, bond)?;
        self.bank
            .pay(delegator, pool, self.parameters.existential_deposit)?;
        self.bank.pay_into_hold(delegator, pool, stake)?;
        let provider = Provider {
            bond,
            stake,
            pool,
            commission,
            active: true,
            points: 0,
            own_slashed: 0,
            uncovered_since: None,
            dropping: None,
        };
        self.providers.insert(who, provider);
        Ok(())
    }

    /// Ends the record of a provider that has no slots. What it was not paid for yet, it can no longer receive through it.
    pub fn deregister(&mut self, who: Account) -> Result<(), Error> {
        let provider = *self.providers.get(&who).ok_or(Error::UnknownProvider)?;
        if self.deals.values().any(|deal| deal.has(who)) {
            return Err(Error::StillReserved);
        }
        self.bank.release(who, provider.bond);
        self.bank.release(provider.pool, provider.stake);
        self.providers.remove(&who);
        Ok(())
    }

    /// Sectors that a provider has promised to keep: of all slots in which it is anything.
    pub fn reserved(&self, provider: Account) -> u64 {
        self.live()
            .map(|(_, deal)| {
                let slots = deal.slots.iter().filter(|slot| slot.has(provider)).count();
                deal.sectors * u64::try_from(slots).unwrap_or(u64::MAX)
            })
            .sum()
    }

    /// The collateral that so many sectors take, rounded up.
    pub fn collateral_of(&self, sectors: u64) -> Balance {
        super::mul_div_up(
            self.parameters.collateral,
            sectors.into(),
            self.parameters.price_sectors.into(),
        )
        .unwrap_or(Balance::MAX)
    }

    /// Sectors of the replicas that a provider is leaving.
    pub fn leaving(&self, provider: Account) -> u64 {
        self.live()
            .map(|(_, deal)| {
                let leaves =
                    |slot: &&super::Slot| slot.leaving.is_some_and(|old| old.provider == provider);
                let slots = deal.slots.iter().filter(leaves).count();
                deal.sectors * u64::try_from(slots).unwrap_or(u64::MAX)
            })
            .sum()
    }

    /// Writes down whose stake does not cover what it has, since which round.
    pub(super) fn note_cover(&mut self) {
        let uncovered: Vec<Account> = self
            .providers
            .iter()
            .filter(|(who, record)| {
                self.collateral_of(self.reserved(**who)) > self.stake_of(record)
            })
            .map(|(who, _)| *who)
            .collect();
        for (who, record) in &mut self.providers {
            record.uncovered_since = uncovered
                .contains(who)
                .then_some(record.uncovered_since.unwrap_or(self.round));
        }
    }

    /// What stands behind a provider's promises.
    pub(super) fn stake_of(&self, provider: &Provider) -> Balance {
        let counted = provider
            .bond
            .saturating_mul(self.parameters.max_delegation_percent.into())
            / 100;
        provider.bond.saturating_add(provider.stake.min(counted))
    }

    /// Changes the base price from the next round on: at most to the double or the half.
    pub fn set_base_price(&mut self, base: Balance) -> Result<(), Error> {
        let Parameters {
            min_base_price,
            max_base_price,
            ..
        } = self.parameters;
        let now = self.price.base;
        let bounded = (min_base_price..=max_base_price).contains(&base);
        let near = base <= now.saturating_mul(2) && base.saturating_mul(2) >= now;
        if !bounded || !near {
            return Err(Error::PriceOutOfBounds);
        }
        self.price.next_base = base;
        Ok(())
    }

    /// Ends a deal: its earners stop, what waits for nobody goes to the fund, the owner gets the rest and the deposit.
    pub(super) fn finish(&mut self, key: Key, _why: Ending) {
        let Some(deal) = self.deals.remove(&key) else {
            return;
        };
        let mut for_fund = 0;
        for (index, slot) in (0u8..).zip(&deal.slots) {
            if let Some(earner) = slot.earner() {
                for_fund += self.stop(&deal, index, earner);
            }
            for_fund += slot.bounty;
        }
        self.send(for_fund, FUND);
        let refund = self.books.close(deal.id, self.round);
        self.send(refund, key.1);
        self.bank.release(key.1, deal.deposit);
    }

    /// Lets a slot's earner stop in this round. Returns the bounty that it does not get, because the round for it has not begun; the pot has
    /// it.
    pub(super) fn stop(&mut self, deal: &Deal, slot: u8, earner: Earner) -> Balance {
        let (provider, joined, bounty) = earner;
        let not_due = if joined == self.round { bounty } else { 0 };
        let replica = Replica {
            deal: deal.id,
            slot,
            provider,
        };
        self.books.stop(replica, &deal.terms, self.round, not_due);
        not_due
    }

    /// Pays out of the pot; to the fund what cannot be received, and to the treasury what the fund cannot.
    pub(super) fn send(&mut self, amount: Balance, to: Account) {
        let sent = self.bank.pay_held(POT, to, amount)
            || self.bank.pay_held(POT, FUND, amount)
            || self.bank.pay_held(POT, TREASURY, amount);
        if !sent {
            // Stays in the pot, nobody's.
            self.bank.release(POT, amount);
        }
    }

    /// Sectors of the replicas for which a provider earns.
    pub(super) fn earning_sectors(&self, provider: Account) -> u64 {
        self.live()
            .flat_map(|(_, deal)| deal.slots.iter().map(|slot| (deal.sectors, slot.earner())))
            .filter(|(_, earner)| earner.is_some_and(|(earner, ..)| earner == provider))
            .map(|(sectors, _)| sectors)
            .sum()
    }

    /// Where a provider's next slot is, in the order of deals, and whether it earns there.
    pub(super) fn first_slot_of(&self, provider: Account) -> Option<(Key, u8)> {
        self.live().find_map(|(key, deal)| {
            (0u8..)
                .zip(&deal.slots)
                .find(|(_, slot)| slot.has(provider))
                .map(|(index, _)| (*key, index))
        })
    }
}

/// The state of a slot that lost whoever had it.
pub(super) const OPEN: SlotState = SlotState::Drawing;
