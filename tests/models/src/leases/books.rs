//! What is owed to whom: the part of the rules that the pallet does in another way than one would write it down.

use super::{Account, Balance, DealId, Outcome, Round, Terms};

/// A replica of a deal that earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replica {
    /// The deal.
    pub deal: DealId,
    /// The slot.
    pub slot: u8,
    /// Its earner.
    pub provider: Account,
}

/// The books of the pot, but for bounties that wait for a taker.
///
/// Nothing here moves money; what must move is returned. `now` is the round that runs: nothing changes what is owed for it, or for rounds
/// before.
pub trait Books: Clone + Default {
    /// Whether leases end in the round after their last, by themselves.
    const EAGER: bool;

    /// Begins a deal without money, with its rents in the rounds after `now`.
    fn open(&mut self, deal: DealId, replicas: u8, terms: &Terms, now: Round);

    /// The pot got money for a deal.
    fn pay_in(&mut self, deal: DealId, amount: Balance);

    /// A replica earns from `now + 1` on, in that round with a bounty, which the pot has.
    fn join(&mut self, replica: Replica, terms: &Terms, now: Round, bounty: Balance);

    /// A replica earns in `now` for the last time. `bounty` is what it was to get with the round `now + 1`: it is no longer in the books.
    fn stop(&mut self, replica: Replica, terms: &Terms, now: Round, bounty: Balance);

    /// Other rents after `now`.
    fn set_terms(
        &mut self,
        deal: DealId,
        earners: &[(u8, Account)],
        old: &Terms,
        new: &Terms,
        now: Round,
    );

    /// The next round to settle with a provider. `None`: nothing is owed to it for any.
    fn next(&self, provider: Account) -> Option<Round>;

    /// Settles that round: what of the pot's is neither the provider's any more nor any deal's, to be paid or forfeited. Nothing for a round
    /// that is skipped.
    fn settle(&mut self, provider: Account, outcome: Outcome) -> Balance;

    /// What a deal has beyond what its rounds after `now` can take. `empty` of its slots have no earner.
    fn credit(&self, deal: DealId, terms: &Terms, empty: u8, now: Round) -> Balance;

    /// Ends a deal without earners: what goes back to its owner.
    fn close(&mut self, deal: DealId, now: Round) -> Balance;

    /// What the pot must have.
    fn total(&self) -> Balance;

    /// What contradicts the books' own rules, if anything does.
    fn contradiction(&self, now: Round) -> Option<&'static str>;
}
