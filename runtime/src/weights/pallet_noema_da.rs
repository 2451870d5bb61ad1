//! The pallet's own weights, provisional, on the database of the runtime. `make bench-weights` puts measured ones in the place of this file.

pub use ::pallet_noema_da::weights::SubstrateWeight as WeightInfo;
