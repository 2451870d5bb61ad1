//! Stakes that do not cover what their providers hold, as the chain in memory knows them.

use noema_chain_client::{AccountId, Call, DispatchFailure, Hash, Leaving, SlotState, SubmitError};

use super::{head, FakeState};
use crate::client::FileRef;

fn refused(name: &str) -> SubmitError {
    SubmitError::Dispatch {
        failure: DispatchFailure {
            pallet: Some("Storage".into()),
            name: name.into(),
            docs: String::new(),
        },
        block: head(11).block(),
        tx: Hash([1; 32]),
    }
}

impl FakeState {
    pub(super) fn to_hand_over(&self, provider: &AccountId) -> u64 {
        let due = self
            .uncovered
            .get(provider)
            .filter(|short| short.blocks_left() == 0);
        due.map_or(0, |short| short.missing())
    }

    /// Does what `hand_over` does, if the call is one. Why not, if it is refused.
    pub(super) fn hand_over(&mut self, call: &Call) -> Option<SubmitError> {
        self.begin_hand_over(call).err().map(refused)
    }

    fn begin_hand_over(&mut self, call: &Call) -> Result<(), &'static str> {
        let Call::HandOver { file, owner, slot } = call else {
            return Ok(());
        };
        let deal = self.deals.get(&(*file, *owner)).cloned();
        let mut deal = deal.ok_or("UnknownDeal")?;
        let size = FileRef::new(deal.root, deal.size)
            .unwrap()
            .shape
            .padded_bytes();
        let found = &mut deal.slots[usize::from(*slot)];
        let SlotState::Held {
            provider,
            joined: Some(joined),
            ..
        } = found.state
        else {
            return Err("NotAssignedToYou");
        };
        if self.to_hand_over(&provider) == 0 {
            return Err("StillCovered");
        }
        found.state = SlotState::Drawing { draw_at: 12 };
        found.leaving = Some(Leaving {
            provider,
            joined,
            since: 4,
        });
        self.deals.insert((*file, *owner), deal);
        if let Some(short) = self.uncovered.get_mut(&provider) {
            short.leaving += size;
        }
        Ok(())
    }
}
