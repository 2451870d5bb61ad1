//! Coding a blob, verifying its rows, rebuilding it; and the same bytes committed to and extended as PeerDAS does.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use c_kzg::{ethereum_kzg_settings, Blob, KzgSettings, BYTES_PER_BLOB};
use noema_benches::table::{rate, table};
use noema_da::coding::{CodedBlob, Progress, Rebuilder, RowVerifier};
use noema_da_primitives::Content;
use rand::{rngs::StdRng, RngCore, SeedableRng};

/// Bytes of a field element of BLS12-381 that hold data: the highest stays zero, so that it is one.
const ELEMENT: usize = 32;
/// Blobs of PeerDAS that are measured, of the same bytes: each takes as long as another.
const PEER_BLOBS: usize = 3;
/// How much PeerDAS' library computes beforehand, from nothing to the most that it offers.
const PRECOMPUTED: [u64; 2] = [0, 8];

/// What came of one size.
struct Measured {
    size: usize,
    coded: Duration,
    row: Duration,
    row_bytes: usize,
    rebuilt: Duration,
    peer: Duration,
}

pub(super) fn measure(mebibytes: &[u32], repeat: usize) -> anyhow::Result<String> {
    let mut all = Vec::new();
    for size in mebibytes {
        let size = usize::try_from(*size)? << 20;
        let mut blob = vec![0; size];
        StdRng::seed_from_u64(7).fill_bytes(&mut blob);
        all.push(of(&blob, repeat.max(1))?);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let size = one.size as u64;
            let per_byte = one.peer.as_secs_f64() / peer_bytes() as f64;
            let ratio = per_byte * size as f64 / one.coded.as_secs_f64();
            vec![
                format!("{} MiB", one.size >> 20),
                format!("{:.0}", rate(size, one.coded)),
                format!("{:.2}", rate(peer_bytes() as u64, one.peer)),
                format!("{ratio:.0}"),
                format!(
                    "{:.0} µs of {} bytes",
                    one.row.as_secs_f64() * 1e6,
                    one.row_bytes
                ),
                format!("{:.0}", rate(size, one.rebuilt)),
            ]
        })
        .collect();
    let head = [
        "blob",
        "code and commit, MB/s",
        "PeerDAS (`c-kzg`), MB/s",
        "times as fast",
        "verify a row",
        "rebuild from K rows, MB/s",
    ];
    Ok(format!("{}\n", table(&head, &rows)))
}

fn peer_bytes() -> usize {
    PEER_BLOBS * BYTES_PER_BLOB
}

fn best<T>(
    repeat: usize,
    mut work: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<(T, Duration)> {
    let mut best: Option<(T, Duration)> = None;
    for _ in 0..repeat {
        let begun = Instant::now();
        let done = work()?;
        let took = begun.elapsed();
        if best.as_ref().is_none_or(|(_, before)| took < *before) {
            best = Some((done, took));
        }
    }
    best.context("measured once at least")
}

fn of(blob: &[u8], repeat: usize) -> anyhow::Result<Measured> {
    let (coded, took) = best(repeat, || Ok(CodedBlob::encode(Content::Plain, blob)?))?;
    let shape = *coded.shape();
    let verifier = RowVerifier::new(coded.commitment(), shape, coded.combinations().clone())?;
    // Parity rows: the dearer ones.
    let parity: Vec<_> = (shape.original()..shape.rows())
        .step_by(usize::from(shape.rows() / 64).max(1))
        .filter_map(|row| coded.row(row))
        .collect();
    let (_, rows) = best(repeat, || {
        for row in &parity {
            verifier.verify(black_box(row))?;
        }
        Ok(())
    })?;
    let last: Vec<_> = (shape.rows() - shape.original()..shape.rows())
        .filter_map(|row| coded.row(row))
        .collect();
    let (combinations, commitment) = (coded.combinations().clone(), coded.commitment());
    // Four times the blob, and not needed any more.
    drop(coded);
    let (rebuilt, rebuilding) = best(repeat, || {
        let mut rebuilder = Rebuilder::new(commitment, shape);
        for row in &last {
            if rebuilder.accept(&combinations, row)? == Progress::Enough {
                break;
            }
        }
        Ok(rebuilder.rebuild()?)
    })?;
    ensure!(rebuilt.bytes == blob, "the blob is rebuilt");
    Ok(Measured {
        size: blob.len(),
        coded: took,
        row: rows / u32::try_from(parity.len())?,
        row_bytes: shape.row_bytes() as usize,
        rebuilt: rebuilding,
        peer: peer(blob, repeat)?,
    })
}

/// Commitment, cells and proofs of the first bytes of the blob, with whichever setting is faster.
fn peer(bytes: &[u8], repeat: usize) -> anyhow::Result<Duration> {
    let mut blobs = Vec::new();
    for chunk in bytes.chunks(BYTES_PER_BLOB).take(PEER_BLOBS) {
        let mut whole = vec![0; BYTES_PER_BLOB];
        whole[..chunk.len()].copy_from_slice(chunk);
        // The highest byte of each number makes it one of the field.
        whole.iter_mut().step_by(ELEMENT).for_each(|byte| *byte = 0);
        blobs.push(Blob::from_bytes(&whole).map_err(peer_error)?);
    }
    let mut fastest = Duration::MAX;
    for precomputed in PRECOMPUTED {
        let settings = ethereum_kzg_settings(precomputed);
        let (_, took) = best(repeat, || peer_once(settings, &blobs))?;
        fastest = fastest.min(took);
    }
    Ok(fastest)
}

fn peer_once(settings: &KzgSettings, blobs: &[Blob]) -> anyhow::Result<()> {
    for blob in blobs {
        let commitment = settings.blob_to_kzg_commitment(blob).map_err(peer_error)?;
        let cells = settings
            .compute_cells_and_kzg_proofs(blob)
            .map_err(peer_error)?;
        black_box((commitment, cells));
    }
    Ok(())
}

fn peer_error(error: c_kzg::Error) -> anyhow::Error {
    anyhow::anyhow!("c-kzg: {error:?}")
}
