//! `noema storage renew`, `top-up`, `offer`, `accept` and `expire`.

use clap::Args;
use noema_chain_client::AccountId;

use super::storage::Which;
use crate::amount::Amount;

/// Extend a lease: yours, or another's as a gift.
///
/// Pays for the rounds from the present end of the lease on, at the present price; those that are paid for keep theirs. The credit of your own deal is used first. A lease
/// that reaches as far already costs nothing, so that running it again with --until is safe.
#[derive(Clone, Debug, Args)]
pub(crate) struct Renew {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Whose lease; the signer's if not said.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) owner: Option<AccountId>,

    /// The last round to be paid for, without those of grace.
    #[arg(long, value_name = "ROUND", conflicts_with = "rounds")]
    pub(crate) until: Option<u32>,

    /// The same as rounds from now on [default: thirty times the chain's least].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,

    /// What it may cost at most, credit included [default: what the chain says it costs now].
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_price: Option<Amount>,
}

/// Raise the credit of a lease, which pays its owner's renewals and comes back to the owner at the end.
///
/// Names the level, not what is added: running it again adds nothing.
#[derive(Clone, Debug, Args)]
pub(crate) struct TopUp {
    #[command(flatten)]
    pub(crate) which: Which,

    /// What the credit is to be, in NOEMA.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) level: Amount,

    /// Whose lease; the signer's if not said.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) owner: Option<AccountId>,
}

/// Say who may take your deal over a file, with all that is paid for it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Offer {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Who may.
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "nobody")]
    pub(crate) to: Option<AccountId>,

    /// Take an offer back.
    #[arg(long, conflicts_with = "to")]
    pub(crate) nobody: bool,
}

/// Take over a deal that was offered to you: you put up its deposit, rounds and credit come with it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Accept {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Who offers it.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) owner: AccountId,

    /// What the deposit may be at most [default: what the deal's is].
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_deposit: Option<Amount>,
}

/// Clean a deal up whose lease is over; anyone may, for a fee. Its deposit goes back to its owner.
#[derive(Clone, Debug, Args)]
pub(crate) struct Expire {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Whose deal; the signer's if not said.
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) owner: Option<AccountId>,
}
