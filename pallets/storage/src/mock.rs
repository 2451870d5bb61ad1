//! A runtime with nothing but balances and this pallet; a provider registry and seeds that the
//! tests choose. Both keep their state in storage, so that it is undone with everything else when
//! a call or a task fails.

use crate as pallet_noema_storage;
use crate::{Config, DealOf, Deals, FileId, SectorProofsOf, SlotOf, SlotState, TaskOf};
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl,
    dispatch::DispatchResultWithPostInfo,
    parameter_types, storage_alias,
    traits::{fungible::InspectHold, Hooks},
    weights::{Weight, WeightMeter},
    Twox64Concat,
};
use noema_commitment::{
    drawn_sectors, tree_root, tree_siblings, Hasher, SectorProof, Shape, SECTOR_SIZE,
};
use noema_traits::{AgedRandomness, ProviderRegistry, Role, Seed};
use sp_runtime::{
    traits::{Convert, Dispatchable},
    BuildStorage, DispatchError, DispatchResult, TokenError,
};
use std::collections::BTreeMap;

type Block = frame_system::mocking::MockBlockU32<Test>;

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
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(2)]
    pub type Storage = pallet_noema_storage;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

parameter_types! {
    pub const MaxReplicas: u32 = 16;
    pub static MaxFileSize: u64 = 1 << 40;
    pub static DrawDelay: u32 = 2;
    pub static RedrawDelay: u32 = 10;
    pub static ProofDrawDelay: u32 = 2;
    pub static MaxSeedGap: u32 = 4;
    pub static ReadyWindowBase: u32 = 20;
    pub const ReadyWindowPerMib: u32 = 1;
    pub static ProveWindow: u32 = 10;
    pub static ProofSectors: u32 = 8;
    pub static MaxTasksPerBlock: u32 = 64;
    pub static AgendaSearch: u32 = 8;
    pub static AgendaCatchUp: u32 = 4;
    pub static MaxAgendaWeight: Weight = Weight::from_parts(400_000_000_000, u64::MAX);
    pub static MaxDrawAttempts: u8 = 16;
    pub const DepositBase: u64 = 1_000;
    pub const DepositPerReplica: u64 = 100;
    pub const DepositPerMib: u64 = 10;
    pub static History: u32 = 64;
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Registry;
    type Randomness = Seeds;
    type FileHasher = crate::HostHashing;
    type AccountBytes = PaddedAccount;
    type BlockNumberProvider = System;
    type MaxReplicas = MaxReplicas;
    type MaxFileSize = MaxFileSize;
    type DrawDelay = DrawDelay;
    type RedrawDelay = RedrawDelay;
    type ProofDrawDelay = ProofDrawDelay;
    type MaxSeedGap = MaxSeedGap;
    type ReadyWindowBase = ReadyWindowBase;
    type ReadyWindowPerMib = ReadyWindowPerMib;
    type ProveWindow = ProveWindow;
    type ProofSectors = ProofSectors;
    type MaxTasksPerBlock = MaxTasksPerBlock;
    type AgendaSearch = AgendaSearch;
    type AgendaCatchUp = AgendaCatchUp;
    type MaxAgendaWeight = MaxAgendaWeight;
    type MaxDrawAttempts = MaxDrawAttempts;
    type DepositBase = DepositBase;
    type DepositPerReplica = DepositPerReplica;
    type DepositPerMib = DepositPerMib;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

/// Account numbers as 32 bytes.
pub struct PaddedAccount;
impl Convert<u64, [u8; 32]> for PaddedAccount {
    fn convert(account: u64) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&account.to_le_bytes());
        bytes
    }
}

/// A storage provider of the mock registry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct MockProvider {
    pub(crate) operator: u64,
    pub(crate) capacity: u64,
    pub(crate) reserved: u64,
    pub(crate) active: bool,
}

impl MockProvider {
    fn free(&self) -> u64 {
        if self.active {
            self.capacity.saturating_sub(self.reserved)
        } else {
            0
        }
    }
}

#[storage_alias]
pub(crate) type Providers = StorageMap<MockRegistry, Twox64Concat, u64, MockProvider>;

/// Providers in storage, drawn in proportion to their free bytes.
pub struct Registry;

impl Registry {
    /// In the order of their accounts.
    pub(crate) fn all() -> BTreeMap<u64, MockProvider> {
        Providers::iter().collect()
    }

