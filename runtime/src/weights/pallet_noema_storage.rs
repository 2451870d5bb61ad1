//! Weights of `pallet_noema_storage`: **provisional**, made by hand from what layout 1 measured, not measured yet for layout 2.
//!
//! They are meant to be too high rather than too low until `make bench-weights` writes this file anew: 20 to 30 µs of execution for every item of storage that is
//! read and written beyond what was measured, on top of the database's own time (`DbWeight`).

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weights of `pallet_noema_storage` on the database of the runtime, provisional.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_noema_storage::WeightInfo for WeightInfo<T> {
	/// A new deal: deposit, pot, fund, price, tokens (r:20 w:18); the agenda searched twice, for the draws and for the end (r:66 w:2).
	fn commit(r: u32, ) -> Weight {
		Weight::from_parts(500_000_000, 480_000)
			.saturating_add(Weight::from_parts(10_000_000, 0).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(86))
			.saturating_add(T::DbWeight::get().writes(20))
	}
	/// `Storage::Deals` (r:1), the round (r:1).
	fn commit_repeated() -> Weight {
		Weight::from_parts(40_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
	}
	/// As measured of layout 1 (187 µs, r:38 w:4), with the tick and the round (r:2).
	fn ready() -> Weight {
		Weight::from_parts(200_000_000, 250_000)
			.saturating_add(T::DbWeight::get().reads(41))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// As measured of layout 1 (260 µs, r:14 w:4), with the task of becoming auditable: the agenda searched (r:33 w:1).
	fn prove() -> Weight {
		Weight::from_parts(360_000_000, 260_000)
			.saturating_add(T::DbWeight::get().reads(50))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// The deal, its owner's entry, its count, deposit, pot, fund (r:16 w:16); for each replica a task in another block, an account with four changes of rate, a leaf that another takes the place of (twelve nodes, a deal), the bytes that it was leaving, and those reserved by two (r:44 w:43).
	fn remove(r: u32, ) -> Weight {
		Weight::from_parts(200_000_000, 20_000)
			.saturating_add(Weight::from_parts(650_000_000, 80_000).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(44_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(43_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().reads(16))
			.saturating_add(T::DbWeight::get().writes(16))
	}
	/// `Storage::Deals` (r:1), the round (r:1).
	fn witness_too_low() -> Weight {
		Weight::from_parts(40_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
	}
	/// As measured of layout 1 (261 µs, r:45 w:11), with the sum of reserved bytes (r:1 w:1) and the drop (r:2 w:1).
	fn resign() -> Weight {
		Weight::from_parts(290_000_000, 250_000)
			.saturating_add(T::DbWeight::get().reads(50))
			.saturating_add(T::DbWeight::get().writes(13))
	}
	/// Beside the audits: a replica that stops (r:34 w:34), the deal and its count (r:4 w:3).
	fn resign_earning() -> Weight {
		Weight::from_parts(700_000_000, 80_000)
			.saturating_add(T::DbWeight::get().reads(38))
			.saturating_add(T::DbWeight::get().writes(37))
	}
	/// The deal, price, pot, payer (r:10 w:7); for each replica an account with four changes of rate (r:6 w:5), and a draw that waited: the agenda searched once more (r:34 w:2).
	fn renew(r: u32, ) -> Weight {
		Weight::from_parts(200_000_000, 40_000)
			.saturating_add(Weight::from_parts(350_000_000, 200_000).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(40_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// The deal, the round, pot and payer (r:6 w:5).
	fn top_up() -> Weight {
		Weight::from_parts(180_000_000, 25_000)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// `Storage::Deals` (r:1 w:1), the round (r:1).
	fn offer() -> Weight {
		Weight::from_parts(60_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The deal under both keys, deposits, owners' entries (r:12 w:11); for each replica two assignments, a leaf and a task in another block (r:4 w:4).
	fn accept(r: u32, ) -> Weight {
		Weight::from_parts(200_000_000, 25_000)
			.saturating_add(Weight::from_parts(120_000_000, 20_000).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().reads(12))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	/// The deal, whether it is covered (r:6), the agenda searched (r:34 w:2).
	fn hand_over() -> Weight {
		Weight::from_parts(260_000_000, 260_000)
			.saturating_add(T::DbWeight::get().reads(42))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// Beside the audits: a replica that stops (r:34 w:34), its bounty out of both funds (r:8 w:6), the slot opened: the agenda searched (r:34 w:3).
	fn drop_replica() -> Weight {
		Weight::from_parts(1_000_000_000, 330_000)
			.saturating_add(T::DbWeight::get().reads(78))
			.saturating_add(T::DbWeight::get().writes(44))
	}
	/// Who is dropped (r:3 w:1).
	fn drop_none() -> Weight {
		Weight::from_parts(60_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `Storage::Price` (r:1 w:1), the round (r:1).
	fn set_base_price() -> Weight {
		Weight::from_parts(50_000_000, 8_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `Storage::Price` (r:1), the round (r:1), `Storage::Reserved` (r:1), the root of the providers' tree (r:1), `Storage::Used` (r:1 w:1).
	fn on_poll() -> Weight {
		Weight::from_parts(50_000_000, 14_000)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// `Storage::Reserved` (r:1), the root of the providers' tree (r:1), `Storage::Price` (w:1).
	fn on_poll_price() -> Weight {
		Weight::from_parts(60_000_000, 8_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// As measured of layout 1.
	fn agenda_base() -> Weight {
		Weight::from_parts(11_000_000, 8_151)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// As measured of layout 1.
	fn agenda_block(t: u32, ) -> Weight {
		Weight::from_parts(13_000_000, 9_000)
			.saturating_add(Weight::from_parts(40_000, 0).saturating_mul(t.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// As measured of layout 1, with the round (r:1).
	fn task_stale() -> Weight {
		Weight::from_parts(30_000_000, 6_000)
			.saturating_add(T::DbWeight::get().reads(2))
	}
	/// As measured of layout 1 (207 µs, r:45 w:3), with tick and round (r:3).
	fn task_wait() -> Weight {
		Weight::from_parts(230_000_000, 240_000)
			.saturating_add(T::DbWeight::get().reads(49))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// As measured of layout 1 (294 µs, r:53 w:9; 14 µs, r:3 for each attempt), with the sum of reserved bytes (r:1 w:1), tick and round (r:3) and whether it is dropping (r:1 for each attempt).
	fn task_draw(a: u32, ) -> Weight {
		Weight::from_parts(320_000_000, 245_000)
			.saturating_add(Weight::from_parts(20_000_000, 9_000).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(a.into())))
			.saturating_add(T::DbWeight::get().reads(58))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	/// As measured of layout 1 (241 µs, r:51 w:9), with the sum of reserved bytes, tick, round, drop (r:6 w:2).
	fn task_expire() -> Weight {
		Weight::from_parts(280_000_000, 245_000)
			.saturating_add(T::DbWeight::get().reads(58))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	/// The end of the deal (r:20 w:18); for each replica a task in another block, an assignment and reserved bytes (r:11 w:10).
	fn task_lapse(r: u32, ) -> Weight {
		Weight::from_parts(250_000_000, 30_000)
			.saturating_add(Weight::from_parts(200_000_000, 25_000).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(11_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().writes(10_u64.saturating_mul(r.into())))
			.saturating_add(T::DbWeight::get().reads(20))
			.saturating_add(T::DbWeight::get().writes(18))
	}
	/// Beside the audits: a replica that stops (r:34 w:34) and one that begins: an account with four changes of rate, a leaf and its six nodes (r:14 w:14), the deal and its count (r:4 w:3).
	fn task_mature() -> Weight {
		Weight::from_parts(1_000_000_000, 120_000)
			.saturating_add(T::DbWeight::get().reads(54))
			.saturating_add(T::DbWeight::get().writes(51))
	}
	/// Beside the audits: a replica that stops and one that is not fetched (r:44 w:43), the end of the deal (r:16 w:16), the agenda searched (r:34 w:2).
	fn task_end() -> Weight {
		Weight::from_parts(1_150_000_000, 350_000)
			.saturating_add(T::DbWeight::get().reads(94))
			.saturating_add(T::DbWeight::get().writes(61))
	}
}
