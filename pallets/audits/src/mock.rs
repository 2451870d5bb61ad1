//! A runtime with nothing but this pallet, twice; populations over plain maps and a sum tree of six levels; a registry, a discipline and a payroll that
//! count money to the unit; and seeds and blocks that the tests choose. All keep their state in storage, so that it is undone with everything else when
//! a call or a change fails.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

use crate as pallet_noema_audits;
use crate::{Audited, Config, DrawnOf, Pace, PaceInForce, Pallet, RoundOf, RoundState, Running, Written};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl,
    dispatch::{DispatchClass, DispatchResultWithPostInfo},
    instances::Instance1,
    parameter_types, storage_alias,
    traits::{ConstU32, Hooks, IntegrityTest},
    weights::{Weight, WeightMeter},
    Blake2_128Concat, Twox64Concat,
};
use noema_models::audits::block::{Block as ModelBlock, Kind, Load};
use noema_sum_tree::{Node, NodeStore};
use noema_traits::{
    AgedRandomness, AuditFreeze, Auditable, Frozen, Outcome, Payroll, Population, ProofFault,
    ProviderDiscipline, ProviderRegistry, ReturnGate, Role, RoundIndex, Seed, Settled,
    SlashOutcome, Tick, Ticks,
};
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{Convert, Dispatchable},
    BuildStorage, DispatchError, DispatchResult, Perbill,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Balance = u128;
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
    pub type Audits = pallet_noema_audits;

    /// Another kind of thing, of which there is nothing yet.
    #[runtime::pallet_index(2)]
    pub type RowAudits = pallet_noema_audits<Instance1>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type BlockWeights = BlockWeights;
    type BlockLength = BlockLength;
    type DbWeight = frame_support::weights::constants::RocksDbWeight;
}

/// A token.
pub(crate) const NOEMA: Balance = 1_000_000_000_000_000_000;
/// Weight of a block.
pub(crate) const BLOCK: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);
/// What the normal class may use of it, and of the bytes.
pub(crate) const NORMAL: u64 = 750_000_000_000;
/// Bytes that the normal class may use.
pub(crate) const LENGTH: u32 = 4_000_000;

fn block_weights() -> frame_system::limits::BlockWeights {
    frame_system::limits::BlockWeights::builder()
        .base_block(Weight::zero())
        .for_class(DispatchClass::Normal, |weights| {
            weights.base_extrinsic = Weight::from_parts(100_000_000, 0);
            weights.max_total = Some(Weight::from_parts(NORMAL, u64::MAX / 4 * 3));
        })
        .for_class(DispatchClass::Operational, |weights| {
            weights.max_total = Some(BLOCK);
        })
        .build_or_panic()
}

fn block_length() -> frame_system::limits::BlockLength {
    frame_system::limits::BlockLength::builder()
        .max_length(LENGTH + LENGTH / 3)
        .modify_max_length_for_class(DispatchClass::Normal, |most| *most = LENGTH)
        .build()
}

parameter_types! {
    pub static BlockWeights: frame_system::limits::BlockWeights = block_weights();
    pub static BlockLength: frame_system::limits::BlockLength = block_length();
    pub const StorageRole: Role = Role::Storage;
    pub const RowRole: Role = Role::DataAvailability;
    pub static MaxSeedGap: u32 = 2;
    pub static History: u32 = 20;
    pub static Answerable: bool = true;
    pub static MinChallenges: u32 = 2;
    pub static MaxChallenges: u32 = 6;
    pub static ChallengeUnit: u64 = 16 * 256;
    pub static MissPoints: u32 = 24;
    pub static PassPoints: u32 = 1;
    pub static DropPoints: u32 = 96;
    pub static MissFee: Balance = NOEMA / 20;
    pub static ReporterShare: Perbill = Perbill::from_percent(20);
    pub static MaxReporterShare: Perbill = Perbill::from_percent(20);
    pub static SecondSlash: Perbill = Perbill::from_percent(1);
    pub static ThirdSlash: Perbill = Perbill::from_percent(4);
    pub static DropSlash: Perbill = Perbill::from_percent(10);
    pub static JailTerm: u32 = 30;
    pub static MaxSettle: u32 = 16;
    /// Whether everybody's challenges are drawn when a round opens, to be compared with what is written down.
    pub static Eagerly: bool = true;
    /// Whether whoever begins a drop has everything taken at once.
    pub static DropAtOnce: bool = false;
}

