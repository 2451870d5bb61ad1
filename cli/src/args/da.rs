//! `noema da`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use noema_da_primitives::{Commitment, Namespace};

/// Where a gateway of a local network answers.
pub(crate) const GATEWAY_URL: &str = "http://127.0.0.1:8402";

#[derive(Debug, Subcommand)]
pub(crate) enum Da {
    /// Make a blob available through a gateway, which pays for it.
    Put(Put),
    /// Get a blob from the seats that hold it, verified; or from a gateway.
    Get(Get),
    /// Say what the chain knows of a blob.
    Status {
        /// The blob: the number of its submission, or its commitment.
        blob: BlobName,
    },
    /// List what was made available in a namespace, in order.
    List {
        /// The namespace: 56 hex digits.
        #[arg(value_parser = namespace)]
        namespace: Namespace,
        /// Number of the first entry.
        #[arg(long, default_value_t = 0, value_name = "N")]
        from: u64,
        /// How many at most.
        #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Draw rows of a blob, ask their holders for them, and verify each.
    ///
    /// What the chain says is taken from the node; every row is verified.
    Sample(Sample),
    /// Show who has seats in a committee, and with what stake.
    Seats {
        /// The era; the running one if not said.
        #[arg(long, value_name = "N")]
        era: Option<u32>,
    },
}

/// A gateway, and what it asks for.
#[derive(Clone, Debug, Args)]
pub(crate) struct GatewayArgs {
    /// Where the gateway answers.
    #[arg(long, env = "NOEMA_DA_GATEWAY_URL", default_value = GATEWAY_URL, value_name = "URL")]
    pub(crate) gateway: String,
    /// File with the gateway's token; permissions 600.
    #[arg(long, env = "NOEMA_DA_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Put {
    /// The file; `-` is standard input. At most 128 MiB.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,
    /// Where it is listed: 56 hex digits; the gateway's own namespace if not said.
    #[arg(long, value_name = "HEX", value_parser = namespace)]
    pub(crate) namespace: Option<Namespace>,
    /// Days for which it stays available; as the gateway says if not said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=13))]
    pub(crate) days: Option<u8>,
    /// Let it go into one coded blob with others, if it is small: it costs less and takes a moment longer.
    #[arg(long)]
    pub(crate) bundle: bool,
    /// Do not wait until it is available: the bytes are durable at the gateway, nothing more.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The blob: the number of its submission, or its commitment.
    pub(crate) blob: BlobName,
    /// Where to write it; `-` is standard output.
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Only this member of a bundle.
    #[arg(long, value_name = "N")]
    pub(crate) member: Option<u32>,
    /// Have this gateway read it, and believe what it says.
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: Option<String>,
    /// File with the gateway's token; permissions 600.
    #[arg(
        long,
        env = "NOEMA_DA_TOKEN_FILE",
        value_name = "FILE",
        requires = "gateway"
    )]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// The blob: the number of its submission, or its commitment.
    pub(crate) blob: BlobName,
    /// Rows to draw. With N of them, whoever keeps back so much that nobody can rebuild the blob is not found out with a chance below 4^-N.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) rows: u32,
}

/// How a blob is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlobName {
    /// By its submission.
    Submission(u64),
    /// By what its coding commits to: the newest submission of it that is available.
    Commitment(Commitment),
}

impl FromStr for BlobName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Submission(number));
        }
        let mut bytes = [0; 32];
        let digits = text.strip_prefix("0x").unwrap_or(text);
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| {
            "expected the number of a submission, or a commitment of 64 hex digits".to_owned()
        })?;
        Ok(Self::Commitment(Commitment(bytes)))
    }
}

fn namespace(text: &str) -> Result<Namespace, String> {
    noema_da::gateway::parse_namespace(text)
        .ok_or_else(|| "expected a namespace of 56 hex digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_are_named_by_number_or_commitment() {
        assert_eq!("12".parse(), Ok(BlobName::Submission(12)));
        let hex = "0a".repeat(32);
        let named = Ok(BlobName::Commitment(Commitment([10; 32])));
        assert_eq!(hex.parse(), named);
        assert_eq!(format!("0x{hex}").parse(), named);
        for wrong in ["", "-1", "0x12", "zz"] {
            assert!(wrong.parse::<BlobName>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn namespaces_have_their_length() {
        assert_eq!(namespace(&"07".repeat(28)), Ok(Namespace([7; 28])));
        assert!(namespace("07").is_err());
    }
}
