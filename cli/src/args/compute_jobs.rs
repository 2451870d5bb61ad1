//! `noema compute run` and `receipts`.

use std::path::PathBuf;

use clap::Args;

use super::compute::ProxyArgs;

/// Run a WASM job at a provider, through your proxy, which pays and checks the receipt.
///
/// The same module, inputs and limits have the same result everywhere. Unless you run the job again, with --check, nobody has verified that the provider's result is that one: the receipt
/// proves what it said and what it charged.
#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    /// The program: a path, or the id of a stored file.
    #[arg(long, value_name = "FILE")]
    pub(crate) module: String,
    /// An input: a path, or the id of a stored file. May be given several times; the job sees them in this order.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Vec<String>,
    /// Fuel that the job may use, about one for an instruction. A million of it is one unit of the price.
    #[arg(long, value_name = "FUEL", default_value_t = 1_000_000_000)]
    pub(crate) fuel: u64,
    /// Bytes of memory that it may use.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) memory: u32,
    /// Bytes of output that it may write.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    pub(crate) max_output: u32,
    /// Where its output goes; - is standard output.
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    /// Replace the output file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Run the job here as well, and compare how it ended, the fuel and the output's hash.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) proxy: ProxyArgs,
}

/// List the receipts that your proxy keeps, the newest first: at most 100,000 of them, each with its voucher.
#[derive(Clone, Debug, Args)]
pub(crate) struct Receipts {
    /// Check each again, as far as what is kept allows: who signed receipt and voucher, that both are for the same request, price, amount and sum. The answers are not kept: whether each was
    /// the one that its receipt binds, the proxy checked when it came.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Those of this service.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<u64>,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Those before this one, where the list before ended.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<u64>,
    /// Where a proxy has OpenAI's interface.
    #[arg(
        long,
        env = "NOEMA_PROXY_URL",
        value_name = "URL",
        default_value = super::compute::PROXY_URL
    )]
    pub(crate) proxy: String,
    /// File with the application's key, where the proxy wants one; permissions 600.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}