impl Config for Test {
    type Balance = Balance;
    type Role = StorageRole;
    type Audited = Replicas;
    type Payroll = Wages;
    type Providers = Registry;
    type Discipline = Registry;
    type Randomness = Seeds;
    type MaxSeedGap = MaxSeedGap;
    type Answerable = Answerable;
    type AccountBytes = PaddedAccount;
    type BlockNumberProvider = System;
    type MinChallenges = MinChallenges;
    type MaxChallenges = MaxChallenges;
    type ChallengeUnit = ChallengeUnit;
    type MissPoints = MissPoints;
    type PassPoints = PassPoints;
    type DropPoints = DropPoints;
    type MissFee = MissFee;
    type ReporterShare = ReporterShare;
    type MaxReporterShare = MaxReporterShare;
    type SecondSlash = SecondSlash;
    type ThirdSlash = ThirdSlash;
    type DropSlash = DropSlash;
    type JailTerm = JailTerm;
    type MaxSettle = MaxSettle;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

impl Config<Instance1> for Test {
    type Balance = Balance;
    type Role = RowRole;
    type Audited = ();
    type Payroll = ();
    type Providers = ();
    type Discipline = ();
    type Randomness = Seeds;
    type MaxSeedGap = MaxSeedGap;
    type Answerable = Answerable;
    type AccountBytes = PaddedAccount;
    type BlockNumberProvider = System;
    type MinChallenges = ConstU32<8>;
    type MaxChallenges = ConstU32<32>;
    type ChallengeUnit = ChallengeUnit;
    type MissPoints = MissPoints;
    type PassPoints = PassPoints;
    type DropPoints = DropPoints;
    type MissFee = MissFee;
    type ReporterShare = ReporterShare;
    type MaxReporterShare = MaxReporterShare;
    type SecondSlash = SecondSlash;
    type ThirdSlash = ThirdSlash;
    type DropSlash = DropSlash;
    type JailTerm = JailTerm;
    type MaxSettle = MaxSettle;
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

// ---- Populations ------------------------------------------------------------------------------------------------------------------------------------

/// A sector of a replica.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Item {
    pub(crate) replica: u64,
    pub(crate) sectors: u64,
    pub(crate) sector: u64,
}

/// A proof that somebody read it: what it was made for instead of hashes.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Proof {
    pub(crate) of: Item,
    pub(crate) siblings: u32,
    pub(crate) dirty: bool,
    pub(crate) flipped: bool,
}

impl Proof {
    pub(crate) fn of(item: Item) -> Self {
        Self {
            of: item,
            siblings: siblings(item.sectors),
            dirty: false,
            flipped: false,
        }
    }
}

fn siblings(sectors: u64) -> u32 {
    sectors.max(1).next_power_of_two().ilog2()
}

/// A replica that can be challenged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct Leaf {
    pub(crate) replica: u64,
    pub(crate) sectors: u64,
}

#[storage_alias]
type Leaves = StorageDoubleMap<MockReplicas, Twox64Concat, u64, Twox64Concat, u32, Leaf>;
#[storage_alias]
type LeafCount = StorageMap<MockReplicas, Twox64Concat, u64, u32, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
type Nodes = StorageDoubleMap<MockReplicas, Blake2_128Concat, u64, Blake2_128Concat, (u32, u32), Node>;
/// Who is being dropped, and what the episode took: what storage knows.
#[storage_alias]
pub(crate) type Drops = StorageMap<MockReplicas, Twox64Concat, u64, Balance>;
/// What everybody was asked for when the running round opened.
#[storage_alias]
pub(crate) type DrawnAtOpening = StorageMap<MockReplicas, Twox64Concat, u64, (RoundIndex, Vec<Item>)>;

/// One provider's tree.
struct Tree(u64);
impl NodeStore for Tree {
    const DEPTH: u32 = 6;

    fn get(&self, level: u32, index: u32) -> Option<Node> {
        Nodes::get(self.0, (level, index))
    }
    fn set(&mut self, level: u32, index: u32, node: Node) {
        Nodes::insert(self.0, (level, index), node);
    }
    fn remove(&mut self, level: u32, index: u32) {
        Nodes::remove(self.0, (level, index));
    }
}

/// Why the mock's storage does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Frozen(Frozen),
    BeingDropped,
    UnknownReplica,
    NothingToDrop,
}

impl From<Frozen> for Refused {
    fn from(frozen: Frozen) -> Self {
        Self::Frozen(frozen)
    }
}

/// Populations, and what storage must do.
pub struct Replicas;

impl Replicas {
    /// The leaves in their order.
    pub(crate) fn leaves(provider: u64) -> Vec<Leaf> {
        (0..LeafCount::get(provider)).map(|leaf| Leaves::get(provider, leaf).unwrap()).collect()
    }

    fn push(provider: u64, leaf: Leaf) {
        let count = LeafCount::get(provider);
        Leaves::insert(provider, count, leaf);
        LeafCount::insert(provider, count + 1);
        noema_sum_tree::set_weight(&mut Tree(provider), count, leaf.sectors).unwrap();
        Wages::begin(provider, round_of_joining(), Balance::from(leaf.sectors));
    }

