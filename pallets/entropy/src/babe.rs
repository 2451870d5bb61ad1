//! Reads the output and the epoch randomness from `pallet-babe`.
//!
//! `pallet_babe::AuthorVrfRandomness` is set in BABE's `on_finalize` and stays: during a block's
//! `on_poll` it is the *parent's* output, which the author of the parent knew while it chose what
//! to include. [`CurrentVrfOutput`] computes the output from the pre-digest of the block that is
//! being executed, as BABE does itself at the end of the block.

#[cfg(feature = "runtime-benchmarks")]
use crate::BenchmarkHelper;
use crate::Output;
use core::marker::PhantomData;
use frame_support::traits::Get;
use sp_consensus_babe::{make_vrf_transcript, RANDOMNESS_VRF_CONTEXT};
use sp_core::crypto::Wraps;
use sp_runtime::SaturatedConversion;

/// VRF output of the block that is being executed. `None` in a plain secondary slot, and outside a
/// block between BABE's `on_initialize` and `on_finalize`.
///
/// The client verified the VRF proof before it executed the block; here only the output is
/// derived.
pub struct CurrentVrfOutput<T>(PhantomData<T>);

impl<T: pallet_babe::Config> Get<Option<Output>> for CurrentVrfOutput<T> {
    fn get() -> Option<Output> {
        let pre_digest = pallet_babe::Initialized::<T>::get().flatten()?;
        let signature = pre_digest.vrf_signature()?;
        let authorities = pallet_babe::Authorities::<T>::get();
        let (authority, _) =
            authorities.get(pre_digest.authority_index().saturated_into::<usize>())?;
        let transcript = make_vrf_transcript(
            &pallet_babe::Randomness::<T>::get(),
            pallet_babe::CurrentSlot::<T>::get(),
            pallet_babe::EpochIndex::<T>::get(),
        );
        authority
            .as_inner_ref()
            .make_bytes(RANDOMNESS_VRF_CONTEXT, &transcript, &signature.pre_output)
            .ok()
    }
}

/// Makes up the pre-digest of a secondary VRF slot: any point of the curve costs the same.
#[cfg(feature = "runtime-benchmarks")]
impl<T: pallet_babe::Config> BenchmarkHelper for CurrentVrfOutput<T> {
    fn provide_output() {
        use codec::{Decode, Encode};
        use sp_consensus_babe::digests::{PreDigest, SecondaryVRFPreDigest};

        /// The Ristretto base point, compressed.
        const POINT: Output = [
            0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00,
            0x51, 0x5f, 0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45,
            0xe0, 0x8d, 0x2d, 0x76,
        ];
        let encoded = (POINT, [0u8; 64]).encode();
        let Ok(vrf_signature) = Decode::decode(&mut encoded.as_slice()) else {
            return;
        };
        let slot = pallet_babe::CurrentSlot::<T>::get();
        pallet_babe::Initialized::<T>::put(Some(PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
            authority_index: 0,
            slot,
            vrf_signature,
        })));
        pallet_babe::Authorities::<T>::mutate(|authorities| {
            if authorities.is_empty() {
                let point: sp_consensus_babe::AuthorityId =
                    sp_core::sr25519::Public::from_raw(POINT).into();
                // A bound of zero authorities is no BABE chain; the benchmark would fail and say so.
                let _full = authorities.try_push((point, 1));
            }
        });
    }
}

/// Randomness of the running BABE epoch.
pub struct CurrentEpochRandomness<T>(PhantomData<T>);

impl<T: pallet_babe::Config> Get<Output> for CurrentEpochRandomness<T> {
    fn get() -> Output {
        pallet_babe::Randomness::<T>::get()
    }
}
