//! The provider that holds the files.

use std::ops::Range;

use anyhow::{anyhow, ensure, Context};
use frame_support::traits::fungible::{InspectHold, Mutate, MutateHold};
use noema_commitment::{file_id, Shape, Software};
use noema_core::units::{NOEMA, TIB};
use noema_runtime::{AccountId, Balance, Balances, Providers, Runtime, RuntimeOrigin, Storage};
use noema_sum_tree::{set_weight, Node, NodeStore};
use noema_traits::{Auditable, ProviderRegistry, Role, RoundIndex};
use pallet_noema_audits::{Audited, Record, Standing};
use pallet_noema_storage::{
    Account, Accounts, Assignments, CommitmentCount, Commitments, DealOf, Deals, DealsOf,
    HoldReason, Leaf, LeafCounts, LeafNodes, Leaves, NextToken, RateChange, RateChanges, Reserved,
    SlotOf, SlotState, Terms,
};
use sp_crypto_hashing::blake2_256;
use sp_runtime::DispatchError;

use super::Files;

/// What the provider has at stake, and what it offers: far more than it holds.
const BOND: Balance = 10_000 * NOEMA;
const CAPACITY: u64 = TIB;
/// What a replica earns in a round, in the smallest unit.
const RENT: Balance = 1_000_000;
/// The last round of every lease.
const END: RoundIndex = 1_000_000;
/// Files of one owner.
const FILES_OF_OWNER: u32 = 1000;

/// A provider with the only replica of every file.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Its bonded account.
    pub account: AccountId,
    /// Its hot key.
    pub operator: AccountId,
    /// The round in which its replicas became auditable. They earn from the next one on.
    pub joined: RoundIndex,
}

/// The tree over its leaves, as the pallet keeps it: 16 to the power of six leaves.
struct Tree<'a>(&'a AccountId);

impl NodeStore for Tree<'_> {
    const DEPTH: u32 = 6;

    fn get(&self, level: u32, index: u32) -> Option<Node> {
        LeafNodes::<Runtime>::get(self.0, (level, index))
    }

    fn set(&mut self, level: u32, index: u32, node: Node) {
        LeafNodes::<Runtime>::insert(self.0, (level, index), node);
    }

    fn remove(&mut self, level: u32, index: u32) {
        LeafNodes::<Runtime>::remove(self.0, (level, index));
    }
}

/// What refused, for people.
fn refused(what: &'static str) -> impl Fn(DispatchError) -> anyhow::Error {
    move |error| anyhow!("{what}: {error:?}")
}

/// Whose a file is.
fn owner(number: u32) -> AccountId {
    AccountId::new(blake2_256(
        format!("owner {}", number / FILES_OF_OWNER).as_bytes(),
    ))
}

impl Holder {
    /// Gives both accounts money and registers the provider, within a state.
    ///
    /// # Errors
    /// When the runtime refuses.
    pub fn register(&self) -> anyhow::Result<()> {
        let allowance = 1_000 * NOEMA;
        for (who, amount) in [
            (&self.account, BOND + allowance),
            (&self.operator, allowance),
        ] {
            Balances::mint_into(who, amount).map_err(refused("give money"))?;
        }
        Providers::register(
            RuntimeOrigin::signed(self.account.clone()),
            Role::Storage,
            BOND,
            self.operator.clone(),
            b"http://127.0.0.1:8201".to_vec(),
            CAPACITY,
        )
        .map_err(refused("register the provider"))?;
        let record = Record {
            next: self.joined.saturating_add(1),
            points: 0,
            standing: Standing::Good,
            taken: 0,
        };
        Audited::<Runtime>::insert(&self.account, record);
        Ok(())
    }

    /// Writes the deals of the files with these numbers, which are the next ones, and all that goes with them, within a state.
    ///
    /// # Errors
    /// When the numbers are not the next ones, files of this size cannot be committed to, or the pallets find something else than was written.
    pub fn hold(&self, files: &Files, numbers: Range<u32>) -> anyhow::Result<()> {
        let held = LeafCounts::<Runtime>::get(&self.account);
        ensure!(
            numbers.start == held,
            "expected files from number {held} on, found {}",
            numbers.start
        );
        let count = Balance::from(numbers.end.saturating_sub(numbers.start));
        for number in numbers.clone() {
            self.put_deal(files, number)?;
        }
        LeafCounts::<Runtime>::insert(&self.account, numbers.end);
        self.reserve(files, count)?;
        self.owe(count)?;
        self.check(files, numbers.end)
    }

    fn put_deal(&self, files: &Files, number: u32) -> anyhow::Result<()> {
        let commitment = files.commitment(number)?;
        let (root, size) = (commitment.root, commitment.size);
        let file = file_id::<Software>(&root, size);
        let owner = owner(number);
        if number.is_multiple_of(FILES_OF_OWNER) {
            Balances::mint_into(&owner, NOEMA).map_err(refused("give an owner money"))?;
        }
        let token = NextToken::<Runtime>::get();
        NextToken::<Runtime>::put(token.saturating_add(2));
        let slot = SlotOf::<Runtime> {
            state: SlotState::Held {
                provider: self.account.clone(),
                since: 0,
                joined: Some((self.joined, number)),
                bounty: 0,
            },
            token,
            passed_over: None,
            due: None,
            leaving: None,
            bounty: 0,
            failures: 0,
        };
        let deal = DealOf::<Runtime> {
            root,
            size,
            deposit: 0,
            committed_at: 0,
            held: 1,
            slots: vec![slot].try_into().map_err(|_| anyhow!("no slot fits"))?,
            terms: Terms {
                rent: RENT,
                end: END,
                next: None,
            },
            // All rounds to come are bound to the provider.
            balance: 0,
            ever_held: true,
            offered_to: None,
            token: token.saturating_add(1),
            due: None,
        };
        Deals::<Runtime>::insert(file, &owner, deal);
        DealsOf::<Runtime>::insert(&owner, file, ());
        Commitments::<Runtime>::insert(
            root,
            size,
            CommitmentCount {
                deals: 1,
                active: 1,
            },
        );
        Assignments::<Runtime>::insert(&self.account, (file, &owner), 0);
        let leaf = Leaf {
            file,
            owner,
            slot: 0,
        };
        Leaves::<Runtime>::insert(&self.account, number, leaf);
        let sectors = Shape::new(size)?.sectors();
        set_weight(&mut Tree(&self.account), number, sectors).context("weigh a leaf")
    }

