//! Weights of `pallet_noema_providers`.
//!
//! Stated by hand from the storage accesses of each function, in the layout that
//! `frame-omni-bencher v1 benchmark pallet` generates; a runtime uses the weights generated for it.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::{Weight, constants::RocksDbWeight}};
use core::marker::PhantomData;

/// Weight functions needed for `pallet_noema_providers`.
pub trait WeightInfo {
	fn register(e: u32, ) -> Weight;
	fn bond_more() -> Weight;
	fn unbond() -> Weight;
	fn rebond() -> Weight;
	fn withdraw_some() -> Weight;
	fn withdraw_last() -> Weight;
	fn set_operator() -> Weight;
	fn set_endpoint(e: u32, ) -> Weight;
	fn set_capacity() -> Weight;
	fn chill() -> Weight;
	fn activate() -> Weight;
	fn unjail() -> Weight;
}

/// Weights for `pallet_noema_providers` from the database weights of the runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::Operators` (r:1 w:1)
	/// Storage: `NoemaProviders::Censuses` (r:1 w:1)
	/// Storage: `NoemaProviders::FreeLeaves` (r:1 w:1)
	/// Storage: `NoemaProviders::Leaves` (r:0 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	/// Storage: `Balances::Holds` (r:1 w:1), `System::Account` (r:1 w:1)
	/// The range of component `e` is `[8, 128]`.
	fn register(e: u32, ) -> Weight {
		Weight::from_parts(90_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(Weight::from_parts(20_000, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(10_u64))
			.saturating_add(T::DbWeight::get().writes(11_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	/// Storage: `Balances::Holds` (r:1 w:1), `System::Account` (r:1 w:1)
	fn bond_more() -> Weight {
		Weight::from_parts(70_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(7_u64))
			.saturating_add(T::DbWeight::get().writes(7_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	/// Storage: `NoemaProviders::Censuses` (r:1 w:1)
	fn unbond() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(6_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	fn rebond() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `Balances::Holds` (r:1 w:1), `System::Account` (r:1 w:1)
	fn withdraw_some() -> Weight {
		Weight::from_parts(60_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::Operators` (r:0 w:1)
	/// Storage: `NoemaProviders::Censuses` (r:1 w:1)
	/// Storage: `NoemaProviders::FreeLeaves` (r:0 w:1)
	/// Storage: `NoemaProviders::Leaves` (r:0 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	/// Storage: `Balances::Holds` (r:1 w:1), `System::Account` (r:1 w:1)
	fn withdraw_last() -> Weight {
		Weight::from_parts(80_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().writes(11_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::Operators` (r:1 w:2)
	/// Storage: `NoemaProviders::TreeNodes` (r:1 w:0)
	fn set_operator() -> Weight {
		Weight::from_parts(40_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::Operators` (r:1 w:0)
	/// Storage: `NoemaProviders::TreeNodes` (r:1 w:0)
	/// The range of component `e` is `[8, 128]`.
	fn set_endpoint(e: u32, ) -> Weight {
		Weight::from_parts(40_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(Weight::from_parts(20_000, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	fn set_capacity() -> Weight {
		Weight::from_parts(40_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:2 w:1)
	/// Storage: `NoemaProviders::Operators` (r:1 w:0)
	/// Storage: `NoemaProviders::Censuses` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	fn chill() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(8_u64))
			.saturating_add(T::DbWeight::get().writes(6_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::Censuses` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:4 w:4)
	fn activate() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(6_u64))
			.saturating_add(T::DbWeight::get().writes(6_u64))
	}
	/// Storage: `NoemaProviders::Providers` (r:1 w:1)
	/// Storage: `NoemaProviders::TreeNodes` (r:1 w:0)
	fn unjail() -> Weight {
		Weight::from_parts(30_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
}

// Tests only: a runtime states its own weights.
#[cfg(test)]
impl WeightInfo for () {
	fn register(e: u32, ) -> Weight {
		Weight::from_parts(90_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(Weight::from_parts(20_000, 0).saturating_mul(e.into()))
			.saturating_add(RocksDbWeight::get().reads(10_u64))
			.saturating_add(RocksDbWeight::get().writes(11_u64))
	}
	fn bond_more() -> Weight {
		Weight::from_parts(70_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(7_u64))
			.saturating_add(RocksDbWeight::get().writes(7_u64))
	}
	fn unbond() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().writes(6_u64))
	}
	fn rebond() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(5_u64))
			.saturating_add(RocksDbWeight::get().writes(5_u64))
	}
	fn withdraw_some() -> Weight {
		Weight::from_parts(60_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn withdraw_last() -> Weight {
		Weight::from_parts(80_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(8_u64))
			.saturating_add(RocksDbWeight::get().writes(11_u64))
	}
	fn set_operator() -> Weight {
		Weight::from_parts(40_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(3_u64))
			.saturating_add(RocksDbWeight::get().writes(3_u64))
	}
	fn set_endpoint(e: u32, ) -> Weight {
		Weight::from_parts(40_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(Weight::from_parts(20_000, 0).saturating_mul(e.into()))
			.saturating_add(RocksDbWeight::get().reads(4_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
	fn set_capacity() -> Weight {
		Weight::from_parts(40_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(5_u64))
			.saturating_add(RocksDbWeight::get().writes(5_u64))
	}
	fn chill() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(8_u64))
			.saturating_add(RocksDbWeight::get().writes(6_u64))
	}
	fn activate() -> Weight {
		Weight::from_parts(50_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(6_u64))
			.saturating_add(RocksDbWeight::get().writes(6_u64))
	}
	fn unjail() -> Weight {
		Weight::from_parts(30_000_000, 0)
			.saturating_add(Weight::from_parts(0, 5_000))
			.saturating_add(RocksDbWeight::get().reads(2_u64))
			.saturating_add(RocksDbWeight::get().writes(1_u64))
	}
}
