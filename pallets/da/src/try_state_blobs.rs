//! What must hold of submissions, batches, namespaces, members and deposits.

use crate::{
    lists::MAX_DAYS,
    records::{SeedState, State, SubmissionId},
    AttestedBlobs, Batches, ByCommitment, Config, DeadlineCursor, EndingMembers, Heights,
    HoldReason, InFlight, Keys, Log, MemberCursor, MemberEnds, Members, Namespaces, NextBatch,
    NextSubmission, Pallet, SeedCursor, StoredBytes, SubmissionOf,
};
use alloc::{
    collections::{btree_map::BTreeMap, btree_set::BTreeSet},
    vec::Vec,
};
use codec::Encode;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;

type Found = Result<(), TryRuntimeError>;

/// All submissions with their numbers.
pub(crate) type Known<T> = [(SubmissionId, SubmissionOf<T>)];

/// Counts, or sums up, by some key.
#[derive(Default)]
struct Tally(BTreeMap<Vec<u8>, u128>);

impl Tally {
    fn add(&mut self, key: impl Encode, amount: u128) {
        let sum = self.0.entry(key.encode()).or_default();
        *sum = sum.saturating_add(amount);
    }

    fn take(&mut self, key: impl Encode) -> u128 {
        self.0.remove(&key.encode()).unwrap_or_default()
    }

    fn is_spent(&self) -> bool {
        self.0.values().all(|sum| *sum == 0)
    }
}

impl<T: Config> Pallet<T> {
    /// Every invariant that is about blobs.
    pub(crate) fn check_blobs(known: &Known<T>) -> Found {
        Self::check_submissions(known)?;
        Self::check_by_commitment(known)?;
        Self::check_batches(known)?;
        Self::check_in_flight(known)?;
        Self::check_attested(known)?;
        Self::check_log(known)?;
        Self::check_members()?;
        Self::check_deposits(known)
    }

    /// Each submission has a number that was given, a window, a batch in which its number is, and was not passed over when its time was over.
    fn check_submissions(known: &Known<T>) -> Found {
        let (next, passed) = (NextSubmission::<T>::get(), DeadlineCursor::<T>::get());
        ensure!(
            passed <= next,
            "pallet-noema-da: submissions were passed over that were never made"
        );
        for (id, record) in known {
            ensure!(
                *id < next && (1..=MAX_DAYS).contains(&record.days),
                "pallet-noema-da: a submission has no number or no window"
            );
            ensure!(
                *id >= passed || record.state != State::Submitted,
                "pallet-noema-da: a submission without quorum was passed over"
            );
            let batch = Batches::<T>::get(record.batch)
                .ok_or("pallet-noema-da: a submission has no batch")?;
            let within = id.checked_sub(batch.first);
            ensure!(
                within.is_some_and(|place| place < batch.count.into()),
                "pallet-noema-da: a submission is in another's batch"
            );
            ensure!(
                record.state == State::Submitted || matches!(batch.seed, SeedState::Drawn(_)),
                "pallet-noema-da: a blob is available whose rows were never drawn"
            );
        }
        Ok(())
    }

    /// Each submission is found by its commitment, and nothing else is.
    fn check_by_commitment(known: &Known<T>) -> Found {
        for (id, record) in known {
            ensure!(
                ByCommitment::<T>::contains_key(record.commitment, id),
                "pallet-noema-da: a submission is not found by its commitment"
            );
        }
        ensure!(
            ByCommitment::<T>::iter_keys().count() == known.len(),
            "pallet-noema-da: a commitment has a submission that there is not"
        );
        Ok(())
    }

    /// A batch counts the submissions that are left, has their base fees until its seed is drawn, and what is decided is before the cursor.
    fn check_batches(known: &Known<T>) -> Found {
        let (mut live, mut base) = (Tally::default(), Tally::default());
        for (_, record) in known {
            live.add(record.batch, 1);
            base.add(record.batch, Self::wide(record.base));
        }
        let (cursor, next) = (SeedCursor::<T>::get(), NextBatch::<T>::get());
        ensure!(
            cursor <= next,
            "pallet-noema-da: a row seed was drawn of a batch to come"
        );
        for (number, batch) in Batches::<T>::iter() {
            ensure!(
                live.take(number) == batch.live.into() && batch.live > 0,
                "pallet-noema-da: a batch miscounts its submissions"
            );
            let expected = match batch.seed {
                SeedState::Drawn(_) => 0,
                SeedState::Awaited | SeedState::Lost => base.take(number),
            };
            ensure!(
                Self::wide(batch.base) == expected,
                "pallet-noema-da: a batch has other base fees than its submissions paid"
            );
            ensure!(
                (batch.seed == SeedState::Awaited) == (number >= cursor) && number < next,
                "pallet-noema-da: a batch is on the wrong side of the cursor"
            );
        }
        ensure!(
            live.is_spent(),
            "pallet-noema-da: submissions are in a batch that there is not"
        );
        Ok(())
    }