    /// Takes a leaf out; the last one moves there.
    fn swap_remove(provider: u64, place: u32) -> Option<Leaf> {
        let leaf = Leaves::get(provider, place)?;
        let last = LeafCount::get(provider) - 1;
        let moved = Leaves::take(provider, last).unwrap();
        noema_sum_tree::set_weight(&mut Tree(provider), last, 0).unwrap();
        if last != place {
            Leaves::insert(provider, place, moved);
            noema_sum_tree::set_weight(&mut Tree(provider), place, moved.sectors).unwrap();
        }
        match last {
            0 => LeafCount::remove(provider),
            _ => LeafCount::insert(provider, last),
        }
        Wages::stop(provider, round_of_joining(), Balance::from(leaf.sectors));
        Some(leaf)
    }

    /// A replica becomes auditable.
    pub(crate) fn insert(provider: u64, leaf: Leaf) -> Result<(), Refused> {
        transact(|| {
            Audits::before_change(&provider)?;
            if Audits::is_dropping(&provider) {
                return Err(Refused::BeingDropped);
            }
            Self::push(provider, leaf);
            Ok(())
        })
    }

    /// A replica goes, whoever wants it.
    pub(crate) fn remove(provider: u64, place: u32) -> Result<Leaf, Refused> {
        transact(|| {
            Audits::before_change(&provider)?;
            Self::swap_remove(provider, place).ok_or(Refused::UnknownReplica)
        })
    }

    /// Takes replicas from a provider that is being dropped, the last first. Returns how many.
    pub(crate) fn take(provider: u64, most: u32) -> Result<u32, Refused> {
        transact(|| {
            Audits::before_change(&provider)?;
            if !Drops::contains_key(provider) {
                return Err(Refused::NothingToDrop);
            }
            let mut taken = 0;
            while taken < most && LeafCount::get(provider) > 0 {
                Audits::before_change(&provider)?;
                Self::swap_remove(provider, LeafCount::get(provider) - 1);
                taken += 1;
            }
            if LeafCount::get(provider) == 0 {
                Drops::remove(provider);
                Audits::emptied(&provider);
            }
            Ok(taken)
        })
    }
}

/// The round that a change belongs to: what is begun in it is challenged and paid from the next one on.
fn round_of_joining() -> RoundIndex {
    <Audits as noema_traits::Rounds>::current()
}

/// Everything or nothing, as in a call.
pub(crate) fn transact<T, E>(change: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    frame_support::storage::with_transaction_unchecked(|| match change() {
        Ok(done) => sp_runtime::TransactionOutcome::Commit(Ok(done)),
        Err(error) => sp_runtime::TransactionOutcome::Rollback(Err(error)),
    })
}

impl Auditable<u64, Balance> for Replicas {
    type Item = Item;
    type Proof = Proof;

    fn population(provider: &u64) -> Population {
        let units = noema_sum_tree::total(&Tree(*provider));
        Population {
            units,
            bytes: 256 * units,
        }
    }

    fn item_at(provider: &u64, target: u128) -> Option<Item> {
        let place = noema_sum_tree::draw(&Tree(*provider), target)?;
        let before: u128 = (0..place)
            .map(|leaf| u128::from(Leaves::get(provider, leaf).unwrap().sectors))
            .sum();
        let leaf = Leaves::get(provider, place)?;
        Some(Item {
            replica: leaf.replica,
            sectors: leaf.sectors,
            sector: u64::try_from(target - before).unwrap(),
        })
    }

    fn check(item: &Item, proof: &Proof) -> Result<(), ProofFault> {
        match proof {
            _ if proof.siblings != siblings(item.sectors) => Err(ProofFault::WrongLength),
            _ if proof.dirty => Err(ProofFault::Malformed),
            _ => Ok(()),
        }
    }

    fn verify(item: &Item, proof: &Proof) -> Result<(), ProofFault> {
        match proof.of == *item && !proof.flipped {
            true => Ok(()),
            false => Err(ProofFault::WrongProof),
        }
    }

    fn begin_drop(provider: &u64, taken: Balance) {
        assert!(!Drops::contains_key(provider), "a drop begins twice");
        assert!(Audits::is_dropping(provider), "whoever is told finds it so");
        Drops::insert(provider, taken);
        if DropAtOnce::get() {
            while LeafCount::get(provider) > 0 {
                Self::swap_remove(*provider, LeafCount::get(provider) - 1);
            }
            Drops::remove(provider);
            Audits::emptied(provider);
        }
    }

