//! The section on data availability: coding beside the polynomial commitments of PeerDAS, and blobs through gateway and seats on loopback.

mod coding;
mod network;

/// What the section needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// MiB of the blobs
    #[arg(long, value_delimiter = ',', default_value = "1,32,128")]
    sizes: Vec<u32>,
    /// How often each is measured; the best counts
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Seats on loopback
    #[arg(long, default_value_t = 4)]
    seats: usize,
    /// What to measure
    #[arg(long, default_value = "all")]
    only: Only,
}

/// A part of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Only {
    /// Both parts.
    All,
    /// Coding, on the cores that this process may use.
    Coding,
    /// Blobs through a network.
    Network,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<String> {
    let mut section = String::new();
    if options.only != Only::Network {
        section += &coding::measure(&options.sizes, options.repeat)?;
    }
    if options.only != Only::Coding {
        section += &network::measure(&options.sizes, options.seats).await?;
    }
    Ok(section)
}
