//! Weights of `pallet_noema_da`: **provisional**, made by hand, not measured yet.
//!
//! They are meant to be too high rather than too low until `make bench-weights` writes this file anew: 30 µs of execution for every item of storage that is
//! read or written and 5 KB of proof for every one that is read, on top of the database's own time (`DbWeight`); 8 ms for hashing to the curve, two
//! decompressions with their checks and a pairing; 20 µs for a key that is added.

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
	/// The candidates so far (r:1 w:1, 48 KB), forming (w:1); of each the key, whether it is active, its stake, and all that is kept of its
	/// eras, which says whether it is in good standing (r:120).
	fn collect(k: u32, ) -> Weight {
		Weight::from_parts(300_000_000, 60_000)
			.saturating_add(Weight::from_parts(2_000_000_000, 60_000).saturating_mul(k.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(T::DbWeight::get().reads(120_u64.saturating_mul(k.into())))
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
	/// The price, the usage, the stored bytes, what is free (r:4 w:1).
	fn on_poll() -> Weight {
		Weight::from_parts(125_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The same, and the price (r:4 w:2).
	fn on_poll_price() -> Weight {
		Weight::from_parts(150_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// The cursor, the round, a book (r:3 w:1).
	fn step_passed() -> Weight {
		Weight::from_parts(100_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The cursor, the batch, the entropy's ring, the pot and the fund with their holds (r:7 w:6).
	fn step_seeded() -> Weight {
		Weight::from_parts(325_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// The cursor, the book, the last chunk's sums, the sums of 100 seats, the pot and the fund (r:107 w:106).
	fn step_noted() -> Weight {
		Weight::from_parts(5_825_000_000, 555_000)
			.saturating_add(T::DbWeight::get().reads(107))
			.saturating_add(T::DbWeight::get().writes(106))
	}
	/// The provider, its account, its sums, the book, the pot and the fund (r:10 w:9).
	fn step_dropped() -> Weight {
		Weight::from_parts(475_000_000, 50_000)
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	/// The cursor, the submission, its batch, its entry by commitment, the payer's bytes, deposit and account, the pot (r:12 w:11).
	fn step_refunded() -> Weight {
		Weight::from_parts(575_000_000, 60_000)
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	/// The cursor, the book, the chunk, the submission and its four entries, the batch, the payer's deposit (r:14 w:13).
	fn step_ended() -> Weight {
		Weight::from_parts(725_000_000, 75_000)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(13))
	}
	/// The same; the committee, the sums of 100 seats and their accounts (r:216 w:214).
	fn step_finished() -> Weight {
		Weight::from_parts(11_250_000_000, 1_140_000)
			.saturating_add(T::DbWeight::get().reads(216))
			.saturating_add(T::DbWeight::get().writes(214))
	}
	/// The cursor, the entry, the member, its two entries, the payer's deposit (r:9 w:8).
	fn step_member_ended() -> Weight {
		Weight::from_parts(425_000_000, 45_000)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	/// The committee's key, the payer's bytes, account and holds, the namespace, the treasury, the pot, both counters, the batch, the price (r:17 w:15).
	fn submit() -> Weight {
		Weight::from_parts(800_000_000, 85_000)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(15))
	}
	/// The submission, its batch, the committee, the book, the chunk, the namespace and its two entries, the payer's bytes, the pot and the fund (r:16 w:14);
	/// each seat that is put on record its account and sums (r:2 w:2).
	fn attest(e: u32, ) -> Weight {
		Weight::from_parts(800_000_000, 120_000)
			.saturating_add(Weight::from_parts(100_000_000, 10_000).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(15))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(e.into())))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(e.into())))
	}
	/// The submission and its four entries, the batch, the payer's deposit (r:13 w:12).
	fn expire() -> Weight {
		Weight::from_parts(625_000_000, 65_000)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(12))
	}
	/// The submission, the book, the price, the payer, the pot and the fund (r:10 w:9); each day its chunk (r:2 w:2).
	fn extend(d: u32, ) -> Weight {
		Weight::from_parts(500_000_000, 60_000)
			.saturating_add(Weight::from_parts(110_000_000, 12_000).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(d.into())))
	}
	/// The bundle, the member, the namespace and its two entries, both accounts and the holds, the queue (r:16 w:13), 18 hashes.
	fn submit_member() -> Weight {
		Weight::from_parts(745_000_000, 80_000)
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(13))
	}
	/// The member, its two entries, the payer's deposit (r:8 w:7).
	fn expire_member() -> Weight {
		Weight::from_parts(375_000_000, 40_000)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// The price (r:1 w:1).
	fn set_base_price() -> Weight {
		Weight::from_parts(75_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
