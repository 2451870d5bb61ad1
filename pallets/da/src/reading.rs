//! What readers ask: bounded, however much there is.

use crate::{
    attest::RULES,
    lists,
    records::{SeedState, State, SubmissionId},
    AttestedBlobs, BalanceOf, Books, ByCommitment, Config, Day, DeadlineCursor, EraIndex, Error,
    Heights, Log, Members, Namespaces, NextSubmission, Pallet, SeatBits, StoredBytes, SubmissionOf,
    Submissions,
};
use alloc::vec::Vec;
use frame_support::traits::{Get, PalletInfoAccess};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_da_primitives::{
    Commitment, CommitteeInfo, DaParameters, EntryInfo, FeeQuote, MemberInfo, Namespace,
    NamespacePage, SeatInfo, Shape, Standing, SubmissionInfo, SubmissionPage, MAX_PAGE,
};
use noema_traits::{DataAvailability, RoundIndex};
use sp_runtime::DispatchError;

/// Records that are looked at for one answer at most.
pub(crate) const MAX_SCAN: u64 = 1_000;

/// A submission as it is read.
pub type SubmissionInfoOf<T> =
    SubmissionInfo<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
/// Submissions as they are read.
pub type SubmissionPageOf<T> =
    SubmissionPage<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
/// Entries of a namespace as they are read.
pub type NamespacePageOf<T> =
    NamespacePage<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;

fn page(limit: u32) -> usize {
    usize::try_from(limit.min(MAX_PAGE)).unwrap_or(0)
}

impl<T: Config> Pallet<T> {
    fn info_of(id: SubmissionId, record: SubmissionOf<T>) -> Option<SubmissionInfoOf<T>> {
        let class = Shape::of(record.size.into()).ok()?.class();
        let standing = match (Self::seed_of(&record), &record.state) {
            (SeedState::Awaited, _) => Standing::AwaitsSeed,
            (SeedState::Lost, _) => Standing::SeedLost,
            (SeedState::Drawn(seed), State::Submitted) => Standing::Submitted { seed },
            (
                SeedState::Drawn(seed),
                State::Available {
                    bits,
                    index,
                    height,
                },
            ) => {
                let gone = Books::<T>::get(record.era).map_or_else(SeatBits::default, |b| b.gone);
                Standing::Available {
                    seed,
                    index: *index,
                    height: *height,
                    signed: bits.to_bytes(),
                    holders: bits.minus(&gone).to_bytes(),
                }
            }
        };
        Some(SubmissionInfo {
            submission: id,
            until: Self::last_round_of(&record),
            payer: record.payer,
            namespace: record.namespace,
            commitment: record.commitment,
            class,
            size: record.size,
            content: record.content,
            era: record.era,
            deadline: record.deadline,
            days: record.days,
            fee: record.fee,
            standing,
        })
    }

    /// How a submission stands. None when there is none, or no more.
    pub fn submission_info(id: SubmissionId) -> Option<SubmissionInfoOf<T>> {
        Self::info_of(id, Submissions::<T>::get(id)?)
    }

    /// The submissions of a commitment, in no order, at most `limit` and [`MAX_PAGE`], after the one where the page before ended.
    pub fn submissions_of(
        commitment: &Commitment,
        after: Option<SubmissionId>,
        limit: u32,
    ) -> SubmissionPageOf<T> {
        let keys = match after {
            Some(after) => {
                let from = ByCommitment::<T>::hashed_key_for(commitment, after);
                ByCommitment::<T>::iter_key_prefix_from(commitment, from)
            }
            None => ByCommitment::<T>::iter_key_prefix(commitment),
        };
        let ids: Vec<_> = keys.take(page(limit)).collect();
        let next = ids.last().copied().filter(|_| ids.len() >= page(limit));
        SubmissionPage {
            submissions: ids.into_iter().filter_map(Self::submission_info).collect(),
            next,
        }
    }

    /// What the seats of an era may have to hold: its submissions that wait for attestation, and those that became available and still take bits. From the
    /// number `from` on.
    pub fn waiting(era: EraIndex, from: SubmissionId, limit: u32) -> SubmissionPageOf<T> {
        let first = from.max(DeadlineCursor::<T>::get());
        let end = NextSubmission::<T>::get();
        let last = first.saturating_add(MAX_SCAN).min(end);
        let mut submissions = Vec::new();
        for id in first..last {
            if submissions.len() >= page(limit) {
                let next = Some(id);
                return SubmissionPage { submissions, next };
            }
            let record = Submissions::<T>::get(id)
                .filter(|record| record.era == era && Self::takes_bits(record));
            submissions.extend(record.and_then(|record| Self::info_of(id, record)));
        }
        let next = (last < end).then_some(last);
        SubmissionPage { submissions, next }
    }

