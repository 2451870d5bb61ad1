//! Weights of `pallet_noema_compute`: **provisional**, made by hand, not measured yet.
//!
//! They are meant to be too high rather than too low until `make bench-weights` writes this file anew: 25 µs of execution for every item of storage that is read or
//! written and 5 KB of proof for every one that is read, on top of the database's own time (`DbWeight`); 120 µs for the check of a signature; 150 µs for what
//! the pallet of providers does when it slashes and jails, with the items of its own.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weights of `pallet_noema_compute` on the database of the runtime, provisional.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> super::WeightInfo for SubstrateWeight<T> {
	/// The provider, its book, the next number, its account and holds (r:5), the service, three lists (w:8).
	fn announce() -> Weight {
		Weight::from_parts(325_000_000, 25_000)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	/// The service (r:1 w:1), the operator (r:1).
	fn set_endpoint() -> Weight {
		Weight::from_parts(75_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// As `set_endpoint`.
	fn set_capacity() -> Weight {
		Weight::from_parts(75_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The service (r:1 w:1), the tick (r:1).
	fn set_price() -> Weight {
		Weight::from_parts(75_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The service (r:1 w:1).
	fn set_key() -> Weight {
		Weight::from_parts(50_000_000, 5_000)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The service, the provider, the book, the account and holds (r:5 w:4), three lists (w:3).
	fn retire() -> Weight {
		Weight::from_parts(300_000_000, 25_000)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// The purse, the account and holds (r:3 w:3), held twice, and asked what is usable (released and undone).
	fn deposit() -> Weight {
		Weight::from_parts(250_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// As `deposit`.
	fn withdraw() -> Weight {
		Weight::from_parts(200_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// The service, the provider twice, the next number, the book, the purse, the pair, the account and holds, the tick (r:10); the channel, its session, two lists and what was read of ours (w:10), held five times, and asked what is usable.
	fn open() -> Weight {
		Weight::from_parts(700_000_000, 50_000)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	/// The channel, the provider, the book, the purse, the account and holds (r:6 w:5), and asked what is usable.
	fn top_up() -> Weight {
		Weight::from_parts(325_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The channel, the tick, the account and holds (r:4 w:3), the session (w:1).
	fn grant() -> Weight {
		Weight::from_parts(225_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// The channel, the session, the tick (r:3 w:1).
	fn revoke() -> Weight {
		Weight::from_parts(100_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The channel, the session, the tick, the account and holds (r:5 w:4), each lane (w:1).
	fn drop_session(l: u32, ) -> Weight {
		Weight::from_parts(225_000_000, 25_000)
			.saturating_add(Weight::from_parts(25_000_000, 5_000).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
			.saturating_add(T::DbWeight::get().writes(l.into()))
	}
	/// The genesis hash, the tick, the operator, the provider's account and book, the treasury's account (r:6 w:3); for each claim the channel, session, lane, purse, pair, the payer's account and holds (r:7 w:7), and two signatures.
	fn redeem(c: u32, ) -> Weight {
		Weight::from_parts(225_000_000, 30_000)
			.saturating_add(Weight::from_parts(590_000_000, 35_000).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().reads(7_u64.saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(c.into())))
	}
	/// The channel, the purse, the book, the tick (r:4 w:3).
	fn close() -> Weight {
		Weight::from_parts(175_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// As `close`.
	fn settle() -> Weight {
		Weight::from_parts(175_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// The channel, the tick, the pair, the purse, the account and holds (r:6 w:5), two lists (w:2); each session (r:2 w:1) and lane (w:1).
	fn remove(s: u32, l: u32, ) -> Weight {
		Weight::from_parts(350_000_000, 30_000)
			.saturating_add(Weight::from_parts(75_000_000, 10_000).saturating_mul(s.into()))
			.saturating_add(Weight::from_parts(25_000_000, 5_000).saturating_mul(l.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(7))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(s.into()))
			.saturating_add(T::DbWeight::get().writes(l.into()))
	}
	/// The channel, the lane, the tick, the genesis hash (r:4 w:1), a signature; the provider slashed of all it has, with a full pool of delegations, and jailed, the payer and the fund paid (r:20 w:16).
	fn report() -> Weight {
		Weight::from_parts(1_300_000_000, 120_000)
			.saturating_add(T::DbWeight::get().reads(24))
			.saturating_add(T::DbWeight::get().writes(17))
	}
	/// The pair, the account and holds (r:3 w:3).
	fn forget() -> Weight {
		Weight::from_parts(150_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
