//! Commands about the key of a seat.

use std::path::PathBuf;

use clap::Subcommand;
use noema_chain_client::{AccountId, SigningKey};
use noema_daemon::{key, NODE};

use super::ConfigError;

/// What to do with a key.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a key, writes it into a file that is not there yet, and prints its public key
    New {
        /// The file; it gets permissions 600
        file: PathBuf,
    },
    /// Prints the public key of a file
    Show {
        /// The file
        file: PathBuf,
    },
    /// Gives a provider this key on chain, in the place of the one that it has
    Set(Box<SetKeyArgs>),
    /// Takes a provider's key away: it is not drawn any more from the next era on
    Retire {
        /// Whose key
        #[arg(long, value_name = "ACCOUNT")]
        provider: AccountId,
        /// Who signs.
        #[command(flatten)]
        signer: SignerArgs,
    },
}

/// Who signs for a key, and through which node.
#[derive(Clone, Debug, clap::Args)]
pub struct SignerArgs {
    /// Node to submit through
    #[arg(long, env = "NOEMA_DA_SEAT_NODE", value_name = "URL", default_value = NODE)]
    pub node: String,
    /// File with the secret of the provider's bonded account or operator key; permissions 600
    #[arg(long, env = "NOEMA_DA_SEAT_OPERATOR_KEY", value_name = "FILE")]
    operator_key: Option<PathBuf>,
    /// A well-known development key in its place: for local networks only
    #[arg(long, env = "NOEMA_DA_SEAT_DEV_OPERATOR", value_name = "NAME")]
    dev_operator: Option<String>,
}

impl SignerArgs {
    /// The key that signs.
    ///
    /// # Errors
    /// When none is given, or it cannot be read.
    pub fn key(&self) -> Result<SigningKey, ConfigError> {
        let file = self.operator_key.as_deref();
        key("operator-key", file, self.dev_operator.as_deref())?
            .ok_or(ConfigError::Missing("operator-key"))
    }
}

/// Arguments of `key set`.
#[derive(Clone, Debug, clap::Args)]
pub struct SetKeyArgs {
    /// The file with the key
    pub file: PathBuf,
    /// The provider that gets it
    #[arg(long, env = "NOEMA_DA_SEAT_PROVIDER", value_name = "ACCOUNT")]
    pub provider: AccountId,
    /// A provider with less stake that gives way when as many have keys as may
    #[arg(long, value_name = "ACCOUNT")]
    pub instead_of: Option<AccountId>,
    /// Who signs.
    #[command(flatten)]
    pub signer: SignerArgs,
}
