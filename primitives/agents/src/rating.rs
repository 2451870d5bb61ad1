//! Ratings and their means.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::MAX_TAG;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The best rating.
pub const MAX_RATING: u16 = 10_000;
/// How many of a rating's digits are decimals, for readers who expect them told.
pub const RATING_DECIMALS: u8 = 2;

/// What a rating is about.
pub type Tag = BoundedVec<u8, ConstU32<MAX_TAG>>;

/// A rating and what it weighs.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Rating {
    /// 0 to [`MAX_RATING`].
    pub value: u16,
    /// What its giver consumed for it, in units of the token.
    pub weight: u128,
}

/// Ratings, summed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// Σ weight.
    pub weight: u128,
    /// Σ weight × value.
    pub weighted: u128,
}

/// What a sum comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Mean {
    /// How many ratings.
    pub count: u64,
    /// What they weigh together.
    pub weight: u128,
    /// ⌊Σ weight × value / Σ weight⌋, 0 to [`MAX_RATING`]; none of no weight.
    pub value: Option<u16>,
}

impl Sum {
    /// The sum with one more. None if it does not fit.
    #[must_use]
    pub fn with(&self, rating: Rating) -> Option<Self> {
        let weighted = rating.weight.checked_mul(rating.value.into())?;
        Some(Self {
            count: self.count.checked_add(1)?,
            weight: self.weight.checked_add(rating.weight)?,
            weighted: self.weighted.checked_add(weighted)?,
        })
    }

    /// The sum without one that was added before. None if it cannot have been.
    #[must_use]
    pub fn without(&self, rating: Rating) -> Option<Self> {
        let weighted = rating.weight.checked_mul(rating.value.into())?;
        Some(Self {
            count: self.count.checked_sub(1)?,
            weight: self.weight.checked_sub(rating.weight)?,
            weighted: self.weighted.checked_sub(weighted)?,
        })
    }

    /// Both together. As large as can be where they do not fit, which no money reaches.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            weight: self.weight.saturating_add(other.weight),
            weighted: self.weighted.saturating_add(other.weighted),
        }
    }

    /// What it comes to.
    pub fn mean(&self) -> Mean {
        let value = self
            .weighted
            .checked_div(self.weight)
            .map(|mean| u16::try_from(mean).unwrap_or(MAX_RATING));
        Mean {
            count: self.count,
            weight: self.weight,
            value,
        }
    }
}