    pub(crate) fn set_capacity(provider: u64, capacity: u64) {
        Providers::mutate(provider, |entry| {
            entry.as_mut().unwrap().capacity = capacity;
        });
    }

    pub(crate) fn set_activity(provider: u64, active: bool) {
        Providers::mutate(provider, |entry| entry.as_mut().unwrap().active = active);
    }

    pub(crate) fn insert(provider: u64, operator: u64, capacity: u64) {
        let entry = MockProvider {
            operator,
            capacity,
            reserved: 0,
            active: true,
        };
        Providers::insert(provider, entry);
    }
}

impl ProviderRegistry<u64, u64> for Registry {
    fn is_active(_role: Role, provider: &u64) -> bool {
        Providers::get(provider).is_some_and(|entry| entry.active)
    }
    fn active_count(role: Role) -> u32 {
        assert_eq!(role, Role::Storage);
        Providers::iter_values()
            .filter(|entry| entry.active)
            .count() as u32
    }
    fn bond(_role: Role, _provider: &u64) -> u64 {
        0
    }
    fn endpoint(_role: Role, _provider: &u64) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &u64) -> Option<u64> {
        assert_eq!(role, Role::Storage);
        Self::all()
            .into_iter()
            .find(|(_, entry)| entry.operator == *operator)
            .map(|(who, _)| who)
    }
    fn free_bytes(_role: Role, provider: &u64) -> u64 {
        Providers::get(provider).map_or(0, |entry| entry.free())
    }
    fn draw(role: Role, random: &[u8; 32]) -> Option<u64> {
        assert_eq!(role, Role::Storage);
        let all = Self::all();
        let total: u128 = all.values().map(|entry| u128::from(entry.free())).sum();
        let mut point = u128::from_le_bytes(random[..16].try_into().unwrap()).checked_rem(total)?;
        for (provider, entry) in all {
            let free = u128::from(entry.free());
            if point < free {
                return Some(provider);
            }
            point -= free;
        }
        None
    }
    fn reserve(role: Role, provider: &u64, bytes: u64) -> DispatchResult {
        assert_eq!(role, Role::Storage);
        Providers::try_mutate(provider, |entry| {
            let entry = entry.as_mut().ok_or(DispatchError::CannotLookup)?;
            if entry.free() < bytes {
                return Err(TokenError::FundsUnavailable.into());
            }
            entry.reserved += bytes;
            Ok(())
        })
    }
    fn release(role: Role, provider: &u64, bytes: u64) {
        assert_eq!(role, Role::Storage);
        Providers::mutate(provider, |entry| {
            let entry = entry.as_mut().expect("only known providers are released");
            entry.reserved = entry
                .reserved
                .checked_sub(bytes)
                .expect("released what was reserved");
        });
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(_role: Role, provider: &u64, operator: &u64, free: u64) {
        Self::insert(*provider, *operator, free);
    }
}

#[storage_alias]
type SeedOf = StorageMap<MockSeeds, Twox64Concat, u32, [u8; 32]>;

/// Seeds in storage, with gaps where the tests want them, forgotten after `History` blocks.
pub struct Seeds;

impl Seeds {
    pub(crate) fn set(block: u32, value: [u8; 32]) {
        SeedOf::insert(block, value);
    }

    fn remember(block: u32) {
        SeedOf::insert(
            block,
            sp_io::hashing::blake2_256(&(b"seed", block).encode()),
        );
    }

    fn forget(block: u32) {
        SeedOf::remove(block);
    }
}