    /// Sets the bytes of so many more replicas aside.
    fn reserve(&self, files: &Files, count: Balance) -> anyhow::Result<()> {
        let each = Shape::new(u64::try_from(files.size)?)?.padded_bytes();
        let bytes = u64::try_from(count)?.saturating_mul(each);
        Providers::reserve(Role::Storage, &self.account, bytes)
            .map_err(refused("reserve the bytes"))?;
        Reserved::<Runtime>::mutate(|all| *all = all.saturating_add(bytes.into()));
        Ok(())
    }

    /// Lets so many more replicas earn until the end of their leases, and puts what that takes into the pot.
    fn owe(&self, count: Balance) -> anyhow::Result<()> {
        let rate = RENT.saturating_mul(count);
        let rounds = Balance::from(END.saturating_sub(self.joined));
        let owed = rate.saturating_mul(rounds);
        let mut account = Accounts::<Runtime>::get(&self.account).unwrap_or(Account {
            settled: self.joined,
            ..Account::default()
        });
        account.owed = account.owed.saturating_add(owed);
        Accounts::<Runtime>::insert(&self.account, account);
        let change = |round: RoundIndex, begins: Balance, ends: Balance| {
            RateChanges::<Runtime>::mutate(&self.account, round, |change| {
                let change = change.get_or_insert_with(RateChange::default);
                change.begins = change.begins.saturating_add(begins);
                change.ends = change.ends.saturating_add(ends);
            });
        };
        change(self.joined.saturating_add(1), rate, 0);
        change(END.saturating_add(1), 0, rate);
        let pot = <Runtime as pallet_noema_storage::Config>::Pot::get();
        Balances::mint_into(&pot, owed.saturating_add(NOEMA)).map_err(refused("fill the pot"))?;
        Balances::hold(&HoldReason::Escrow.into(), &pot, owed).map_err(refused("hold the escrow"))
    }

    /// What the pallets read must be what was written.
    fn check(&self, files: &Files, held: u32) -> anyhow::Result<()> {
        let sectors = Shape::new(u64::try_from(files.size)?)?.sectors();
        let units = u128::from(held).saturating_mul(sectors.into());
        let round = self.joined.saturating_add(1);
        let found = Storage::population(&self.account, round).units;
        ensure!(
            found == units,
            "expected {units} sectors that can be challenged, found {found}"
        );
        for number in [0, held / 2, held.saturating_sub(1)] {
            let target = u128::from(number).saturating_mul(sectors.into());
            let item = Storage::item_at(&self.account, round, target);
            let item = item.with_context(|| format!("no sector of file {number} is found"))?;
            let root = files.commitment(number)?.root;
            ensure!(item.root == root, "leaf {number} is of another file");
        }
        let pot = <Runtime as pallet_noema_storage::Config>::Pot::get();
        let owed = Accounts::<Runtime>::get(&self.account).map_or(0, |account| account.owed);
        let escrow = Balances::balance_on_hold(&HoldReason::Escrow.into(), &pot);
        ensure!(
            escrow == owed,
            "the pot holds {escrow} and owes {owed}: expected the same"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sp_state_machine::BasicExternalities;

    use super::*;

    fn holder() -> Holder {
        Holder {
            account: AccountId::new([1; 32]),
            operator: AccountId::new([2; 32]),
            joined: 9,
        }
    }

    fn build<R>(work: impl FnOnce() -> R) -> R {
        BasicExternalities::default().execute_with(work)
    }

    #[test]
    fn files_can_be_added_bit_by_bit_and_are_all_found() {
        let files = Files { size: 700 };
        build(|| {
            let holder = holder();
            holder.register().unwrap();
            holder.hold(&files, 0..3).unwrap();
            holder.hold(&files, 3..40).unwrap();
            let sectors = 3;
            for number in 0..40 {
                let target = u128::from(number) * sectors + 2;
                let item = Storage::item_at(&holder.account, holder.joined + 1, target).unwrap();
                let commitment = files.commitment(number).unwrap();
                assert_eq!(
                    (item.root, item.size, item.sector),
                    (commitment.root, 700, 2)
                );
            }
            assert_eq!(
                Storage::item_at(&holder.account, holder.joined + 1, 40 * sectors)
                    .map(|item| item.sector),
                None
            );
            assert_eq!(Deals::<Runtime>::iter().count(), 40);
            let record =
                pallet_noema_providers::Providers::<Runtime>::get(Role::Storage, holder.account)
                    .unwrap();
            assert_eq!(record.reserved, 40 * 3 * 256);
        });
    }

    #[test]
    fn files_out_of_turn_are_refused() {
        build(|| {
            let holder = holder();
            holder.register().unwrap();
            let error = holder.hold(&Files { size: 1 }, 5..6).unwrap_err();
            assert!(error.to_string().contains("from number 0 on"), "{error}");
        });
    }
}
