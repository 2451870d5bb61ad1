//! Hashing a file's commitment in memory: on one core, one, four and eight sectors at a time, and on
//! several threads. `sections/commitment.sh` makes a table of it.

use std::{num::NonZeroUsize, time::Duration};

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use noema_commitment::{commit_reader, usual_threads, Builder, Hasher, Lanes, Software};
use rand::{rngs::StdRng, RngCore, SeedableRng};

/// Bytes hashed in one go: more than a core's own caches hold, and short enough that among a hundred
/// goes some are not interrupted by what else the machine does.
const SIZE: usize = 8 << 20;

fn main() {
    let mut data = vec![0; SIZE];
    StdRng::seed_from_u64(1).fill_bytes(&mut data);
    let mut criterion = Criterion::default()
        .sample_size(100)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    one_core(&mut criterion, &data);
    threads(&mut criterion, &data);
    criterion.final_summary();
}

/// The peer is the `sha3` crate, which hashes one message after the other.
fn one_core(criterion: &mut Criterion, data: &[u8]) {
    let mut group = criterion.benchmark_group("one-core");
    group.throughput(Throughput::Bytes(data.len() as u64));
    group.sampling_mode(SamplingMode::Flat);
    on_one_core::<1>(&mut group, data);
    on_one_core::<4>(&mut group, data);
    on_one_core::<8>(&mut group, data);
    group.finish();
}

fn on_one_core<const N: usize>(
    group: &mut BenchmarkGroup<'_, criterion::measurement::WallTime>,
    data: &[u8],
) {
    if !Lanes::<N>::is_available() {
        println!("this processor does not hash {N} messages at once");
        return;
    }
    group.bench_function(BenchmarkId::from_parameter(N), |bencher| {
        bencher.iter(|| root::<Lanes<N>>(data));
    });
}

fn root<H: Hasher>(data: &[u8]) -> [u8; 32] {
    let mut builder = Builder::<H>::with_hasher();
    builder.push(data).expect("within the largest size; qed");
    builder.finish().expect("not empty; qed").root
}

/// One, two, four ... threads, up to as many as are used.
fn threads(criterion: &mut Criterion, data: &[u8]) {
    let mut group = criterion.benchmark_group("threads");
    group.throughput(Throughput::Bytes(data.len() as u64));
    group.sampling_mode(SamplingMode::Flat);
    let most = usual_threads().get();
    let mut counts: Vec<usize> = (0..).map(|p| 1 << p).take_while(|n| *n < most).collect();
    counts.push(most);
    for count in counts {
        let threads = NonZeroUsize::new(count).expect("from one on; qed");
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                let commitment = commit_reader::<Software>(data, threads, |_| {});
                commitment.expect("memory can be read; qed").root
            });
        });
    }
    group.finish();
}