impl AgedRandomness<u32> for Seeds {
    fn seed_from(not_before: u32) -> Option<Seed<u32>> {
        (not_before..=not_before.saturating_add(MaxSeedGap::get())).find_map(|block| {
            SeedOf::get(block).map(|value| Seed {
                value,
                drawn_at: block,
            })
        })
    }
    fn history() -> u32 {
        History::get()
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_seed(block: u32, value: [u8; 32]) {
        Self::set(block, value);
    }
}

/// Owners with money.
pub(crate) const ALICE: u64 = 1;
pub(crate) const BOB: u64 = 2;
/// An account with nothing but the existential deposit.
pub(crate) const PAUPER: u64 = 3;
/// What Alice and Bob start with.
pub(crate) const ENDOWMENT: u64 = 1_000_000_000;
/// Free bytes of each provider to start with.
pub(crate) const CAPACITY: u64 = 1 << 50;

/// The bonded account of the `n`-th provider.
pub(crate) const fn provider(n: u64) -> u64 {
    100 + n
}

/// The operator key of a provider.
pub(crate) const fn operator_of(provider: u64) -> u64 {
    provider + 100
}

/// What tests change of the configuration lives in the thread, which they may share.
fn reset_parameters() {
    MaxFileSize::set(1 << 40);
    DrawDelay::set(2);
    RedrawDelay::set(10);
    ProofDrawDelay::set(2);
    MaxSeedGap::set(4);
    ReadyWindowBase::set(20);
    ProveWindow::set(10);
    ProofSectors::set(8);
    MaxTasksPerBlock::set(64);
    AgendaSearch::set(8);
    AgendaCatchUp::set(4);
    MaxAgendaWeight::set(Weight::from_parts(400_000_000_000, u64::MAX));
    MaxDrawAttempts::set(16);
    History::set(64);
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    reset_parameters();
    let mut genesis = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![(ALICE, ENDOWMENT), (BOB, ENDOWMENT), (PAUPER, 1)],
        ..Default::default()
    }
    .assimilate_storage(&mut genesis)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(genesis);
    ext.execute_with(|| {
        System::set_block_number(1);
        Seeds::remember(1);
    });
    ext
}

/// Runs a test over `providers` providers, and checks every invariant at its end.
pub(crate) fn build_and_execute(providers: u64, test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        for n in 0..providers {
            Registry::insert(provider(n), operator_of(provider(n)), CAPACITY);
        }
        test();
        check_invariants();
    });
}

/// `do_try_state`, and what only the mock registry can see: each provider has exactly the bytes
/// reserved that its slots take.
pub(crate) fn check_invariants() {
    Storage::do_try_state().unwrap();
    let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
    for deal in Deals::<Test>::iter_values() {
        for provider in deal.slots.iter().filter_map(|slot| slot.state.provider()) {
            *expected.entry(*provider).or_default() +=
                Shape::new(deal.size).unwrap().padded_bytes();
        }
    }
    for (provider, entry) in Registry::all() {
        let expected = expected.get(&provider).copied().unwrap_or_default();
        assert_eq!(
            entry.reserved, expected,
            "bytes reserved of provider {provider}"
        );
    }
}

fn begin_block(with_seed: bool) {
    let block = System::block_number() + 1;
    System::set_block_number(block);
    if with_seed {
        Seeds::remember(block);
    }
    if let Some(old) = block.checked_sub(History::get()) {
        Seeds::forget(old);
    }
}

fn poll(limit: Weight) -> Weight {
    let mut meter = WeightMeter::with_limit(limit);
    Storage::on_poll(System::block_number(), &mut meter);
    meter.consumed()
}

/// The next block, with a seed.
pub(crate) fn next_block() {
    begin_block(true);
    poll(Weight::MAX);
}

/// The next block, without a seed.
pub(crate) fn next_block_without_seed() {
    begin_block(false);
    poll(Weight::MAX);
}

/// The next block, in which hooks may take no more than `limit`. Returns what they took.
pub(crate) fn next_block_within(limit: Weight) -> Weight {
    begin_block(true);
    poll(limit)
}

/// The next block, in which no hook runs, as during a migration.
pub(crate) fn next_block_without_hooks() {
    begin_block(true);
}

pub(crate) fn run_to(block: u32) {
    while System::block_number() < block {
        next_block();
    }
}

pub(crate) fn run_blocks(blocks: u32) {
    run_to(System::block_number() + blocks);
}

/// A file whose sectors all differ.
#[derive(Clone, Debug)]
pub(crate) struct TestFile {
    pub(crate) root: [u8; 32],
    pub(crate) size: u64,
    sectors: Vec<[u8; SECTOR_SIZE]>,
    leaves: Vec<[u8; 32]>,
}

impl TestFile {
    pub(crate) fn new(size: u64, salt: u8) -> Self {
        let shape = Shape::new(size).unwrap();
        let mut sectors = vec![[0u8; SECTOR_SIZE]; shape.padded_sectors() as usize];
        for at in 0..size as usize {
            let (sector, byte) = (at / SECTOR_SIZE, at % SECTOR_SIZE);
            sectors[sector][byte] = (at + sector) as u8 ^ salt;
        }
        let leaves: Vec<_> = sectors
            .iter()
            .map(|sector| crate::HostHashing::keccak_256(sector))
            .collect();
        let root = tree_root::<crate::HostHashing>(&leaves).unwrap();
        Self {
            root,
            size,
            sectors,
            leaves,
        }
    }

