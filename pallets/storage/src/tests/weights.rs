//! That the largest calls fit into extrinsics and blocks, and the agenda into its share.

use crate::{mock::*, zero_file, Config, HostHashing, WeightInfo};
use codec::{Encode, MaxEncodedLen};
use frame_support::{dispatch::DispatchClass, traits::Get, weights::Weight};
use frame_system::limits::BlockWeights;
use noema_commitment::{Shape, MAX_SIBLINGS};

type W = <Test as Config>::WeightInfo;

/// What one extrinsic of the smallest block that this pallet is meant for may take: half a second,
/// and 1 MiB of length.
const EXTRINSIC: Weight = Weight::from_parts(500_000_000_000, u64::MAX);
const LENGTH: usize = 1 << 20;

fn blocks() -> BlockWeights {
    <Test as frame_system::Config>::BlockWeights::get()
}

#[test]
fn weight_of_largest_prove_fits_an_extrinsic() {
    new_test_ext().execute_with(|| {
        let shape = Shape::new(MaxFileSize::get()).unwrap();
        // The first sector has the longest way to the root.
        let proof = zero_file::proofs::<Test>(&shape, [0; 8].into_iter());
        assert_eq!(proof[0].siblings.len(), 32);
        let call = RuntimeCall::from(crate::Call::prove {
            file: zero_file::root::<HostHashing>(&shape),
            owner: ALICE,
            slot: 0,
            proof,
        });
        // As long as siblings can be: the bound that the transaction's length has.
        let longest = crate::SectorProofsOf::<Test>::max_encoded_len();
        assert!(longest >= 8 * (256 + 32 * usize::try_from(MAX_SIBLINGS).unwrap()));
        assert!(call.encoded_size() < longest + 128);
        assert!(longest + 1_024 < LENGTH / 16, "{longest} bytes");
        let blocks = blocks();
        let extrinsic = blocks.get(DispatchClass::Normal).max_extrinsic.unwrap();
        for limit in [extrinsic, EXTRINSIC] {
            assert!(
                (W::prove() * 10).all_lt(limit),
                "{} is too much",
                W::prove()
            );
        }
    });
}

#[test]
fn weight_of_every_call_fits_an_extrinsic() {
    let blocks = blocks();
    let limit = blocks.get(DispatchClass::Normal).max_extrinsic.unwrap();
    let calls = [
        W::commit(MaxReplicas::get()),
        // Whatever number the sender writes.
        W::commit(u8::MAX.into()),
        W::commit_repeated(),
        W::ready(),
        W::prove(),
        W::remove(MaxReplicas::get()),
        W::resign(),
    ];
    for weight in calls {
        assert!(
            (weight * 4).all_lt(limit.min(EXTRINSIC)),
            "{weight} is too much"
        );
    }
}

#[test]
fn weight_of_a_full_agenda_block_fits_a_block() {
    new_test_ext().execute_with(|| {
        let blocks = blocks();
        let worst = Storage::least_agenda_weight();
        assert!((worst * 4).all_lt(blocks.max_block));
        assert!(worst.all_lte(MaxAgendaWeight::get()));
    });
}

#[test]
fn weight_of_worst_task_covers_every_kind() {
    new_test_ext().execute_with(|| {
        let worst = Storage::worst_task();
        for attempts in 0..=MaxDrawAttempts::get() {
            assert!(W::task_draw(attempts.into()).all_lte(worst));
        }
        for weight in [
            W::task_stale(),
            W::task_wait(),
            W::task_expire(),
            W::task_lapse(MaxReplicas::get()),
            W::task_mature() + MOST_OF_A_CHANGE * 2,
            W::task_end() + MOST_OF_A_CHANGE,
        ] {
            assert!(weight.all_lte(worst));
        }
    });
}

#[test]
fn size_of_a_deal_is_bounded() {
    let largest = crate::DealOf::<Test>::max_encoded_len();
    assert!(largest < 2_048, "{largest} bytes");
    let block = crate::Agenda::<Test>::storage_info_len();
    assert!(block < 8_192, "{block} bytes");
}

/// The largest value of the agenda.
trait StorageInfoLen {
    fn storage_info_len() -> usize;
}

impl StorageInfoLen for crate::Agenda<Test> {
    fn storage_info_len() -> usize {
        use frame_support::traits::StorageInfoTrait;
        let info = Self::storage_info().remove(0);
        usize::try_from(info.max_size.unwrap()).unwrap()
    }
}
