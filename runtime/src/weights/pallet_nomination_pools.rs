//! The SDK's weights, on the database of the runtime. Its benchmarks run with another staking pallet only
//! (`pallet-staking-async`), so that they cannot be measured here.

pub use ::pallet_nomination_pools::weights::SubstrateWeight as WeightInfo;
