//! `noema provider`.

use clap::{Args, Subcommand};
use noema_chain_client::{AccountId, Role};
use noema_storage::ByteSize;

use crate::amount::Amount;

/// What all provider commands have.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct RoleArg {
    /// storage, data-availability or compute.
    #[arg(long, default_value_t = Role::Storage)]
    pub(crate) role: Role,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Provider {
    /// Register the signer as a provider.
    Register {
        #[command(flatten)]
        role: RoleArg,
        /// Own bond, in NOEMA: first loss, and what capacity is covered by.
        #[arg(long, value_name = "NOEMA")]
        bond: Amount,
        /// Account of the daemon's hot key.
        #[arg(long, value_name = "ADDRESS")]
        operator: AccountId,
        /// Where the daemon answers and which key it has: https://HOST:PORT#sha256=KEY, as the daemon prints it.
        #[arg(long, value_name = "URL")]
        endpoint: String,
        /// Bytes offered, such as 500GiB.
        #[arg(long, value_name = "SIZE")]
        capacity: ByteSize,
    },
    /// Show a provider; the signer if not said.
    Status {
        #[command(flatten)]
        role: RoleArg,
        /// Its bonded account.
        provider: Option<AccountId>,
    },
    /// List the providers.
    List {
        #[command(flatten)]
        role: RoleArg,
    },
    /// Announce where the daemon answers (bonded account or hot key).
    SetEndpoint {
        #[command(flatten)]
        role: RoleArg,
        /// https://HOST[:PORT][/PATH]#sha256=KEY, as the daemon prints it; plain http on loopback only.
        endpoint: String,
    },
    /// Replace the hot key.
    SetOperator {
        #[command(flatten)]
        role: RoleArg,
        /// Account of the new key.
        operator: AccountId,
    },
    /// Change how many bytes are offered.
    SetCapacity {
        #[command(flatten)]
        role: RoleArg,
        /// Such as 500GiB.
        capacity: ByteSize,
    },
    /// Add to the bond.
    BondMore {
        #[command(flatten)]
        role: RoleArg,
        /// In NOEMA.
        amount: Amount,
    },
    /// Start taking from the bond; `withdraw` once the unbonding period is over.
    Unbond {
        #[command(flatten)]
        role: RoleArg,
        /// In NOEMA, or `all` to leave.
        amount: AmountOrAll,
    },
    /// Put unbonding funds back into the bond.
    Rebond {
        #[command(flatten)]
        role: RoleArg,
        /// In NOEMA, or `all`.
        amount: AmountOrAll,
    },
    /// Take out what has finished unbonding.
    Withdraw {
        #[command(flatten)]
        role: RoleArg,
    },
    /// Get no new work (bonded account or hot key).
    Chill {
        #[command(flatten)]
        role: RoleArg,
    },
    /// Get new work again.
    Activate {
        #[command(flatten)]
        role: RoleArg,
    },
    /// Come back after a jail term, chilled; then `activate`.
    Unjail {
        #[command(flatten)]
        role: RoleArg,
    },
}

/// An amount, or everything there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountOrAll {
    All,
    Exactly(Amount),
}

impl std::str::FromStr for AmountOrAll {
    type Err = <Amount as std::str::FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        text.parse().map(Self::Exactly)
    }
}
