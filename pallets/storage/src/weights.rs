//! Weights of the calls and of the agenda.
//!
//! [`SubstrateWeight`] has the layout that `benchmark pallet` generates; a runtime uses its own
//! generated file.

#![allow(missing_docs)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// Weight functions needed for `pallet_noema_storage`.
pub trait WeightInfo {
    /// A new deal with `r` replicas while the agenda is searched to its end.
    fn commit(r: u32) -> Weight;
    /// A deal that is there already.
    fn commit_repeated() -> Weight;
    /// `ready` while the agenda is searched to its end.
    fn ready() -> Weight;
    /// `prove` of the deepest sectors of the largest file, which makes the deal active.
    fn prove() -> Weight;
    /// The end of an active deal with `r` replicas, all of them with a task in another block.
    fn remove(r: u32) -> Weight;
    /// `resign` of a held slot, which makes the deal inactive.
    fn resign() -> Weight;
    /// A run of the agenda in which nothing is due.
    fn agenda_base() -> Weight;
    /// Reading an agenda block with `t` tasks and writing it back, without the tasks.
    fn agenda_block(t: u32) -> Weight;
    /// A task whose slot has moved on.
    fn task_stale() -> Weight;
    /// A task that waits for its seed, or takes a new draw point.
    fn task_wait() -> Weight;
    /// A draw that fits at the `a`-th attempt or not at all.
    fn task_draw(a: u32) -> Weight;
    /// A deadline that takes the slot from its provider.
    fn task_expire() -> Weight;
}

macro_rules! weights {
    ($db:ty) => {
        fn commit(r: u32) -> Weight {
            Weight::from_parts(95_000_000, 170_000)
                .saturating_add(Weight::from_parts(4_500_000, 0).saturating_mul(r.into()))
                .saturating_add(<$db>::get().reads(41_u64))
                .saturating_add(<$db>::get().writes(7_u64))
        }
        fn commit_repeated() -> Weight {
            Weight::from_parts(22_000_000, 5_000).saturating_add(<$db>::get().reads(1_u64))
        }
        fn ready() -> Weight {
            Weight::from_parts(75_000_000, 175_000)
                .saturating_add(<$db>::get().reads(38_u64))
                .saturating_add(<$db>::get().writes(5_u64))
        }
        fn prove() -> Weight {
            Weight::from_parts(520_000_000, 15_000)
                .saturating_add(<$db>::get().reads(10_u64))
                .saturating_add(<$db>::get().writes(4_u64))
        }
        fn remove(r: u32) -> Weight {
            Weight::from_parts(60_000_000, 12_000)
                .saturating_add(Weight::from_parts(30_000_000, 24_000).saturating_mul(r.into()))
                .saturating_add(<$db>::get().reads(5_u64))
                .saturating_add(<$db>::get().writes(5_u64))
                .saturating_add(<$db>::get().reads(8_u64).saturating_mul(r.into()))
                .saturating_add(<$db>::get().writes(7_u64).saturating_mul(r.into()))
        }
        fn resign() -> Weight {
            Weight::from_parts(95_000_000, 190_000)
                .saturating_add(<$db>::get().reads(46_u64))
                .saturating_add(<$db>::get().writes(12_u64))
        }
        fn agenda_base() -> Weight {
            Weight::from_parts(3_000_000, 1_500).saturating_add(<$db>::get().reads_writes(1, 1))
        }
        fn agenda_block(t: u32) -> Weight {
            Weight::from_parts(5_000_000, 8_200)
                .saturating_add(Weight::from_parts(150_000, 0).saturating_mul(t.into()))
                .saturating_add(<$db>::get().reads_writes(1, 1))
        }
        fn task_stale() -> Weight {
            Weight::from_parts(8_000_000, 5_000).saturating_add(<$db>::get().reads(1_u64))
        }
        fn task_wait() -> Weight {
            Weight::from_parts(55_000_000, 170_000)
                .saturating_add(<$db>::get().reads(44_u64))
                .saturating_add(<$db>::get().writes(3_u64))
        }
        fn task_draw(a: u32) -> Weight {
            Weight::from_parts(85_000_000, 190_000)
                .saturating_add(Weight::from_parts(15_000_000, 16_000).saturating_mul(a.into()))
                .saturating_add(<$db>::get().reads(46_u64))
                .saturating_add(<$db>::get().writes(10_u64))
                .saturating_add(<$db>::get().reads(6_u64).saturating_mul(a.into()))
        }
        fn task_expire() -> Weight {
            Weight::from_parts(80_000_000, 185_000)
                .saturating_add(<$db>::get().reads(44_u64))
                .saturating_add(<$db>::get().writes(11_u64))
        }
    };
}

/// Weights for `pallet_noema_storage`, to be replaced by those measured in a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    weights!(T::DbWeight);
}

// For tests.
impl WeightInfo for () {
    weights!(RocksDbWeight);
}
