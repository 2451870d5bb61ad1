//! What a validator may submit.

use codec::{Compact, Encode};
use subxt::utils::AccountId32;

use super::{encode, Arguments, EncodedCall};
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            pallet_staking::{RewardDestination, ValidatorPrefs},
            sp_arithmetic::per_things::Perbill,
        },
    },
    state::StateAt,
    types::{AccountId, Balance, Candidacy, Era, OwnershipProof, Payee, SessionKeys},
};

/// A call with which an account validates. It is made by the account that has the stake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValidatorCall {
    /// Puts tokens at stake for the first time. Takes what there is when there is less.
    Bond {
        /// How much, in the smallest unit.
        amount: Balance,
        /// Where goes what it earns.
        payee: Payee,
    },
    /// Puts more at stake. Takes what there is when there is less.
    BondExtra {
        /// How much more, in the smallest unit.
        amount: Balance,
    },
    /// Changes where goes what is earned.
    SetPayee {
        /// Where to.
        payee: Payee,
    },
    /// Registers session keys.
    SetKeys {
        /// The public keys.
        keys: SessionKeys,
        /// That the caller owns them.
        proof: OwnershipProof,
    },
    /// Stands for election, or changes what it asks for.
    Validate(Candidacy),
    /// Stands for election no more.
    Chill,
    /// Begins to take stake back.
    Unbond {
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Takes out what has finished unbonding.
    Withdraw {
        /// [`StateAt::slashing_spans`](crate::StateAt::slashing_spans) of the account.
        slashing_spans: u32,
    },
    /// Has a page of an era paid; anyone may.
    Payout {
        /// Who earned it.
        validator: AccountId,
        /// The era.
        era: Era,
        /// The page of nominators.
        page: u32,
    },
}

impl ValidatorCall {
    /// Name of the call as the chain has it, such as `Staking.bond`.
    pub fn name(&self) -> &'static str {
        match self {
            ValidatorCall::Bond { .. } => "Staking.bond",
            ValidatorCall::BondExtra { .. } => "Staking.bond_extra",
            ValidatorCall::SetPayee { .. } => "Staking.set_payee",
            ValidatorCall::SetKeys { .. } => "Session.set_keys",
            ValidatorCall::Validate(_) => "Staking.validate",
            ValidatorCall::Chill => "Staking.chill",
            ValidatorCall::Unbond { .. } => "Staking.unbond",
            ValidatorCall::Withdraw { .. } => "Staking.withdraw_unbonded",
            ValidatorCall::Payout { .. } => "Staking.payout_stakers_by_page",
        }
    }

    pub(super) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
        let staking = runtime::tx().staking();
        match self {
            ValidatorCall::Bond { amount, payee } => {
                encode(state, staking.bond(*amount, payee.into()).unvalidated())
            }
            ValidatorCall::BondExtra { amount } => {
                encode(state, staking.bond_extra(*amount).unvalidated())
            }
            ValidatorCall::SetPayee { payee } => {
                encode(state, staking.set_payee(payee.into()).unvalidated())
            }
            ValidatorCall::SetKeys { keys, proof } => {
                // Keys come from the runtime in its own encoding: which there are is its affair.
                let proof_bytes = &proof.0;
                let mut arguments = keys.0.clone();
                proof_bytes.encode_to(&mut arguments);
                encode(
                    state,
                    EncodedCall {
                        pallet: "Session".into(),
                        call: "set_keys".into(),
                        arguments: Arguments(arguments),
                    },
                )
            }
            ValidatorCall::Validate(candidacy) => {
                let preferences = ValidatorPrefs {
                    commission: Perbill(candidacy.commission),
                    blocked: candidacy.blocked,
                };
                encode(state, staking.validate(preferences).unvalidated())
            }
            ValidatorCall::Chill => encode(state, staking.chill().unvalidated()),
            ValidatorCall::Unbond { amount } => {
                encode(state, staking.unbond(*amount).unvalidated())
            }
            ValidatorCall::Withdraw { slashing_spans } => encode(
                state,
                staking.withdraw_unbonded(*slashing_spans).unvalidated(),
            ),
            ValidatorCall::Payout {
                validator,
                era,
                page,
            } => {
                let call =
                    staking.payout_stakers_by_page(AccountId32::from(*validator), *era, *page);
                encode(state, call.unvalidated())
            }
        }
    }
}

/// `calls` as one call of which all take place or none does.
pub(super) fn batch_all(calls: Vec<Vec<u8>>, state: &StateAt) -> Result<Vec<u8>, ChainError> {
    let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    let mut arguments = Compact(count).encode();
    calls.iter().for_each(|call| arguments.extend(call));
    encode(
        state,
        EncodedCall {
            pallet: "Utility".into(),
            call: "batch_all".into(),
            arguments: Arguments(arguments),
        },
    )
}

impl From<&Payee> for RewardDestination<AccountId32> {
    fn from(payee: &Payee) -> Self {
        match payee {
            Payee::Staked => Self::Staked,
            Payee::Stash => Self::Stash,
            Payee::Account(account) => Self::Account((*account).into()),
            Payee::Nobody => Self::None,
        }
    }
}