    fn populated() -> Vec<u64> {
        LeafCount::iter_keys().collect()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn fill(provider: &u64, items: u32) {
        for replica in 0..items {
            let sectors = 1 << 46;
            Self::push(*provider, Leaf { replica: replica.into(), sectors });
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(item: &Item) -> Proof {
        Proof::of(*item)
    }
}

// ---- Pay --------------------------------------------------------------------------------------------------------------------------------------------

/// What is owed to a provider, by sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
struct Account {
    settled: RoundIndex,
    rate: Balance,
    carried: Balance,
}

/// What became of a provider's pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct Totals {
    /// Everything that was due, of rounds settled.
    pub(crate) due: Balance,
    /// Paid out.
    pub(crate) paid: Balance,
    /// Lost by misses.
    pub(crate) lost: Balance,
    /// Lost because everything was being taken.
    pub(crate) forfeited: Balance,
}

/// What became of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Paid {
    Passed,
    Missed,
    Skipped,
    Forfeited,
}

#[storage_alias]
type Accounts = StorageMap<MockWages, Twox64Concat, u64, Account>;
#[storage_alias]
type RateChanges = StorageDoubleMap<MockWages, Twox64Concat, u64, Twox64Concat, u32, i128>;
#[storage_alias]
type WageTotals = StorageMap<MockWages, Twox64Concat, u64, Totals, frame_support::pallet_prelude::ValueQuery>;
/// Every round that was settled, in order.
#[storage_alias]
type WageLog = StorageMap<MockWages, Twox64Concat, u64, Vec<(RoundIndex, Paid)>, frame_support::pallet_prelude::ValueQuery>;

/// Pays a unit for each sector and round, as `docs/design/money.md` says.
pub struct Wages;

impl Wages {
    pub(crate) fn totals(provider: u64) -> Totals {
        WageTotals::get(provider)
    }

    pub(crate) fn log(provider: u64) -> Vec<(RoundIndex, Paid)> {
        WageLog::get(provider)
    }

    pub(crate) fn carried(provider: u64) -> Balance {
        Accounts::get(provider).map_or(0, |account| account.carried)
    }

    fn change(provider: u64, round: RoundIndex, by: i128) {
        let change = RateChanges::get(provider, round).unwrap_or(0) + by;
        match change {
            0 => RateChanges::remove(provider, round),
            _ => RateChanges::insert(provider, round, change),
        }
    }

    fn begin(provider: u64, round: RoundIndex, rate: Balance) {
        if !Accounts::contains_key(provider) {
            Accounts::insert(provider, Account { settled: round, ..Account::default() });
        }
        Self::change(provider, round + 1, i128::try_from(rate).unwrap());
    }

    fn stop(provider: u64, round: RoundIndex, rate: Balance) {
        Self::change(provider, round + 1, -i128::try_from(rate).unwrap());
        Self::close_if_nothing_is_owed(provider);
    }

    fn owes(provider: u64) -> bool {
        let Some(account) = Accounts::get(provider) else {
            return false;
        };
        let changes: BTreeMap<u32, i128> = RateChanges::iter_prefix(provider).collect();
        let mut rate = i128::try_from(account.rate).unwrap();
        let mut at = account.settled + 1;
        let mut owes = account.carried > 0;
        for (round, change) in changes {
            owes |= round > at && rate > 0;
            rate += change;
            at = round;
        }
        owes || rate > 0
    }

    fn close_if_nothing_is_owed(provider: u64) {
        if Accounts::contains_key(provider) && !Self::owes(provider) {
            Accounts::remove(provider);
            for round in RateChanges::iter_key_prefix(provider).collect::<Vec<_>>() {
                RateChanges::remove(provider, round);
            }
        }
    }
}

impl Payroll<u64, Balance> for Wages {
    fn settle(provider: &u64, round: RoundIndex, outcome: Outcome) -> Settled<Balance> {
        let forfeit = Audits::is_dropping(provider);
        let paid = match outcome {
            Outcome::Passed => Paid::Passed,
            Outcome::Missed if forfeit => Paid::Forfeited,
            Outcome::Missed => Paid::Missed,
            Outcome::Skipped => Paid::Skipped,
        };
        WageLog::mutate(provider, |log| log.push((round, paid)));
        let Some(mut account) = Accounts::get(provider) else {
            return Settled::default();
        };
        let mut settled = Settled::default();
        while account.settled < round {
            account.settled += 1;
            let change = RateChanges::take(provider, account.settled).unwrap_or(0);
            account.rate = account.rate.checked_add_signed(change).unwrap();
            if account.settled < round {
                assert_eq!(account.rate, 0, "a round is passed over that has pay");
                continue;
            }
            WageTotals::mutate(provider, |totals| totals.due += account.rate);
            if outcome == Outcome::Skipped {
                account.carried += account.rate;
                settled.carried = account.carried;
                continue;
            }
            let due = account.rate + std::mem::take(&mut account.carried);
            WageTotals::mutate(provider, |totals| match paid {
                Paid::Passed => totals.paid += due,
                Paid::Forfeited => totals.forfeited += due,
                _ => totals.lost += due,
            });
            match outcome {
                Outcome::Passed => settled.paid = due,
                _ => settled.forfeited = due,
            }
        }
        Accounts::insert(provider, account);
        Self::close_if_nothing_is_owed(*provider);
        settled
    }

