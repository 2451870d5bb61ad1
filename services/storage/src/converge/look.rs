//! One look at all slots of the provider in one finalised state, page by page: however many there are, only a page is in memory.

use futures::{stream, StreamExt};
use noema_chain_client::{
    Assignment, BlockNumber, ChainError, Deal, FileId, SeedAt, SlotState, MAX_ASSIGNMENT_PAGE,
};

use super::{
    pass::{Ask, Pass},
    Converger, StepError,
};
use crate::{
    chain_view::{ChainView, StateView},
    client::FileRef,
    directory::Tracked,
    store::{DealKey, FileRecord, StoreError},
};

/// Slots looked at together.
pub(super) const PAGE: u32 = 512;
const _: () = assert!(PAGE <= MAX_ASSIGNMENT_PAGE);
/// Blocks after which a deal is read again although its slot is held.
pub(super) const REFRESH: BlockNumber = 64;
/// Files made known to the store at the same time: it writes down together what waits together.
const PARALLEL: usize = 64;

/// The states that are counted.
const STATES: [&str; 5] = ["assigned", "proving", "held", "earning", "leaving"];

impl<C: ChainView> Converger<C> {
    /// Looks at all slots in a state, and brings the directory up to date.
    pub(super) async fn look(
        &mut self,
        state: &C::State,
        now: BlockNumber,
    ) -> Result<Pass, StepError> {
        let mut pass = Pass::default();
        self.calls().begin_look();
        let provider = self.shared.provider;
        let mut start = None;
        loop {
            let page = state
                .assignments_page(&provider, start.as_deref(), PAGE)
                .await?;
            self.look_at(&page.assignments, state, now, &mut pass)
                .await?;
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        if pass.trouble.is_none() {
            self.forget_gone(state, &pass).await?;
            self.looked_at = Some(now);
        }
        self.calls().end_look();
        self.count(&pass);
        Ok(pass)
    }

    /// Looks at one page.
    async fn look_at(
        &mut self,
        page: &[Assignment],
        state: &C::State,
        now: BlockNumber,
        pass: &mut Pass,
    ) -> Result<(), StepError> {
        let items = self.read_slots(page, state, now, pass).await?;
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            pass.count(&item);
            self.calls().see(item.token);
            if self.shared.denied.contains(&item.file.root) {
                if may_resign(&item, state, pass).await? && self.calls().may_begin(item.token) {
                    pass.push(item, Ask::Resign);
                }
            } else {
                kept.push(item);
            }
        }
        let files: Vec<FileRef> = kept.iter().map(|item| item.file).collect();
        let records = self.take_up(&files).await?;
        for (item, (record, taken)) in kept.into_iter().zip(records) {
            let record = record.filter(|record| record.is_of(&item.file));
            match record {
                Some(record) if record.is_complete() => {
                    if taken {
                        self.ask(item, state, pass).await?;
                    }
                }
                record => pass.miss(&item, record.as_ref(), taken),
            }
        }
        Ok(())
    }

    /// The slots of a page. Deals whose slot is held are read again now and then only, each in its turn.
    async fn read_slots(
        &self,
        page: &[Assignment],
        state: &C::State,
        now: BlockNumber,
        pass: &mut Pass,
    ) -> Result<Vec<Tracked>, StepError> {
        let directory = &self.shared.directory;
        let keys: Vec<DealKey> = page.iter().map(|slot| (slot.file, slot.owner)).collect();
        let noted = directory.noted(&keys)?;
        let is_fresh = |slot: &Assignment, noted: &Option<Tracked>| {
            noted.as_ref().is_some_and(|noted| {
                noted.slot == slot.slot
                    && noted.state.is_held()
                    && !in_turn(&slot.file, self.looked_at, now)
            })
        };
        let fresh: Vec<bool> = page
            .iter()
            .zip(&noted)
            .map(|(s, n)| is_fresh(s, n))
            .collect();
        let stale = keys.iter().zip(&fresh).filter(|(_, fresh)| !**fresh);
        let stale: Vec<DealKey> = stale.map(|(key, _)| *key).collect();
        let mut deals = state.deals(&stale).await?.into_iter();
        let mut changes = Vec::new();
        let mut items = Vec::with_capacity(page.len());
        for ((slot, noted), fresh) in page.iter().zip(noted).zip(fresh) {
            if fresh {
                items.extend(noted);
                continue;
            }
            let deal = deals.next().flatten();
            let read = deal.and_then(|deal| Tracked::new(&self.shared.provider, slot, &deal));
            if read.is_none() {
                tracing::error!(?slot, "the chain names a slot that its deal does not have");
            }
            if read != noted {
                changes.push(((slot.file, slot.owner), read.clone()));
            }
            items.extend(read);
        }
        pass.found += items.len() as u64;
        if let Err(error) = directory.note(changes).await {
            pass.note_trouble(error.into());
        }
        Ok(items)
    }

