//! `noema validator`.

use std::str::FromStr;

use clap::{Args, Subcommand};
use noema_chain_client::{AccountId, Era, OwnershipProof, Payee, SessionKeys};

use super::provider::AmountOrAll;
use crate::{amount::Amount, percent::Percent};

#[derive(Debug, Subcommand)]
pub(crate) enum Validator {
    Setup(Setup),
    /// Show a validator: stake, keys, whether it is elected, points, slashes that wait; the signer if not said.
    ///
    /// Whether the node has the session keys is said only by the validator's own node, asked on its machine.
    Status {
        /// Its bonded account.
        validator: Option<AccountId>,
    },
    /// List who stands for election and who is elected.
    List,
    /// Stand for election no more, from the next era on.
    Chill,
    /// Start taking stake back; `withdraw` once the unbonding period is over.
    ///
    /// `all` stops standing for election as well.
    Unbond {
        /// In NOEMA, or `all` to leave.
        amount: AmountOrAll,
    },
    /// Take out what has finished unbonding.
    Withdraw,
    /// Have unclaimed pay paid out, to the validator and its nominators, oldest first.
    ///
    /// Anybody may do that for any validator; who signs pays the fee. What nobody claims within 84 eras is lost.
    Payout {
        /// The bonded account of the validator; the signer if not said.
        validator: Option<AccountId>,
        /// Of this era only.
        #[arg(long)]
        era: Option<Era>,
    },
}

/// Become a validator: session keys, stake and candidacy, in one transaction.
///
/// Run it on the validator's own machine, against its node. What is there already is kept: with everything in place nothing is
/// done, with a larger --bond only the difference is bonded, and new session keys are made only when the registered ones are not in the
/// node's keystore.
#[derive(Clone, Debug, Args)]
pub(crate) struct Setup {
    /// What to have at stake, in NOEMA, together with what is at stake already.
    #[arg(long, value_name = "NOEMA")]
    pub(crate) bond: Amount,
    /// What to take of an era's pay before it is divided with the nominators [default: as it is, or 0].
    #[arg(long, value_name = "PERCENT")]
    pub(crate) commission: Option<Percent>,
    /// Where goes what is earned: staked (stays at stake), stash (to the account), or an address [default: as it is, or staked].
    #[arg(long, value_name = "staked|stash|ADDRESS")]
    pub(crate) payee: Option<PayeeArg>,
    /// Session keys that were made elsewhere, with `author_rotateKeysWithOwner`.
    #[arg(long, value_name = "0xHEX", requires = "proof")]
    pub(crate) keys: Option<SessionKeys>,
    /// The proof that came with them.
    #[arg(long, value_name = "0xHEX", requires = "keys")]
    pub(crate) proof: Option<OwnershipProof>,
}

/// Where goes what is earned, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PayeeArg(pub(crate) Payee);

impl FromStr for PayeeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "staked" => Payee::Staked,
            "stash" => Payee::Stash,
            address => Payee::Account(
                address
                    .parse::<AccountId>()
                    .map_err(|e| format!("expected staked, stash or an account: {e}"))?,
            ),
        }))
    }
}
