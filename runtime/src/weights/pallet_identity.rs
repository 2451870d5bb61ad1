//! The SDK's weights, on the database of the runtime. `make bench-weights` puts measured ones in the place of this file.

pub use ::pallet_identity::weights::SubstrateWeight as WeightInfo;
