//! Weights of `pallet_noema_da`: **provisional**, made by hand, not measured yet.
//!
//! They are meant to be too high rather than too low until `make bench-weights` writes this file anew: 30 µs of execution for every item of storage that is read or
//! written and 5 KB of proof for every one that is read, on top of the database's own time (`DbWeight`); 8 ms for hashing to the curve, two decompressions with
//! their checks and a pairing; 20 µs for a key that is added.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weights of `pallet_noema_da` on the database of the runtime, provisional.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> super::WeightInfo for SubstrateWeight<T> {
	/// Operator, provider, key, count, account, holds (r:7 w:4); a verification.
	fn set_key() -> Weight {
		Weight::from_parts(8_300_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// Operator, provider, key, count, account, holds (r:7 w:4).
	fn retire_key() -> Weight {
		Weight::from_parts(300_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// Forming, next era, round, count, seed with its gap (r:14 w:2).
	fn form_base() -> Weight {
		Weight::from_parts(300_000_000, 60_000)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// The candidates so far (r:1 w:1, 48 KB), forming (w:1); of each the key, whether it is active and in good standing, its stake (r:6).
	fn collect(k: u32, ) -> Weight {
		Weight::from_parts(300_000_000, 60_000)
			.saturating_add(Weight::from_parts(200_000_000, 30_000).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(k.into())))
	}
	/// The candidates (r:1 w:1), the committee before (r:1), a hundred keys (r:100), the committee (w:1), forming and next era (w:2); a hundred draws, each over
	/// all candidates.
	fn draw(k: u32, ) -> Weight {
		Weight::from_parts(8_000_000_000, 600_000)
			.saturating_add(Weight::from_parts(20_000_000, 0).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads(102))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// The committee (r:1, 19 KB).
	fn verify_aggregate(k: u32, ) -> Weight {
		Weight::from_parts(8_000_000_000, 20_000)
			.saturating_add(Weight::from_parts(20_000_000, 0).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads(1))
	}
}