    fn next(provider: &u64) -> Option<RoundIndex> {
        Accounts::get(provider).map(|account| account.settled + 1)
    }
}

// ---- Providers --------------------------------------------------------------------------------------------------------------------------------------

/// A provider, and what stands behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Funds {
    pub(crate) bond: Balance,
    pub(crate) unbonding: Vec<Balance>,
    pub(crate) delegated: Balance,
    pub(crate) active: bool,
    pub(crate) jailed_until: u32,
}

impl Funds {
    pub(crate) fn all(&self) -> Balance {
        self.bond + self.unbonding.iter().sum::<Balance>() + self.delegated
    }
}

#[storage_alias]
pub(crate) type FundsOf = StorageMap<MockRegistry, Twox64Concat, u64, Funds>;
/// Where slashes go.
#[storage_alias]
pub(crate) type RepairFund = StorageValue<MockRegistry, Balance, frame_support::pallet_prelude::ValueQuery>;
/// What was paid to those who settled misses.
#[storage_alias]
pub(crate) type Rewards = StorageMap<MockRegistry, Twox64Concat, u64, Balance, frame_support::pallet_prelude::ValueQuery>;
/// Operators that a benchmark names.
#[cfg(feature = "runtime-benchmarks")]
#[storage_alias]
type OperatorOf = StorageMap<MockRegistry, Twox64Concat, u64, u64>;
/// All that was ever brought in.
#[storage_alias]
type BroughtIn = StorageValue<MockRegistry, Balance, frame_support::pallet_prelude::ValueQuery>;

/// Collateral of a sector: a token for a GiB.
pub(crate) const COLLATERAL: Balance = NOEMA >> 22;
/// What everybody bonds.
pub(crate) const BOND: Balance = 1_000 * NOEMA;
/// The most that delegations count beside a bond, in percent.
const COUNTED: Balance = 400;

/// Providers in storage.
pub struct Registry;

impl Registry {
    pub(crate) fn register(provider: u64, bond: Balance, delegated: Balance) {
        let funds = Funds {
            bond,
            delegated,
            active: true,
            ..Funds::default()
        };
        BroughtIn::mutate(|all| *all += funds.all());
        FundsOf::insert(provider, funds);
    }

    /// It leaves with what it has.
    pub(crate) fn leave(provider: u64) {
        let funds = FundsOf::take(provider).unwrap();
        BroughtIn::mutate(|all| *all -= funds.all());
    }

    /// Comes back after a jail term, if it may.
    pub(crate) fn activate(provider: u64) -> bool {
        let may = Audits::may_return(Role::Storage, &provider);
        FundsOf::mutate(provider, |funds| {
            let funds = funds.as_mut().unwrap();
            funds.active |= may && System::block_number() >= funds.jailed_until;
            funds.active
        })
    }

    pub(crate) fn funds(provider: u64) -> Funds {
        FundsOf::get(provider).unwrap()
    }
}

/// The hot key of a provider.
pub(crate) const fn operator_of(provider: u64) -> u64 {
    provider + 1_000_000
}

impl ProviderRegistry<u64, Balance> for Registry {
    fn is_active(_role: Role, provider: &u64) -> bool {
        FundsOf::get(provider).is_some_and(|funds| funds.active)
    }
    fn active_count(_role: Role) -> u32 {
        FundsOf::iter_values().filter(|funds| funds.active).count() as u32
    }
    fn bond(_role: Role, provider: &u64) -> Balance {
        FundsOf::get(provider).map_or(0, |funds| funds.bond)
    }
    fn stake(_role: Role, provider: &u64) -> Balance {
        FundsOf::get(provider).map_or(0, |funds| {
            funds.bond + funds.delegated.min(funds.bond * COUNTED / 100)
        })
    }
    fn collateral(role: Role, provider: &u64) -> Balance {
        let promised = Replicas::population(provider).units.saturating_mul(COLLATERAL);
        promised.min(Self::stake(role, provider))
    }
    fn endpoint(_role: Role, _provider: &u64) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &u64) -> Option<u64> {
        assert_eq!(role, Role::Storage);
        #[cfg(feature = "runtime-benchmarks")]
        if let Some(provider) = OperatorOf::get(operator) {
            return Some(provider);
        }
        let provider = operator.checked_sub(1_000_000)?;
        FundsOf::contains_key(provider).then_some(provider)
    }
    fn free_bytes(_role: Role, _provider: &u64) -> u64 {
        0
    }
    fn draw(_role: Role, _random: &[u8; 32]) -> Option<u64> {
        None
    }
    fn reserve(_role: Role, _provider: &u64, _bytes: u64) -> DispatchResult {
        Ok(())
    }
    fn release(_role: Role, _provider: &u64, _bytes: u64) {}
    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(_role: Role, provider: &u64, operator: &u64, _free: u64) {
        OperatorOf::insert(operator, *provider);
        Self::register(*provider, BOND, 0);
    }
}

