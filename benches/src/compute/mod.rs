//! The section on the compute market: what gateway and proxy add to a request, what checking a voucher takes, and what settling takes of a chain.

mod latency;
mod settling;
mod vouchers;

use crate::table::table;

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many requests of each kind, each way
    #[arg(long, default_value_t = 1000)]
    requests: usize,
    /// Seconds in which vouchers are verified
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let vouchers = vouchers::verified(options.seconds)?;
    let latency = latency::measure(options.requests).await?;
    Ok(format!(
        "{latency}\nVouchers of the buyer's key (sr25519) that one core decodes from their header and verifies: {vouchers:.0} a second.\n\n{}",
        settling::report()
    ))
}
