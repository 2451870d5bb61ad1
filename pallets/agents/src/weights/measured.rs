//! Weights of `pallet_noema_agents`: **provisional**, made by hand, not measured yet.
//!
//! They are meant to be too high rather than too low until `make bench-weights` writes this file anew: 25 µs of execution for every item of storage that is read or
//! written and 5 KB of proof for every one that is read, on top of the database's own time (`DbWeight`); 120 µs for the check of a signature, of which there are two where a wallet may wrap what it signs; 10 ns for each byte of a call.
//! Whatever asks whether somebody is the owner reads the list of accounts, too.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]
#![allow(unused_imports)]
#![allow(missing_docs)]

use frame_support::{traits::Get, weights::Weight};
use core::marker::PhantomData;

/// Weights of `pallet_noema_agents` on the database of the runtime, provisional.
pub struct SubstrateWeight<T>(PhantomData<T>);
impl<T: frame_system::Config> super::WeightInfo for SubstrateWeight<T> {
	/// The next number, both accounts and the holds (r:5 w:5), the agent, three lists, the endpoints (w:5).
	fn register() -> Weight {
		Weight::from_parts(375_000_000, 25_000)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	/// The agent (r:1 w:1).
	fn set_file() -> Weight {
		Weight::from_parts(75_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The agent, the endpoints, both accounts and the holds (r:5 w:4).
	fn set_endpoints() -> Weight {
		Weight::from_parts(250_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// The agent, the entry, both accounts and the holds (r:5 w:5).
	fn set_metadata() -> Weight {
		Weight::from_parts(275_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The agent, the tick, the genesis hash (r:3 w:1), a signature.
	fn bind_wallet() -> Weight {
		Weight::from_parts(390_000_000, 25_000)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The agent (r:1 w:1).
	fn unbind_wallet() -> Weight {
		Weight::from_parts(100_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The agent, the list of accounts (r:2 w:1).
	fn offer() -> Weight {
		Weight::from_parts(100_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The agent, the list of accounts twice, the tick, what other layers say, the account and the holds (r:8 w:3), two lists (w:2); each entry of data with the staged one, the receiver's account and holds (r:4 w:4); each record with its entry in a list (r:1 w:2).
	fn transfer(d: u32, r: u32, ) -> Weight {
		Weight::from_parts(325_000_000, 40_000)
			.saturating_add(Weight::from_parts(225_000_000, 25_000).saturating_mul(d.into()))
			.saturating_add(Weight::from_parts(75_000_000, 10_000).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(5))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().reads(r.into()))
			.saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(r.into())))
	}
	/// The agent, the list of accounts, both accounts and the holds (r:6 w:5), lists, endpoints, reputation (r:1 w:4); each entry of data with what is staged, another account and its holds (r:4 w:4); each record with its entry in a list (r:1 w:2).
	fn burn(d: u32, r: u32, ) -> Weight {
		Weight::from_parts(400_000_000, 35_000)
			.saturating_add(Weight::from_parts(225_000_000, 25_000).saturating_mul(d.into()))
			.saturating_add(Weight::from_parts(75_000_000, 10_000).saturating_mul(r.into()))
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(9))
			.saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64.saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().reads(r.into()))
			.saturating_add(T::DbWeight::get().writes(2_u64.saturating_mul(r.into())))
	}
	/// The agent, both accounts (r:3 w:2).
	fn withdraw() -> Weight {
		Weight::from_parts(150_000_000, 20_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// The agent, both accounts and the holds (r:4 w:4), the entry of 3 KB (w:1).
	fn commit_data() -> Weight {
		Weight::from_parts(275_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The agent, the entry, both accounts and the holds (r:5 w:4).
	fn update_data() -> Weight {
		Weight::from_parts(300_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The agent, the entry, what is staged, both accounts and the holds (r:7 w:7).
	fn drop_data() -> Weight {
		Weight::from_parts(375_000_000, 40_000)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// The agent, the entry, what is staged, two accounts and the holds (r:7 w:5).
	fn stage_data() -> Weight {
		Weight::from_parts(300_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// What is staged, the account and the holds (r:3 w:3).
	fn unstage_data() -> Weight {
		Weight::from_parts(150_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	/// The agent, the usage, the tick, both accounts and the holds (r:6 w:5).
	fn authorize_usage() -> Weight {
		Weight::from_parts(300_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The agent, the usage, the tick, the account and the holds (r:5 w:4).
	fn revoke_usage() -> Weight {
		Weight::from_parts(250_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// The usage, the tick (r:2 w:1).
	fn exercise() -> Weight {
		Weight::from_parts(75_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	/// The agent, the key, the tick, both accounts and the holds (r:6 w:4), the session, the key (w:2).
	fn grant_session() -> Weight {
		Weight::from_parts(325_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// The agent, the session, the tick, the account and the holds (r:5 w:5).
	fn revoke_session() -> Weight {
		Weight::from_parts(275_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The agent, the key, the session three times, the tick, the account (r:5 w:1).
	fn act() -> Weight {
		Weight::from_parts(225_000_000, 35_000)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// As `act`, with the genesis hash (r:6 w:1) and a signature.
	fn act_signed() -> Weight {
		Weight::from_parts(490_000_000, 40_000)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	/// The agent (r:1).
	fn act_by_owner() -> Weight {
		Weight::from_parts(50_000_000, 10_000)
			.saturating_add(T::DbWeight::get().reads(2))
	}
	/// The agent, the key, the session, the tick, both accounts and the holds (r:8 w:5), the act (w:1); each byte.
	fn schedule(b: u32, ) -> Weight {
		Weight::from_parts(375_000_000, 45_000)
			.saturating_add(Weight::from_parts(10_000, 1).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	/// The act, the session, the tick, the agent, the key, the account and the holds (r:7 w:4).
	fn cancel() -> Weight {
		Weight::from_parts(300_000_000, 40_000)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	/// As `act`, with the act, the holds and the runner (r:9 w:6); each byte.
	fn run(b: u32, ) -> Weight {
		Weight::from_parts(425_000_000, 50_000)
			.saturating_add(Weight::from_parts(10_000, 1).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(10))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// The agent, the tag, both accounts and the holds (r:5 w:5).
	fn add_tag() -> Weight {
		Weight::from_parts(275_000_000, 30_000)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	/// The agent, the key, the giver's agent and that one, what is kept for the agent and under two tags, what was paid, the tick, the account and the holds (r:12 w:7), the feedback, a list (w:2).
	fn feedback() -> Weight {
		Weight::from_parts(550_000_000, 65_000)
			.saturating_add(T::DbWeight::get().reads(13))
			.saturating_add(T::DbWeight::get().writes(9))
	}
	/// The feedback, the agent, what is kept for it and under two tags, the tick, the account and the holds (r:8 w:5), a list (w:1).
	fn revoke_feedback() -> Weight {
		Weight::from_parts(375_000_000, 40_000)
			.saturating_add(T::DbWeight::get().reads(8))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	/// The agent, the feedback (r:2 w:1).
	fn respond() -> Weight {
		Weight::from_parts(100_000_000, 15_000)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
