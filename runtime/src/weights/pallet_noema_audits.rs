//! Weights of `pallet_noema_audits`: **provisional**, made by hand, not measured yet.
//!
//! They are meant to be too high rather than too low until `make bench-weights` writes this file anew, once the pallet is part of the runtime:
//!
//! - 30 µs of execution for every item of storage that is read or written, on top of the database's own time (`DbWeight`); what others read and write for
//!   us (slashes, jail, pay, drops, draws, proofs) is counted by what `pallet_noema_providers` and `pallet_noema_storage` measured for it, rounded up;
//! - an item counts once for a provider, however many of its rounds are settled in a call: pay, bond and pool are the same in each; a round adds its change of rate;
//! - 250 µs for checking a proof of 40 siblings and 256 bytes;
//! - a population of six levels: nine reads for each challenge drawn, of 600 bytes at most, each in a trie of a million entries.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weights of `pallet_noema_audits` on the database of the runtime, provisional.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_noema_audits::WeightInfo for WeightInfo<T> {
	/// `Audits::Clock` (r:1 w:1), `Audits::Running` (r:1), what the call filter reads (r:3).
	fn on_poll() -> Weight {
		Weight::from_parts(60_000_000, 0)
			.saturating_add(Weight::from_parts(0, 12_000))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `Entropy::Seeds` (r:9), `Audits::Running` (w:1), an event.
	fn on_poll_draw() -> Weight {
		Weight::from_parts(120_000_000, 0)
			.saturating_add(Weight::from_parts(0, 26_000))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `Entropy::Seeds` (r:9), `Audits::SkippedRounds` (r:1 w:1), `Audits::Running` (w:1), an event.
	fn on_poll_skip() -> Weight {
		Weight::from_parts(130_000_000, 0)
			.saturating_add(Weight::from_parts(0, 30_000))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// `Audits::Clock` (r:1 w:1), `Audits::Running` (r:1 w:1), `Audits::PaceInForce` (r:1), what the call filter reads (r:3), what the block holds (r:2).
	fn on_idle() -> Weight {
		Weight::from_parts(100_000_000, 0)
			.saturating_add(Weight::from_parts(0, 16_000))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// Operator, clock, round, record, written, population (r:8 w:3); pay (r:12 w:10); a proof for each.
	/// The range of component `n` is `[1, 32]`.
	fn answer(n: u32, ) -> Weight {
		Weight::from_parts(900_000_000, 0)
			.saturating_add(Weight::from_parts(0, 60_000))
			.saturating_add(Weight::from_parts(250_000_000, 0).saturating_mul(n.into()))
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(13))
	}
	/// Three misses, the drop, twelve forfeits. All of one provider, whose items are read and written once, however many rounds.
	fn poke() -> Weight {
		Self::settle(16)
			.saturating_add(Weight::from_parts(1_200_000_000, 120_000).saturating_mul(4))
			.saturating_add(Weight::from_parts(400_000_000, 40_000))
			.saturating_add(T::DbWeight::get().reads(56))
			.saturating_add(T::DbWeight::get().writes(50))
	}
	/// Three misses, thirteen skipped rounds, a drawing.
	fn before_change() -> Weight {
		Self::settle(16)
			.saturating_add(Weight::from_parts(1_200_000_000, 120_000).saturating_mul(3))
			.saturating_add(Weight::from_parts(300_000_000, 12_000))
			.saturating_add(T::DbWeight::get().reads(42))
			.saturating_add(T::DbWeight::get().writes(38))
			.saturating_add(drawing::<T>())
	}
	/// A drawing, written down (w:2).
	fn write_down() -> Weight {
		Weight::from_parts(100_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(drawing::<T>())
	}
	/// Record (r:1 w:1), clock, round, written (r:3).
	fn enlist() -> Weight {
		Weight::from_parts(150_000_000, 0)
			.saturating_add(Weight::from_parts(0, 16_000))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// Record, clock, round, population, written (r:5 w:2), pay (r:12 w:10), two events.
	fn emptied() -> Weight {
		Weight::from_parts(500_000_000, 0)
			.saturating_add(Weight::from_parts(0, 60_000))
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	/// Record, clock, round, population, written (r:5 w:2); skipped rounds (r:2); what is owed (r:1), pay (r:12 w:10).
	/// The range of component `r` is `[0, 16]`.
	fn settle(r: u32, ) -> Weight {
		Weight::from_parts(250_000_000, 0)
			.saturating_add(Weight::from_parts(0, 30_000))
			.saturating_add(Weight::from_parts(300_000_000, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(12))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64.saturating_mul(r.into())))
			.saturating_add(Weight::from_parts(0, 40_000).saturating_mul(r.into()))
	}
	/// Settling one round, and two slashes: record, pool, holds, accounts, census, sum tree (r:20 w:18 each).
	fn settle_missed() -> Weight {
		Self::settle(1)
			.saturating_add(Weight::from_parts(1_200_000_000, 0))
			.saturating_add(Weight::from_parts(0, 120_000))
			.saturating_add(T::DbWeight::get().reads(42))
			.saturating_add(T::DbWeight::get().writes(36))
	}
	/// The same, jail (r:8 w:8) and the begin of the drop (r:6 w:6).
	fn settle_dropped() -> Weight {
		Self::settle_missed()
			.saturating_add(Weight::from_parts(400_000_000, 0))
			.saturating_add(Weight::from_parts(0, 40_000))
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(14))
	}
}

/// Drawing 32 challenges: a hash, six nodes, a leaf, a deal and what leads to it, each.
fn drawing<T: frame_system::Config>() -> Weight {
	const CHALLENGES: u64 = 32;
	Weight::from_parts(80_000_000, 30_000)
		.saturating_mul(CHALLENGES)
		.saturating_add(T::DbWeight::get().reads(CHALLENGES.saturating_mul(9)))
}