    fn entry_info(
        namespace: &Namespace,
        index: u64,
    ) -> Option<EntryInfo<T::AccountId, BlockNumberFor<T>>> {
        let entry = Log::<T>::get(namespace, index)?;
        let record = Submissions::<T>::get(entry.submission)?;
        let member = match entry.member {
            None => None,
            Some(number) => {
                let member = Members::<T>::get(namespace, index)?;
                Some(MemberInfo {
                    member: number,
                    payer: member.payer,
                    id: member.id,
                    offset: member.offset,
                    size: member.size,
                    until: member.until,
                })
            }
        };
        Some(EntryInfo {
            index,
            height: entry.height,
            submission: entry.submission,
            commitment: record.commitment,
            size: record.size,
            member,
        })
    }

    /// The entries of a namespace from the number `from` on, at most `limit` and [`MAX_PAGE`].
    pub fn entries_of(namespace: &Namespace, from: u64, limit: u32) -> NamespacePageOf<T> {
        let end = Namespaces::<T>::get(namespace).map_or(0, |record| record.next);
        let last = from.saturating_add(MAX_SCAN).min(end);
        let mut entries = Vec::new();
        let mut next = from.min(end);
        for index in from..last {
            if entries.len() >= page(limit) {
                break;
            }
            entries.extend(Self::entry_info(namespace, index));
            next = index.saturating_add(1);
        }
        NamespacePage { entries, next, end }
    }

    /// The entries that a namespace got in one block, from the number `from` of that block on, counted from 0.
    pub fn entries_at(
        namespace: &Namespace,
        height: BlockNumberFor<T>,
        from: u32,
        limit: u32,
    ) -> NamespacePageOf<T> {
        let Some(known) = Heights::<T>::get(namespace, height) else {
            return NamespacePage {
                entries: Vec::new(),
                next: 0,
                end: 0,
            };
        };
        let end = known.first.saturating_add(known.count.into());
        let first = known.first.saturating_add(from.into()).min(end);
        let left = u32::try_from(end.saturating_sub(first)).unwrap_or(u32::MAX);
        let mut page = Self::entries_of(namespace, first, limit.min(left));
        page.entries.retain(|entry| entry.height == height);
        page.next = page.next.min(end);
        page.end = end;
        page
    }

    /// The committee of an era. None when there is none, or no more.
    pub fn committee_info(era: EraIndex) -> Option<CommitteeInfo<T::AccountId>> {
        let record = Self::committee(era)?;
        let gone = Books::<T>::get(era).map_or_else(SeatBits::default, |book| book.gone);
        let seats = (0u8..)
            .zip(record.seats)
            .map(|(number, seat)| SeatInfo {
                provider: seat.provider,
                key: seat.key,
                stake: seat.stake,
                gone: gone.get(number),
            })
            .collect();
        let id = record.id;
        Some(CommitteeInfo { era, id, seats })
    }

    /// What a submission of so many bytes for so many days costs in this round.
    pub fn quote(
        size: u32,
        namespace: &Namespace,
        days: Day,
    ) -> Result<FeeQuote<BalanceOf<T>>, DispatchError> {
        frame_support::ensure!((1..=lists::MAX_DAYS).contains(&days), Error::<T>::BadWindow);
        let shape = Self::shape_of(size)?;
        let charge = Self::charge(&shape, namespace, days)?;
        Ok(FeeQuote {
            class: shape.class(),
            stored_bytes: shape.stored_bytes(),
            base: charge.base,
            fee: charge.fee,
            namespace: charge.namespace,
            total: Self::fees_of(&charge)?,
            deposit: charge.deposit,
        })
    }

    /// The rules in force, and where the chain is.
    pub fn parameters() -> DaParameters<BalanceOf<T>, BlockNumberFor<T>> {
        DaParameters {
            rules: RULES,
            pallet: u8::try_from(<Self as PalletInfoAccess>::index()).unwrap_or(u8::MAX),
            era: Self::round(),
            tick: Self::tick(),
            attest_ticks: T::AttestTicks::get(),
            row_draw_delay: T::RowDrawDelay::get(),
            max_in_flight: T::MaxInFlight::get(),
            price: Self::per_gib(&Self::price()).unwrap_or_default(),
            stored_bytes: StoredBytes::<T>::get(),
            next_submission: NextSubmission::<T>::get(),
        }
    }
}

impl<T: Config> DataAvailability for Pallet<T> {
    fn available_until(commitment: &[u8; 32], size: u32) -> Option<RoundIndex> {
        AttestedBlobs::<T>::get((Commitment(*commitment), size))
            .map(|known| known.until)
            .filter(|until| *until >= Self::round())
    }
}
