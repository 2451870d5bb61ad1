//! Sampling: whether a blob is there, seen of a few random rows.

use std::collections::BTreeSet;

use bytes::Bytes;
use rand::{seq::SliceRandom, Rng};

use super::{collect::Wanted, BlobReader, Collector, ReadError, SeatReport};
use crate::chain::{DaState, SubmissionId};

/// Most rows of one sample: 4^-64 is less than what the coding itself is good for.
pub const MOST_SAMPLES: usize = 64;

/// Why there is no sample.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Too many or no rows.
    #[error("{found} rows are to be sampled: expected 1 to {MOST_SAMPLES}")]
    WrongCount {
        /// Rows asked for.
        found: usize,
    },
    /// The chain does not say where the rows are.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What sampling found.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// The rows that were drawn, uniformly and with replacement.
    pub drawn: Vec<u16>,
    /// Of these, how many were had and verified.
    pub verified: usize,
    /// Seats that gave nothing of use, or something wrong.
    pub reports: Vec<SeatReport>,
    /// Bytes of combinations and rows that were verified.
    pub bytes: u64,
}

impl Sampled {
    /// Whether every row that was drawn was had.
    pub fn is_complete(&self) -> bool {
        self.verified == self.drawn.len()
    }

    /// If all came: the chance, below 4^-n, that they would have come although fewer than K rows can be had by anybody. It is not the probability that the blob is
    /// there. None if one did not come.
    pub fn fooled_with(&self) -> Option<f64> {
        // No more than `MOST_SAMPLES`.
        let rows = self.drawn.len() as i32;
        self.is_complete().then(|| 0.25f64.powi(rows))
    }
}

impl<C: DaState> BlobReader<C> {
    /// Draws `count` rows of all, and asks their holders for them, those of one seat together.
    ///
    /// # Errors
    /// When the count is out of range, or the chain does not say where the rows are. Rows that cannot be had are no error: that is what is looked for.
    pub async fn sample(
        &self,
        submission: SubmissionId,
        count: usize,
    ) -> Result<Sampled, SampleError> {
        if !(1..=MOST_SAMPLES).contains(&count) {
            return Err(SampleError::WrongCount { found: count });
        }
        let collector = self.collector(submission).await?;
        let rows = collector.plan().shape.rows();
        let drawn: Vec<u16> = {
            let mut random = rand::rngs::OsRng;
            let mut drawn: Vec<u16> = (0..count).map(|_| random.gen_range(0..rows)).collect();
            drawn.shuffle(&mut random);
            drawn
        };
        Ok(sampled(&collector, drawn).await)
    }
}

async fn sampled(collector: &Collector, drawn: Vec<u16>) -> Sampled {
    // Twice drawn is once fetched: it is the same row.
    let wanted: BTreeSet<u16> = drawn.iter().copied().collect();
    let collected = collector.collect(&Wanted::These(wanted)).await;
    let rows = collected.rows;
    let length = u64::from(rows.shape().row_bytes());
    Sampled {
        verified: drawn.iter().filter(|row| rows.contains(**row)).count(),
        drawn,
        reports: collected.reports,
        bytes: rows.combinations().map_or(0, Bytes::len) as u64 + u64::from(rows.len()) * length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_said_only_if_every_row_came() {
        let sampled = |drawn: usize, verified| Sampled {
            drawn: vec![1; drawn],
            verified,
            reports: Vec::new(),
            bytes: 0,
        };
        let ten = sampled(10, 10).fooled_with().unwrap();
        assert!((ten - 1.0 / 1_048_576.0).abs() < 1e-12);
        assert!(sampled(20, 20).fooled_with().unwrap() < 1e-12);
        assert_eq!(sampled(10, 9).fooled_with(), None);
    }
}
