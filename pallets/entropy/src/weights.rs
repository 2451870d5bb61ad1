//! Weights of `pallet_noema_entropy`.
//!
//! Stated by hand from the storage accesses of each function, in the layout that
//! `frame-omni-bencher v1 benchmark pallet` generates; a runtime uses the weights generated for it.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::{Weight, constants::RocksDbWeight}};
use core::marker::PhantomData;

/// Weight functions needed for `pallet_noema_entropy`.
pub trait WeightInfo {
	fn on_poll(n: u32, ) -> Weight;
}

/// Weights for `pallet_noema_entropy` from the database weights of the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `NoemaEntropy::Outputs` (r:1 w:1)
	/// Storage: `NoemaEntropy::Recorded` (r:1 w:1)
	/// Storage: `NoemaEntropy::Seeds` (r:8 w:9)
	/// Storage: `NoemaEntropy::Gaps` (r:8 w:9)
	/// Storage: `Babe::Initialized`, `Babe::Authorities`, `Babe::Randomness`, `Babe::CurrentSlot`, `Babe::EpochIndex` (r:5 w:0)
	/// The range of component `n` is `[0, 8]`.
	fn on_poll(n: u32, ) -> Weight {
		Weight::from_parts(250_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(Weight::from_parts(1_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(n.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(n.into())))
	}
}

// Tests only: a runtime states its own weights.
#[cfg(test)]
impl WeightInfo for () {
	fn on_poll(n: u32, ) -> Weight {
		Weight::from_parts(250_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(Weight::from_parts(1_000_000, 0).saturating_mul(n.into()))
			.saturating_add(RocksDbWeight::get().reads(8_u64))
			.saturating_add(RocksDbWeight::get().reads((2_u64).saturating_mul(n.into())))
			.saturating_add(RocksDbWeight::get().writes(4_u64))
			.saturating_add(RocksDbWeight::get().writes((2_u64).saturating_mul(n.into())))
	}
}