impl ProviderDiscipline<u64, Balance, u32> for Registry {
    fn slash(
        role: Role,
        provider: &u64,
        amount: Balance,
        reporter: Option<(&u64, Perbill)>,
    ) -> Result<SlashOutcome<Balance>, DispatchError> {
        assert_eq!(role, Role::Storage);
        let mut funds = FundsOf::get(provider).ok_or(DispatchError::CannotLookup)?;
        let mut rest = amount;
        let mut take = |from: &mut Balance| {
            let taken = rest.min(*from);
            *from -= taken;
            rest -= taken;
            taken
        };
        let mut own = take(&mut funds.bond);
        for chunk in funds.unbonding.iter_mut().rev() {
            own += take(chunk);
        }
        let delegated = take(&mut funds.delegated);
        FundsOf::insert(provider, funds);
        let to_reporter = reporter.map_or(0, |(_, share)| share.mul_floor(own));
        if let Some((who, _)) = reporter {
            Rewards::mutate(who, |reward| *reward += to_reporter);
        }
        let slashed = own + delegated;
        RepairFund::mutate(|fund| *fund += slashed - to_reporter);
        Ok(SlashOutcome {
            slashed,
            own,
            to_reporter,
            to_fund: slashed - to_reporter,
        })
    }

    fn jail(role: Role, provider: &u64, blocks: u32) -> DispatchResult {
        assert_eq!(role, Role::Storage);
        FundsOf::try_mutate(provider, |funds| {
            let funds = funds.as_mut().ok_or(DispatchError::CannotLookup)?;
            funds.active = false;
            funds.jailed_until = funds.jailed_until.max(System::block_number() + blocks);
            Ok(())
        })
    }

    fn reward(_role: Role, _payer: &u64, _provider: &u64, _amount: Balance) -> DispatchResult {
        Ok(())
    }
}

// ---- Seeds ------------------------------------------------------------------------------------------------------------------------------------------

#[storage_alias]
type SeedOf = StorageMap<MockSeeds, Twox64Concat, u32, [u8; 32]>;

/// Seeds in storage, with gaps where the tests want them, forgotten after `History` blocks.
pub struct Seeds;

impl Seeds {
    pub(crate) fn set(block: u32, value: [u8; 32]) {
        SeedOf::insert(block, value);
    }
}

impl AgedRandomness<u32> for Seeds {
    fn seed_from(not_before: u32) -> Option<Seed<u32>> {
        if not_before.saturating_add(History::get()) < System::block_number() {
            return None;
        }
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

// ---- Blocks -----------------------------------------------------------------------------------------------------------------------------------------

/// Quick rounds.
pub(crate) const QUICK: Pace = Pace {
    round_ticks: 14,
    answer_ticks: 5,
    draw_delay: 2,
};

/// What tests change of the configuration lives in the thread, which they may share.
fn reset_parameters() {
    BlockWeights::set(block_weights());
    BlockLength::set(block_length());
    MaxSeedGap::set(2);
    History::set(20);
    Answerable::set(true);
    MinChallenges::set(2);
    MaxChallenges::set(6);
    ChallengeUnit::set(16 * 256);
    MissPoints::set(24);
    PassPoints::set(1);
    DropPoints::set(96);
    MissFee::set(NOEMA / 20);
    ReporterShare::set(Perbill::from_percent(20));
    MaxReporterShare::set(Perbill::from_percent(20));
    SecondSlash::set(Perbill::from_percent(1));
    ThirdSlash::set(Perbill::from_percent(4));
    DropSlash::set(Perbill::from_percent(10));
    JailTerm::set(30);
    MaxSettle::set(16);
    Eagerly::set(true);
    DropAtOnce::set(false);
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    reset_parameters();
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    crate::GenesisConfig::<Test> {
        pace: Some(QUICK),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    storage.into()
}

/// Where as many challenges as can be are drawn.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn new_bench_ext() -> sp_io::TestExternalities {
    let ext = new_test_ext();
    MinChallenges::set(8);
    MaxChallenges::set(32);
    ChallengeUnit::set(1 << 30);
    ext
}

/// Runs a test in which these providers are registered, and checks every invariant at its end.
pub(crate) fn build_and_execute(providers: &[u64], test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        for provider in providers {
            Registry::register(*provider, BOND, 0);
        }
        test();
        check_invariants();
    });
}

