//! What somebody really paid somebody else, for those who must not believe praise that cost nothing.

use sp_runtime::{DispatchError, DispatchResult};

/// Redeemed value per payer and payee, each unit of which counts once.
pub trait PaidInteractions<AccountId, Balance> {
    /// Units that `payer` has paid `payee` through redemptions and that nobody has consumed yet.
    fn unconsumed(payer: &AccountId, payee: &AccountId) -> Balance;

    /// Consumes `amount` of it. Fails, changing nothing, when there is less.
    fn consume(payer: &AccountId, payee: &AccountId, amount: Balance) -> DispatchResult;

    /// Lets `payer` have paid `payee` this much, so that a benchmark can consume it.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_unconsumed(payer: &AccountId, payee: &AccountId, amount: Balance);
}

/// No compute layer: nobody has paid anybody anything.
impl<AccountId, Balance: Default> PaidInteractions<AccountId, Balance> for () {
    fn unconsumed(_payer: &AccountId, _payee: &AccountId) -> Balance {
        Balance::default()
    }

    fn consume(_payer: &AccountId, _payee: &AccountId, _amount: Balance) -> DispatchResult {
        Err(DispatchError::Other("this chain has no paid interactions"))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_unconsumed(_payer: &AccountId, _payee: &AccountId, _amount: Balance) {}
}
