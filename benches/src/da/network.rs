//! Blobs through a gateway and seats on loopback, stage by stage, and what memory the gateway takes.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context};
use noema_benches::table::{rate, table};
use noema_da::{client::PutOptions, wire::BlobState};
use noema_local_net::{LocalNet, PortChoice};
use noema_tests::blobs::{availability, content, gateway, give, reader};
use tokio::time::sleep;

use crate::usage::memory;

/// Pause between two looks at how a blob stands.
const PAUSE: Duration = Duration::from_millis(20);
/// How long one blob may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// When a blob was how far.
struct Measured {
    size: usize,
    taken: Duration,
    submitted: Duration,
    available: Duration,
    read: Duration,
}

pub(super) async fn measure(mebibytes: &[u32], seats: usize) -> anyhow::Result<String> {
    let net = LocalNet::builder()
        .providers(0)
        .seats(seats)
        .ports(PortChoice::Free)
        .start()
        .await?;
    let mut all = Vec::new();
    for size in mebibytes {
        all.push(one(&net, usize::try_from(*size)? << 20).await?);
    }
    let pid = availability(&net)?
        .gateway_pid()
        .context("a gateway that runs")?;
    let peak = memory(pid)?.peak;
    net.shutdown().await;
    let largest = mebibytes.iter().copied().max().unwrap_or(1);
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let size = one.size as u64;
            let seconds = |took: Duration| format!("{:.2} s", took.as_secs_f64());
            vec![
                format!("{} MiB", one.size >> 20),
                seconds(one.taken),
                seconds(one.submitted.saturating_sub(one.taken)),
                seconds(one.available.saturating_sub(one.submitted)),
                format!("{:.1}", rate(size, one.available)),
                format!("{} ({:.1})", seconds(one.read), rate(size, one.read)),
            ]
        })
        .collect();
    let head = [
        "blob",
        "durable at the gateway",
        "coded, submitted and final",
        "rows dealt out, checked, signed; attested and final",
        "put, MB/s",
        "read from the seats, verified (MB/s)",
    ];
    Ok(format!(
        "{seats} seats and a gateway, all on this machine:\n\n{}\nMost memory that the gateway had: {:.0} MiB, {:.1} times the largest blob.\n",
        table(&head, &rows),
        peak as f64 / 1_048_576.0,
        peak as f64 / 1_048_576.0 / f64::from(largest),
    ))
}

async fn one(net: &LocalNet, size: usize) -> anyhow::Result<Measured> {
    let (gateway, blob) = (gateway(net)?, content(size, size as u64));
    let begun = Instant::now();
    let taken_as = give(&gateway, &blob, PutOptions::default()).await?;
    let taken = begun.elapsed();
    let (mut submitted, mut number) = (None, None);
    let available = loop {
        let status = gateway.status(&taken_as.id).await?;
        if status.submission.is_some() && submitted.is_none() {
            submitted = Some(begun.elapsed());
            number = status.submission;
        }
        match status.state {
            BlobState::Available => break begun.elapsed(),
            state if state.is_final() => bail!("{size} bytes: {status:?}"),
            _ if begun.elapsed() > PATIENCE => bail!("{size} bytes take too long: {status:?}"),
            _ => sleep(PAUSE).await,
        }
    };
    let number = number.context("what is available has a number")?;
    let begun = Instant::now();
    let read = reader(net).read(number).await?;
    let read_in = begun.elapsed();
    ensure!(read.bytes == blob, "{size} bytes come back");
    Ok(Measured {
        size,
        taken,
        submitted: submitted.unwrap_or(available),
        available,
        read: read_in,
    })
}
