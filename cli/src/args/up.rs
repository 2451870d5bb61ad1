//! `noema up`.

use std::path::PathBuf;

use clap::Args;
use noema_local_net::{MAX_PROVIDERS, MAX_SEATS, MAX_VALIDATORS, MIN_SEATS};

/// Run a local network.
///
/// A chain and storage providers as processes of this machine, with their endpoints printed and one
/// merged log. Ctrl-C stops all of them. Started again on the same data, the same chain goes on. Everything
/// listens on 127.0.0.1, and all keys are development keys that everybody has.
#[derive(Clone, Debug, Args)]
pub(crate) struct Up {
    /// Where the chain, the files and the logs are kept.
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,

    /// Throw everything away at the end.
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) tmp: bool,

    /// Let the daemons encrypt, with their keys pinned on chain, as providers of a real network do.
    #[arg(long)]
    pub(crate) tls: bool,

    /// How many storage providers.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = up_to(0, MAX_PROVIDERS))]
    pub(crate) providers: usize,

    /// Sell and buy inference as well: a gateway with the model that is built into it, and a proxy with OpenAI's interface.
    #[arg(long)]
    pub(crate) compute: bool,

    /// Make blobs available as well: N providers with seats in committees, 4 if not said, and a gateway before them.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "4",
        value_parser = up_to(MIN_SEATS, MAX_SEATS)
    )]
    pub(crate) da: Option<usize>,

    /// How many validators; cannot be changed on existing data.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = up_to(1, MAX_VALIDATORS))]
    pub(crate) validators: usize,
}

fn up_to(least: usize, most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("expected a number from {least} to {most}")),
    }
}
