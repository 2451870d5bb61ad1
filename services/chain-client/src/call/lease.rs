//! Calls about leases: extending, paying into, handing on and cleaning up.

use subxt::utils::AccountId32;

use super::{encode, BoundedVec};
use crate::{
    error::ChainError,
    runtime,
    state::StateAt,
    types::{AccountId, Balance, FileId, RoundIndex},
};

/// A call about leases.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseCall {
    /// Extends leases, for anyone. A lease that reaches as far already costs nothing.
    Renew {
        /// Files with the owners of their deals.
        leases: Vec<(FileId, AccountId)>,
        /// The last round that is asked for; those of grace come after it.
        until: RoundIndex,
        /// What it may cost at most, credit that is used included, in the smallest unit.
        max: Balance,
    },
    /// Raises the credit of a deal, for anyone. It is the owner's from then on.
    TopUp {
        /// The file.
        file: FileId,
        /// The deal's owner.
        owner: AccountId,
        /// What the credit is to be, in the smallest unit.
        level: Balance,
    },
    /// Says who may become the owner of the caller's deal.
    Offer {
        /// The file.
        file: FileId,
        /// Who may; nobody any more if `None`.
        to: Option<AccountId>,
    },
    /// Takes over a deal that was offered to the caller, with its deposit.
    Accept {
        /// The file.
        file: FileId,
        /// Who offers it.
        owner: AccountId,
        /// As in [`super::Call::Remove`].
        replicas: u8,
        /// What the deposit may be at most, in the smallest unit.
        max: Balance,
    },
    /// Cleans a deal up whose lease is over, for anyone.
    Expire {
        /// The file.
        file: FileId,
        /// The deal's owner.
        owner: AccountId,
        /// As in [`super::Call::Remove`].
        replicas: u8,
    },
}

impl LeaseCall {
    /// The call in SCALE for the runtime at `state`.
    pub(super) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
        let storage = runtime::tx().storage();
        let account = |account: &AccountId| AccountId32::from(*account);
        match self {
            LeaseCall::Renew { leases, until, max } => {
                let leases = leases
                    .iter()
                    .map(|(file, owner)| (file.0, account(owner)))
                    .collect();
                let call = storage.renew(BoundedVec(leases), *until, *max);
                encode(state, call.unvalidated())
            }
            LeaseCall::TopUp { file, owner, level } => {
                let call = storage.top_up(file.0, account(owner), *level);
                encode(state, call.unvalidated())
            }
            LeaseCall::Offer { file, to } => {
                let call = storage.offer(file.0, to.as_ref().map(account));
                encode(state, call.unvalidated())
            }
            LeaseCall::Accept {
                file,
                owner,
                replicas,
                max,
            } => {
                let call = storage.accept(file.0, account(owner), *replicas, *max);
                encode(state, call.unvalidated())
            }
            LeaseCall::Expire {
                file,
                owner,
                replicas,
            } => {
                let call = storage.expire(file.0, account(owner), *replicas);
                encode(state, call.unvalidated())
            }
        }
    }
}