    /// What a payer has in flight is what waits for attestation.
    fn check_in_flight(known: &Known<T>) -> Found {
        let mut sums = Tally::default();
        for (_, record) in known {
            if record.state == State::Submitted {
                sums.add(&record.payer, record.size.into());
            }
        }
        for (payer, bytes) in InFlight::<T>::iter() {
            ensure!(
                sums.take(&payer) == bytes.into() && bytes > 0,
                "pallet-noema-da: bytes in flight are miscounted"
            );
        }
        ensure!(
            sums.is_spent(),
            "pallet-noema-da: bytes in flight are not counted"
        );
        Ok(())
    }

    /// What is available is counted by commitment and size, as long as the longest of them; and its bytes are summed up.
    fn check_attested(known: &Known<T>) -> Found {
        let mut counts = Tally::default();
        let mut stored = 0u128;
        for (_, record) in known {
            if record.state == State::Submitted {
                continue;
            }
            let key = (record.commitment, record.size);
            counts.add(key, 1);
            let bytes = Self::shape_of(record.size)?.stored_bytes();
            stored = stored.saturating_add(bytes.into());
            let reaches = AttestedBlobs::<T>::get(key)
                .is_some_and(|known| known.until >= Self::last_round_of(record));
            ensure!(
                reaches,
                "pallet-noema-da: an available blob is not known long enough"
            );
        }
        for (key, attested) in AttestedBlobs::<T>::iter() {
            ensure!(
                counts.take(key) == attested.count.into() && attested.count > 0,
                "pallet-noema-da: available blobs are miscounted"
            );
        }
        ensure!(
            StoredBytes::<T>::get() == stored,
            "pallet-noema-da: the stored bytes are not those of the available blobs"
        );
        Ok(())
    }

    /// Each available blob and each member is one entry of its namespace and block, and nothing else is.
    fn check_log(known: &Known<T>) -> Found {
        let mut expected = BTreeSet::new();
        for (id, record) in known {
            if let State::Available { index, height, .. } = record.state {
                expected.insert((record.namespace, index, height.encode(), *id, None));
            }
        }
        for (namespace, index, member) in Members::<T>::iter() {
            let height = member.height.encode();
            let number = Some(member.member);
            expected.insert((namespace, index, height, member.submission, number));
        }
        let mut live = Tally::default();
        for (namespace, index, entry) in Log::<T>::iter() {
            let key = (
                namespace,
                index,
                entry.height.encode(),
                entry.submission,
                entry.member,
            );
            ensure!(
                expected.remove(&key),
                "pallet-noema-da: an entry of a namespace is of nothing that there is"
            );
            live.add((namespace, entry.height), 1);
            let next = Namespaces::<T>::get(namespace).map_or(0, |record| record.next);
            let of_block = Heights::<T>::get(namespace, entry.height)
                .ok_or("pallet-noema-da: an entry is not found by its block")?;
            let place = index.checked_sub(of_block.first);
            ensure!(
                index < next && place.is_some_and(|place| place < of_block.count.into()),
                "pallet-noema-da: an entry has a number out of order"
            );
        }
        ensure!(
            expected.is_empty(),
            "pallet-noema-da: something available is not in its namespace"
        );
        for (namespace, height, entries) in Heights::<T>::iter() {
            ensure!(
                live.take((namespace, height)) == entries.live.into() && entries.live > 0,
                "pallet-noema-da: the entries of a block are miscounted"
            );
        }
        Ok(())
    }

    /// Each member will be found when it ends.
    fn check_members() -> Found {
        let ends: BTreeSet<_> = MemberEnds::<T>::iter()
            .map(|((until, _), member)| (until, member))
            .collect();
        for (namespace, index, member) in Members::<T>::iter() {
            ensure!(
                ends.contains(&(member.until, (namespace, index))),
                "pallet-noema-da: a member never ends"
            );
        }
        let cursor = MemberCursor::<T>::get();
        for (until, number) in MemberEnds::<T>::iter_keys() {
            ensure!(
                number < EndingMembers::<T>::get(until)
                    && cursor.is_some_and(|cursor| (until, number) >= cursor),
                "pallet-noema-da: the end of a member is passed over"
            );
        }
        Ok(())
    }

    /// On each account exactly the deposits of its records are held.
    fn check_deposits(known: &Known<T>) -> Found {
        let mut sums = Tally::default();
        let mut owners = BTreeMap::new();
        let mut add = |owner: &T::AccountId, deposit| {
            sums.add(owner, Self::wide(deposit));
            owners.insert(owner.encode(), owner.clone());
        };
        for (_, record) in known {
            add(&record.payer, record.deposit);
        }
        for member in Members::<T>::iter_values() {
            add(&member.payer, member.deposit);
        }
        for (provider, record) in Keys::<T>::iter() {
            add(&provider, record.deposit);
        }
        for owner in owners.into_values() {
            let held = T::Currency::balance_on_hold(&HoldReason::Deposit.into(), &owner);
            ensure!(
                Self::wide(held) == sums.take(&owner),
                "pallet-noema-da: the deposits held on an account are not those of its records"
            );
        }
        Ok(())
    }
}