/// `do_try_state`, and what only the mock can see.
pub(crate) fn check_invariants() {
    Audits::do_try_state().unwrap();
    RowAudits::do_try_state().unwrap();
    // No unit comes or goes.
    let funds: Balance = FundsOf::iter_values().map(|funds| funds.all()).sum();
    let rewards: Balance = Rewards::iter_values().sum();
    assert_eq!(funds + RepairFund::get() + rewards, BroughtIn::get(), "units of the token came or went");
    for (provider, totals) in WageTotals::iter() {
        let gone = totals.paid + totals.lost + totals.forfeited;
        assert_eq!(gone + Wages::carried(provider), totals.due, "pay of {provider} came or went");
    }
    // Each round is settled once, in order.
    for (provider, log) in WageLog::iter() {
        assert!(log.windows(2).all(|pair| pair[0].0 < pair[1].0), "{provider}: {log:?}");
    }
    // Whoever drops is known to storage, and the other way round.
    let dropping: BTreeSet<u64> = Audited::<Test>::iter()
        .filter_map(|(who, record)| record.is_dropping().then_some(who))
        .collect();
    assert_eq!(dropping, Drops::iter_keys().collect(), "who is being dropped");
    // What is written down of the open round is what was drawn when it opened.
    let running = Running::<Test>::get();
    for (provider, drawn) in Written::<Test>::iter() {
        if let (true, Some(round)) = (Eagerly::get(), running) {
            if drawn.round == round.index {
                let (of, items) = DrawnAtOpening::get(provider).unwrap_or((round.index, Vec::new()));
                let items = if of == round.index { items } else { Vec::new() };
                assert_eq!(drawn.items.to_vec(), items, "{provider}");
            }
        }
    }
}

/// A block whose author has nothing to put into it.
pub(crate) fn usual() -> ModelBlock {
    ModelBlock::usual(sp_io::hashing::blake2_256(&(b"seed", System::block_number() + 1).encode()))
}

/// A block of others' weight, so full that it is no tick.
pub(crate) fn full() -> ModelBlock {
    ModelBlock {
        load: Load {
            normal: 751,
            ..Load::default()
        },
        ..usual()
    }
}

/// A block without a seed.
pub(crate) fn without_seed() -> ModelBlock {
    ModelBlock {
        output: None,
        ..usual()
    }
}

/// A block of another kind.
pub(crate) fn of_kind(kind: Kind) -> ModelBlock {
    ModelBlock { kind, ..usual() }
}

/// What happens in a block before its transactions. The seed is what the block brings along.
pub(crate) fn begin_block(block: &ModelBlock, seed: Option<[u8; 32]>) {
    let number = System::block_number() + 1;
    System::initialize(&number, &Default::default(), &Default::default());
    System::reset_events();
    Answerable::set(block.open.0);
    if let Some(seed) = seed.filter(|_| block.kind.polls()) {
        Seeds::set(number, seed);
        if let Some(old) = number.checked_sub(History::get() + 1) {
            SeedOf::remove(old);
        }
    }
    if block.kind.polls() {
        let was_open = is_open();
        Audits::on_poll(number, &mut WeightMeter::with_limit(BLOCK));
        RowAudits::on_poll(number, &mut WeightMeter::with_limit(BLOCK));
        if Eagerly::get() && !was_open && is_open() {
            draw_everybody();
        }
    }
}

/// As if everybody's challenges were drawn at once.
fn draw_everybody() {
    let round = running();
    let RoundState::Open { seed, .. } = round.state else {
        panic!("the round is not open");
    };
    for provider in LeafCount::iter_keys().collect::<Vec<_>>() {
        let population = Replicas::population(&provider);
        let items = Audits::draw(&provider, &population, &seed, round.index);
        DrawnAtOpening::insert(provider, (round.index, items.to_vec()));
    }
}

/// How much of a block's limits this is.
fn per_mille(of: u64, share: u32) -> u64 {
    of / 1_000 * u64::from(share)
}

/// What happens in a block after its transactions, as the executive does it.
pub(crate) fn end_block(block: &ModelBlock) {
    let number = System::block_number();
    Answerable::set(block.open.1);
    let normal = per_mille(NORMAL, block.load.normal);
    let total = per_mille(BLOCK.ref_time(), block.load.total);
    let length = per_mille(LENGTH.into(), block.load.length);
    System::set_block_consumed_resources(Weight::from_parts(normal, 0), length as usize);
    let others = total.saturating_sub(normal);
    System::register_extra_weight_unchecked(Weight::from_parts(others, 0), DispatchClass::Operational);
    idle(block.kind.idles(), number);
    Answerable::set(true);
}

/// `on_idle` with what is left of the block.
pub(crate) fn idle(runs: bool, number: u32) {
    let limits = <Test as frame_system::Config>::BlockWeights::get();
    let remaining = limits.max_block.saturating_sub(System::block_weight().total());
    if runs && remaining.all_gt(Weight::zero()) {
        let used = Audits::on_idle(number, remaining);
        assert!(used.all_lte(remaining));
        RowAudits::on_idle(number, remaining);
    }
}

/// A whole block without transactions.
pub(crate) fn pass(block: &ModelBlock) {
    begin_block(block, block.output);
    end_block(block);
}

/// The next block, an empty one.
pub(crate) fn next_block() {
    pass(&usual());
}

/// Begins the next block, an empty one, and does something in it before it ends.
pub(crate) fn in_next_block<R>(transactions: impl FnOnce() -> R) -> R {
    let block = usual();
    begin_block(&block, block.output);
    let result = transactions();
    end_block(&block);
    result
}

pub(crate) fn next_blocks(number: u32) {
    (0..number).for_each(|_| next_block());
}