    pub(crate) fn id(&self) -> FileId {
        noema_commitment::file_id::<crate::HostHashing>(&self.root, self.size)
    }

    pub(crate) fn sector_proof(&self, index: u64) -> SectorProof {
        let siblings = tree_siblings::<crate::HostHashing>(&self.leaves, index).unwrap();
        SectorProof {
            sector: self.sectors[index as usize],
            siblings: siblings.try_into().unwrap(),
        }
    }

    /// The proof that a slot awaits, whose seed must be there.
    pub(crate) fn proof(&self, owner: u64, slot: u8) -> SectorProofsOf<Test> {
        self.proof_of(sectors_drawn(self.id(), owner, slot))
    }

    pub(crate) fn proof_of(&self, sectors: Vec<u64>) -> SectorProofsOf<Test> {
        let proofs: Vec<_> = sectors
            .into_iter()
            .map(|sector| self.sector_proof(sector))
            .collect();
        proofs.try_into().unwrap()
    }
}

/// The sectors drawn for a slot that awaits its proof, whose seed must be there.
pub(crate) fn sectors_drawn(file: FileId, owner: u64, slot: u8) -> Vec<u64> {
    let SlotState::Proving {
        provider, draw_at, ..
    } = slot_of(file, owner, slot).state
    else {
        panic!("the slot awaits no proof");
    };
    drawn_sectors::<crate::HostHashing>(
        &Seeds::seed_from(draw_at).unwrap().value,
        &file,
        &PaddedAccount::convert(owner),
        &PaddedAccount::convert(provider),
        slot,
        &Shape::new(deal_of(file, owner).size).unwrap(),
        ProofSectors::get(),
    )
    .collect()
}

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Makes a call as the runtime does: undone when it fails. (A pallet's function by itself is not.)
pub(crate) fn dispatch(who: u64, call: crate::Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::from(call).dispatch(signed(who))
}

pub(crate) fn deal_of(file: FileId, owner: u64) -> DealOf<Test> {
    Deals::<Test>::get(file, owner).expect("the deal is there")
}

pub(crate) fn slot_of(file: FileId, owner: u64, slot: u8) -> SlotOf<Test> {
    deal_of(file, owner)
        .slot(slot)
        .expect("the slot is there")
        .clone()
}

pub(crate) fn provider_of(file: FileId, owner: u64, slot: u8) -> u64 {
    *slot_of(file, owner, slot)
        .state
        .provider()
        .expect("the slot has a provider")
}

pub(crate) fn held(owner: u64) -> u64 {
    Balances::balance_on_hold(&crate::HoldReason::Deposit.into(), &owner)
}

pub(crate) fn tasks_at(block: u32) -> Vec<TaskOf<Test>> {
    crate::Agenda::<Test>::get(block).into_inner()
}

/// The pallet's events of this block, then none.
pub(crate) fn take_events() -> Vec<crate::Event<Test>> {
    let events = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Storage(event) => Some(event),
            _ => None,
        })
        .collect();
    System::reset_events();
    events
}

/// Alice's deal for this file with all its slots assigned.
pub(crate) fn assigned(file: &TestFile, replicas: u8) -> FileId {
    Storage::commit(signed(ALICE), file.root, file.size, replicas).unwrap();
    run_blocks(DrawDelay::get());
    let id = file.id();
    for slot in 0..replicas {
        assert!(matches!(
            slot_of(id, ALICE, slot).state,
            SlotState::Assigned { .. }
        ));
    }
    id
}

/// Says `ready` for a slot of Alice's deal, by the operator of its provider.
pub(crate) fn make_ready(file: FileId, slot: u8) {
    let operator = operator_of(provider_of(file, ALICE, slot));
    Storage::ready(signed(operator), file, ALICE, slot).unwrap();
}

/// Alice's deal with one slot that awaits its proof, whose seed is there.
pub(crate) fn proving(file: &TestFile) -> (FileId, u64) {
    let id = assigned(file, 1);
    make_ready(id, 0);
    run_blocks(ProofDrawDelay::get());
    (id, operator_of(provider_of(id, ALICE, 0)))
}

/// Says `ready` for a slot of Alice's deal and proves it.
pub(crate) fn make_held(file: &TestFile, slot: u8) {
    let id = file.id();
    make_ready(id, slot);
    run_blocks(ProofDrawDelay::get());
    let operator = operator_of(provider_of(id, ALICE, slot));
    Storage::prove(signed(operator), id, ALICE, slot, file.proof(ALICE, slot)).unwrap();
}
