//! What block authors can do to a draw.

/// A run of own slots less probable than this changes nothing.
const NEGLIGIBLE: f64 = 1e-15;

/// Ways to choose `few` of `many`, as far as `f64` goes.
fn choose(many: u32, few: u32) -> f64 {
    if few > many {
        return 0.0;
    }
    (0..few).fold(1.0, |product, i| {
        product * f64::from(many - i) / f64::from(i + 1)
    })
}

/// The probability that a coalition with the share `authors` of all slots misses a round that it
/// would miss with probability `miss`, if it plays its slots as well as can be and does not mind
/// what that costs.
///
/// It sees the outputs of its own slots up to the next slot of somebody else, and can publish or
/// withhold each of these blocks. `blocks` before the draw point, a run of `j` own slots lets it
/// choose among `C(j, blocks)` seeds. If none is good, it publishes what suits it of the run and
/// goes on. The value converges quickly in `blocks`; 32 is the window of a seed.
pub fn steered_miss(authors: f64, miss: f64) -> f64 {
    steered_miss_before(32, authors, miss)
}

/// The same, when it begins so many blocks before the draw point.
pub fn steered_miss_before(blocks: u32, authors: f64, miss: f64) -> f64 {
    // value[r - 1]: probability of a miss with r blocks to come, before anything of them is known.
    let mut value: Vec<f64> = Vec::new();
    for remaining in 1..=blocks {
        // The next slot is somebody else's, with c of the remaining blocks published before it.
        let others = |left: u32| match left {
            0 | 1 => miss,
            _ => {
                let place = usize::try_from(left - 2).unwrap_or(usize::MAX);
                value.get(place).copied().unwrap_or(miss)
            }
        };
        let mut total = 0.0;
        let mut run = 0;
        let mut probability = 1.0 - authors;
        while probability > NEGLIGIBLE {
            let best = (0..=run.min(remaining - 1))
                .map(|published| others(remaining - published))
                .fold(f64::INFINITY, f64::min);
            total += probability * miss.powf(choose(run, remaining)) * best;
            run += 1;
            probability *= authors;
        }
        value.push(total);
    }
    value.last().copied().unwrap_or(miss)
}

/// The probability that a coalition authors the block that begins a round and all up to its draw
/// point, and so knows the seed while populations can still change.
pub fn foresight(authors: f64, draw_delay: u32) -> f64 {
    authors.powf(f64::from(draw_delay) + 1.0)
}
