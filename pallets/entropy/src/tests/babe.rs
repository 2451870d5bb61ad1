//! The adapter gives the output that BABE itself records at the end of the block.

use crate::babe::{CurrentEpochRandomness, CurrentVrfOutput};
use codec::Encode;
use frame_support::{
    derive_impl,
    traits::{ConstU32, ConstU64, Get, Hooks},
};
use sp_consensus_babe::{
    digests::{PreDigest, PrimaryPreDigest, SecondaryPlainPreDigest, SecondaryVRFPreDigest},
    make_vrf_sign_data, AuthorityId, AuthorityPair, Slot, VrfSignature, BABE_ENGINE_ID,
};
use sp_core::crypto::{Pair, VrfSecret, Wraps};
use sp_runtime::{BuildStorage, Digest, DigestItem};

type Block = frame_system::mocking::MockBlockU32<Chain>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask
    )]
    pub struct Chain;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;

    #[runtime::pallet_index(2)]
    pub type Babe = pallet_babe;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Chain {
    type Block = Block;
}

impl pallet_timestamp::Config for Chain {
    type Moment = u64;
    type OnTimestampSet = Babe;
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

impl pallet_babe::Config for Chain {
    type EpochDuration = ConstU64<10>;
    type ExpectedBlockTime = ConstU64<1>;
    type EpochChangeTrigger = pallet_babe::SameAuthoritiesForever;
    type DisabledValidators = ();
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<10>;
    type MaxNominators = ConstU32<100>;
    type KeyOwnerProof = sp_core::Void;
    type EquivocationReportSystem = ();
}

fn output() -> Option<[u8; 32]> {
    <CurrentVrfOutput<Chain> as Get<_>>::get()
}

/// The signature of `author` for `slot` in the epoch that is current when the block starts.
fn sign(author: &AuthorityPair, slot: Slot) -> VrfSignature {
    let data = make_vrf_sign_data(
        &pallet_babe::Randomness::<Chain>::get(),
        slot,
        pallet_babe::EpochIndex::<Chain>::get(),
    );
    author.as_inner_ref().vrf_sign(&data)
}

fn digest_of(pre_digest: PreDigest) -> Digest {
    Digest {
        logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, pre_digest.encode())],
    }
}

/// Runs a block; returns what the adapter says during it.
fn run_block(number: u32, pre_digest: PreDigest) -> Option<[u8; 32]> {
    System::reset_events();
    System::initialize(&number, &Default::default(), &digest_of(pre_digest));
    Babe::on_initialize(number);
    let during = output();
    Babe::on_finalize(number);
    System::finalize();
    during
}

fn execute(test: impl FnOnce(&[AuthorityPair])) {
    let pairs: Vec<AuthorityPair> = (1..=2u8)
        .map(|byte| AuthorityPair::from_seed(&[byte; 32]))
        .collect();
    let authorities: Vec<(AuthorityId, u64)> =
        pairs.iter().map(|pair| (pair.public(), 1)).collect();
    let mut storage = frame_system::GenesisConfig::<Chain>::default()
        .build_storage()
        .unwrap();
    pallet_babe::GenesisConfig::<Chain> {
        authorities,
        epoch_config: sp_consensus_babe::BabeEpochConfiguration {
            c: (1, 4),
            allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
        },
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    sp_io::TestExternalities::new(storage).execute_with(|| test(&pairs));
}

fn primary(author: &AuthorityPair, authority_index: u32, slot: u64) -> PreDigest {
    let slot = Slot::from(slot);
    let vrf_signature = sign(author, slot);
    PreDigest::Primary(PrimaryPreDigest {
        authority_index,
        slot,
        vrf_signature,
    })
}

fn secondary(author: &AuthorityPair, authority_index: u32, slot: u64) -> PreDigest {
    let slot = Slot::from(slot);
    let vrf_signature = sign(author, slot);
    PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
        authority_index,
        slot,
        vrf_signature,
    })
}

#[test]
fn output_during_block_is_what_babe_records_at_its_end() {
    execute(|pairs| {
        let mut seen = Vec::new();
        for (number, slot) in (1u32..=2).zip(100u64..) {
            for (index, make) in [primary, secondary].into_iter().enumerate() {
                let number = 2 * number - 1 + u32::try_from(index).unwrap();
                let author = number % 2;
                let pre_digest = make(&pairs[author as usize], author, 2 * slot + index as u64);
                let parents = pallet_babe::AuthorVrfRandomness::<Chain>::get();
                let during = run_block(number, pre_digest);
                assert!(during.is_some());
                assert_eq!(during, pallet_babe::AuthorVrfRandomness::<Chain>::get());
                // What BABE stores during the block is another block's output.
                assert_ne!(during, parents);
                seen.push(during);
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    });
}

#[test]
fn output_in_first_block_of_epoch_is_of_the_new_epoch() {
    execute(|pairs| {
        run_block(1, primary(&pairs[0], 0, 100));
        assert_eq!(pallet_babe::EpochIndex::<Chain>::get(), 0);
        // Epochs last ten slots: the author of slot 110 signs with epoch 1's randomness, which
        // equals that of epoch 0 in this chain, and its index.
        let slot = Slot::from(110);
        let data = make_vrf_sign_data(&pallet_babe::NextRandomness::<Chain>::get(), slot, 1);
        let vrf_signature = pairs[1].as_inner_ref().vrf_sign(&data);
        let during = run_block(
            2,
            PreDigest::Primary(PrimaryPreDigest {
                authority_index: 1,
                slot,
                vrf_signature,
            }),
        );
        assert_eq!(pallet_babe::EpochIndex::<Chain>::get(), 1);
        assert!(during.is_some());
        assert_eq!(during, pallet_babe::AuthorVrfRandomness::<Chain>::get());
        assert_eq!(
            <CurrentEpochRandomness<Chain> as Get<_>>::get(),
            pallet_babe::Randomness::<Chain>::get()
        );
    });
}

#[test]
fn output_in_plain_slot_is_none() {
    execute(|pairs| {
        run_block(1, primary(&pairs[0], 0, 100));
        let plain = SecondaryPlainPreDigest {
            authority_index: 1,
            slot: Slot::from(101),
        };
        assert_eq!(run_block(2, PreDigest::SecondaryPlain(plain)), None);
    });
}

#[test]
fn output_outside_a_block_is_none() {
    execute(|pairs| {
        assert_eq!(output(), None);
        run_block(1, primary(&pairs[0], 0, 100));
        assert_eq!(output(), None);
    });
}

#[test]
fn output_of_unknown_authority_is_none() {
    execute(|pairs| {
        System::initialize(
            &1,
            &Default::default(),
            &digest_of(primary(&pairs[0], 7, 100)),
        );
        Babe::on_initialize(1);
        assert_eq!(output(), None);
    });
}

#[cfg(feature = "runtime-benchmarks")]
#[test]
fn provide_output_gives_benchmarks_an_output() {
    use crate::BenchmarkHelper;
    execute(|_| {
        assert_eq!(output(), None);
        CurrentVrfOutput::<Chain>::provide_output();
        assert!(output().is_some());
    });
    // A genesis without authorities gets one.
    sp_io::TestExternalities::default().execute_with(|| {
        CurrentVrfOutput::<Chain>::provide_output();
        assert!(output().is_some());
    });
}