/// Empty blocks until something holds.
pub(crate) fn pass_until(holds: impl Fn() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        next_block();
    }
    panic!("it never holds: {:?}", Running::<Test>::get());
}

pub(crate) fn tick() -> Tick {
    <Audits as Ticks>::now()
}

pub(crate) fn running() -> RoundOf<Test> {
    Running::<Test>::get().expect("a round runs")
}

pub(crate) fn round() -> RoundIndex {
    running().index
}

/// Whether the running round can be answered.
pub(crate) fn is_open() -> bool {
    Running::<Test>::get().is_some_and(|round| round.open_seed(tick()).is_some())
}

pub(crate) fn is_drawing() -> bool {
    Running::<Test>::get().is_some_and(|round| round.is_drawing())
}

/// To where a round is over and the next has not begun: populations change freely.
pub(crate) fn to_calm() {
    pass_until(|| Running::<Test>::exists() && !is_drawing() && !is_open());
}

/// To where the window of the running round is over.
pub(crate) fn to_close() {
    pass_until(|| !is_open());
}

/// To where a round is being drawn.
pub(crate) fn to_draw() {
    to_close();
    pass_until(is_drawing);
}

/// To where a round can be answered: the one that is being drawn, else the next.
pub(crate) fn to_open() {
    to_close();
    pass_until(is_open);
}

/// Runs through a round that has no seed.
pub(crate) fn to_skipped() {
    to_draw();
    let round = round();
    while is_drawing() {
        pass(&without_seed());
    }
    assert!(Audits::is_skipped(round));
}

/// Gives a provider replicas of so many sectors each, now. Their names are their places in the order in which they come.
pub(crate) fn give(provider: u64, sectors: &[u64]) {
    for sectors in sectors {
        let replica = u64::from(System::block_number()) * 1_000 + u64::from(LeafCount::get(provider));
        Replicas::insert(provider, Leaf { replica, sectors: *sectors }).unwrap();
    }
}

/// What a provider is asked for and has not answered.
pub(crate) fn open_challenges(provider: u64) -> Vec<(u8, Item)> {
    let (_, _, challenges) = Audits::challenges(&provider).expect("it is challenged");
    challenges
        .into_iter()
        .filter_map(|(index, item, answered)| (!answered).then_some((index, item)))
        .collect()
}

/// Right answers to everything that is open.
pub(crate) fn right(provider: u64) -> Vec<(u8, Proof)> {
    open_challenges(provider)
        .into_iter()
        .map(|(index, item)| (index, Proof::of(item)))
        .collect()
}

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Makes a call as the runtime does: undone when it fails.
pub(crate) fn dispatch(who: u64, call: crate::Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::from(call).dispatch(signed(who))
}

/// A provider answers with its operator key.
pub(crate) fn answer(
    provider: u64,
    round: RoundIndex,
    answers: &[(u8, Proof)],
) -> DispatchResultWithPostInfo {
    let answers = answers.to_vec().try_into().expect("no more than there can be");
    dispatch(operator_of(provider), crate::Call::answer { round, answers })
}

/// Answers everything that is open, which passes the round.
pub(crate) fn answer_all(provider: u64) {
    answer(provider, round(), &right(provider)).unwrap();
    assert!(Audits::challenges(&provider).is_none());
}

/// Somebody pokes.
pub(crate) fn poke(provider: u64) -> DispatchResultWithPostInfo {
    dispatch(POKER, crate::Call::poke { provider })
}

/// Whoever pokes.
pub(crate) const POKER: u64 = 99;

pub(crate) fn record(provider: u64) -> crate::RecordOf<Test> {
    Audited::<Test>::get(provider).expect("it is on record")
}

pub(crate) fn written(provider: u64) -> Option<DrawnOf<Test>> {
    Written::<Test>::get(provider)
}

/// Sets another pace, for the rounds to come.
pub(crate) fn set_pace(pace: Pace) {
    PaceInForce::<Test>::put(pace);
}

/// To where so many more rounds have begun, the last of which is being drawn.
pub(crate) fn pass_rounds(rounds: u32) {
    for _ in 0..rounds {
        let before = round();
        pass_until(|| round() > before);
    }
}

/// Misses so many rounds, the one that is open included, and has each settled.
pub(crate) fn miss(provider: u64, rounds: u32) {
    for _ in 0..rounds {
        if Audits::challenges(&provider).is_none() {
            to_open();
        }
        to_close();
        poke(provider).unwrap();
    }
}

/// The pallet's events of this block, then none.
pub(crate) fn take_events() -> Vec<crate::Event<Test>> {
    let events = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Audits(event) => Some(event),
            _ => None,
        })
        .collect();
    System::reset_events();
    events
}

/// What the runtime's tests run.
pub(crate) fn integrity_test() {
    <Pallet<Test> as Hooks<u32>>::integrity_test();
    <AllPalletsWithSystem as IntegrityTest>::integrity_test();
}