    /// Forgets slots that are noted and were not found. Which they are says the chain, asked for each: so nobody has to remember what was found.
    async fn forget_gone(&self, state: &C::State, pass: &Pass) -> Result<(), StepError> {
        let directory = &self.shared.directory;
        let mut gone = directory.count()?.saturating_sub(pass.found);
        let mut after = None;
        while gone > 0 {
            let page = directory.deals_after(after.as_ref(), PAGE as usize)?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            let deals = state.deals(&page).await?;
            let ours = |deal: &Deal| {
                let provider = &self.shared.provider;
                deal.slots
                    .iter()
                    .any(|slot| slot.place_of(provider).is_some())
            };
            let without = page
                .iter()
                .zip(&deals)
                .filter(|(_, deal)| !deal.as_ref().is_some_and(ours));
            let changes: Vec<_> = without.map(|(key, _)| (*key, None)).collect();
            gone = gone.saturating_sub(changes.len() as u64);
            directory.note(changes).await?;
        }
        Ok(())
    }

    /// Makes files known to the store. Answers for each with its record and whether the store knows it now.
    async fn take_up(
        &self,
        files: &[FileRef],
    ) -> Result<Vec<(Option<FileRecord>, bool)>, StoreError> {
        let store = &self.shared.store;
        let ids: Vec<FileId> = files.iter().map(|file| file.file).collect();
        let both: Vec<_> = files.iter().copied().zip(store.files(&ids)?).collect();
        stream::iter(both)
            .map(|(file, record)| async move {
                let is_known = record.as_ref().is_some_and(|record| record.is_taken(&file));
                if is_known {
                    return Ok((record, true));
                }
                match store.add_file(&file).await {
                    Ok(()) => Ok((store.file(&file.file)?, true)),
                    Err(error) => {
                        tracing::warn!(%error, file = %file.file, "cannot take a file up");
                        Ok((record, false))
                    }
                }
            })
            .buffered(PARALLEL)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .collect()
    }

    /// Keeps what the slot of a complete file asks for now, if it asks for anything.
    async fn ask(
        &mut self,
        item: Tracked,
        state: &C::State,
        pass: &mut Pass,
    ) -> Result<(), StepError> {
        match item.state {
            SlotState::Assigned { .. } if self.calls().may_begin(item.token) => {
                let may_promise = match pass.may_promise {
                    Some(known) => known,
                    None => self.may_promise()?,
                };
                pass.may_promise = Some(may_promise);
                if may_promise {
                    pass.push(item, Ask::Ready);
                }
            }
            SlotState::Proving { draw_at, .. } if self.calls().may_begin(item.token) => {
                let found = match pass.seeds.get(&draw_at) {
                    Some(found) => *found,
                    None => match state.seed_from(draw_at).await {
                        Ok(found) => found,
                        Err(error) => {
                            pass.note_trouble(error.into());
                            return Ok(());
                        }
                    },
                };
                pass.seeds.insert(draw_at, found);
                // A lost seed ends with the slot's deadline.
                if let SeedAt::Drawn { seed, .. } = found {
                    pass.push(item, Ask::Prove(seed));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&self, pass: &Pass) {
        let metrics = &self.shared.metrics;
        for name in STATES {
            let count = pass.states.get(name).copied().unwrap_or(0);
            metrics.slots.with_label_values(&[name]).set(count);
        }
        metrics.audits.files_below_replicas.set(pass.below_replicas);
    }
}

/// Whether a deal whose slot is held is read again: once in [`REFRESH`] blocks, different deals in different blocks, and all of them when nothing was read before.
fn in_turn(file: &FileId, before: Option<BlockNumber>, now: BlockNumber) -> bool {
    let Some(before) = before else { return true };
    let turn = BlockNumber::from(file.0[0]) % REFRESH;
    // How many blocks ago its turn was.
    let ago = (now % REFRESH + REFRESH - turn) % REFRESH;
    now.saturating_sub(before) > ago
}

/// Whether `resign` does anything for a slot: for one that is being left, only when its time for finding a replacement is over.
async fn may_resign(
    item: &Tracked,
    state: &impl StateView,
    pass: &mut Pass,
) -> Result<bool, ChainError> {
    let SlotState::Leaving { since, .. } = item.state else {
        return Ok(true);
    };
    let (round, rounds) = match pass.leaving {
        Some(known) => known,
        None => {
            let round = state.audit_round().await?.map_or(0, |round| round.index);
            (round, state.audit_limits()?.hand_over_rounds)
        }
    };
    pass.leaving = Some((round, rounds));
    Ok(round >= since.saturating_add(rounds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deal_is_read_once_in_so_many_blocks_however_many_are_skipped() {
        for turn in [0, 1, 63, 64, 200, 255] {
            let file = FileId([turn; 32]);
            assert!(in_turn(&file, None, 5));
            assert!(!in_turn(&file, Some(77), 77), "the same block");
            for step in [1, 3, 40, 63] {
                let mut blocks = (1000..1000 + step * REFRESH).step_by(step as usize);
                let mut before = blocks.next();
                let mut times = 0;
                for now in blocks {
                    times += u32::from(in_turn(&file, before, now));
                    before = Some(now);
                }
                let turns = step - 1..=step;
                assert!(turns.contains(&times), "{turn} {step}: {times}");
            }
            for step in [REFRESH, 1000] {
                assert!(in_turn(&file, Some(1000), 1000 + step), "{step}");
            }
        }
    }
}
