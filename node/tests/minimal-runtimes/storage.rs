//! `pallet-noema-storage` and no other pallet of ours.

use crate::{chain::Chain, signer};
use noema_commitment::{
    drawn_sectors, file_id, tree_root, tree_siblings, Hasher, SectorProof, Shape, SECTOR_SIZE,
};
use noema_minimal_runtime_storage as runtime;
use noema_traits::{AgedRandomness, FileCommitments};
use pallet_noema_storage::{Call, Deals, HostHashing, SlotState};
use runtime::{adapters, AccountId, Balance, BlockNumber, RuntimeCall, Storage};
use sp_keyring::Sr25519Keyring::{self, Alice, Eve};

signer!(runtime);

/// A file of four sectors.
const FILE: [u8; 1_000] = [7; 1_000];

fn call(call: Call<runtime::Runtime>) -> RuntimeCall {
    RuntimeCall::Storage(call)
}

/// The leaves of the file's tree, and its sectors.
fn sectors() -> (Vec<[u8; 32]>, Vec<[u8; SECTOR_SIZE]>) {
    let sectors: Vec<_> = FILE
        .chunks(SECTOR_SIZE)
        .map(|bytes| {
            let mut sector = [0; SECTOR_SIZE];
            sector[..bytes.len()].copy_from_slice(bytes);
            sector
        })
        .collect();
    let leaves = sectors
        .iter()
        .map(|sector| HostHashing::keccak_256(sector))
        .collect();
    (leaves, sectors)
}

/// The state of the deal's only slot.
fn slot(file: [u8; 32], owner: &AccountId) -> SlotState<AccountId, Balance, BlockNumber> {
    let deal = Deals::<runtime::Runtime>::get(file, owner).expect("the deal is there");
    deal.slots[0].state.clone()
}

#[test]
fn a_file_is_committed_placed_proven_and_removed() {
    let mut chain = Chain::development(runtime::WASM_BINARY);
    let owner = Alice.to_account_id();
    let size = FILE.len() as u64;
    let (leaves, sectors) = sectors();
    let root = tree_root::<HostHashing>(&leaves).expect("there are leaves");
    let file = file_id::<HostHashing>(&root, size);
    let before = chain.state(|| runtime::Balances::free_balance(&owner));

    let commit = signed(
        &mut chain,
        Alice,
        call(Call::commit {
            root,
            size,
            replicas: 1,
            rounds: 24,
            max: runtime::UNIT,
        }),
    );
    chain.done(commit);
    let provider = chain.until(5, || match slot(file, &owner) {
        SlotState::Assigned { provider, .. } => Some(provider),
        _ => None,
    });
    let member = adapters::Members::ALL
        .into_iter()
        .find(|member| member.to_account_id() == provider)
        .expect("a member was drawn");

    let ready = signed(
        &mut chain,
        member,
        call(Call::ready {
            file,
            owner: owner.clone(),
            slot: 0,
        }),
    );
    chain.done(ready);
    let seed = chain.until(5, || match slot(file, &owner) {
        SlotState::Proving { draw_at, .. } => adapters::BlockHashes::seed_from(draw_at),
        _ => None,
    });
    let shape = Shape::new(size).expect("the size has a shape");
    let proofs: Vec<_> = drawn_sectors::<HostHashing>(
        &seed.value,
        &file,
        owner.as_ref(),
        provider.as_ref(),
        0,
        &shape,
        4,
    )
    .map(|index| SectorProof {
        sector: sectors[index as usize],
        siblings: tree_siblings::<HostHashing>(&leaves, index)
            .expect("the sector is in the tree")
            .try_into()
            .expect("few siblings"),
    })
    .collect();
    let prove = |who: Sr25519Keyring, chain: &mut Chain| {
        let proofs = proofs.clone().try_into().expect("four proofs");
        let call = call(Call::prove {
            file,
            owner: owner.clone(),
            slot: 0,
            proof: proofs,
        });
        let transaction = signed(chain, who, call);
        chain.block(&[transaction])
    };
    // Who was not drawn cannot prove.
    let refused = prove(Eve, &mut chain);
    assert!(matches!(refused.as_slice(), [Ok(Err(_))]), "{refused:?}");
    assert!(!chain.state(|| Storage::is_stored(&root, size)));
    assert_eq!(prove(member, &mut chain), [Ok(Ok(()))]);
    assert!(chain.state(|| Storage::is_stored(&root, size)));

    let remove = signed(&mut chain, Alice, call(Call::remove { file, replicas: 1 }));
    chain.done(remove);
    assert!(!chain.state(|| Storage::is_stored(&root, size)));
    let after = chain.state(|| runtime::Balances::free_balance(&owner));
    assert!(
        before - after < runtime::UNIT / 10,
        "the deposit came back: {before} before, {after} after"
    );
}
