//! Deals and assignments.

use subxt::utils::AccountId32;

use super::StateAt;
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::pallet_noema_storage::{terms as chain_terms, types as chain},
    },
    types::{
        AccountId, Assignment, CommitmentCount, Deal, FileId, Leaving, Segment, Slot, SlotState,
        Terms,
    },
};

impl StateAt {
    /// The deal of `owner` for `file`.
    pub async fn deal(&self, file: &FileId, owner: &AccountId) -> Result<Option<Deal>, ChainError> {
        let address = runtime::storage().storage().deals();
        let deal = self
            .fetch("a deal", address, (file.0, (*owner).into()))
            .await?;
        Ok(deal.map(Deal::from))
    }

    /// The deals of these owners for these files, in the same order: as [`Self::deal`] for each of them, in few questions to the node.
    pub async fn deals(&self, of: &[(FileId, AccountId)]) -> Result<Vec<Option<Deal>>, ChainError> {
        let keys = of.iter().map(|(file, owner)| (file.0, (*owner).into()));
        let found = self
            .fetch_many("deals", || runtime::storage().storage().deals(), keys)
            .await?;
        Ok(found.into_iter().map(|deal| deal.map(Deal::from)).collect())
    }

    /// Every deal for `file`, with its owner.
    pub async fn deals_for(&self, file: &FileId) -> Result<Vec<(AccountId, Deal)>, ChainError> {
        let address = runtime::storage().storage().deals();
        let deals = self.list("the deals of a file", address, (file.0,)).await?;
        Ok(deals
            .into_iter()
            .map(|((_, owner), deal)| (owner.into(), deal.into()))
            .collect())
    }

    /// The files that `owner` has deals for.
    pub async fn deals_of(&self, owner: &AccountId) -> Result<Vec<FileId>, ChainError> {
        let address = runtime::storage().storage().deals_of();
        let owner = AccountId32::from(*owner);
        let files = self
            .list("the deals of an owner", address, (owner,))
            .await?;
        Ok(files
            .into_iter()
            .map(|((_, file), ())| FileId(file))
            .collect())
    }

    /// The slots that `provider` has.
    pub async fn assignments(&self, provider: &AccountId) -> Result<Vec<Assignment>, ChainError> {
        let address = runtime::storage().storage().assignments();
        let provider = AccountId32::from(*provider);
        let slots = self
            .list("the assignments of a provider", address, (provider,))
            .await?;
        let assignment =
            |((_, (file, owner)), slot): ((_, ([u8; 32], AccountId32)), u8)| Assignment {
                file: FileId(file),
                owner: owner.into(),
                slot,
            };
        Ok(slots.into_iter().map(assignment).collect())
    }

    /// Sizes committed for a root, with how many deals each has.
    pub async fn sizes_of_root(
        &self,
        root: &[u8; 32],
    ) -> Result<Vec<(u64, CommitmentCount)>, ChainError> {
        let address = runtime::storage().storage().commitments();
        let sizes = self.list("the sizes of a root", address, (*root,)).await?;
        Ok(sizes
            .into_iter()
            .map(|((_, size), count)| {
                (
                    size,
                    CommitmentCount {
                        deals: count.deals,
                        active: count.active,
                    },
                )
            })
            .collect())
    }
}

impl From<chain::Deal<AccountId32, u128, u32>> for Deal {
    fn from(deal: chain::Deal<AccountId32, u128, u32>) -> Self {
        Deal {
            root: deal.root,
            size: deal.size,
            deposit: deal.deposit,
            committed_at: deal.committed_at,
            held: deal.held,
            slots: deal.slots.0.into_iter().map(Slot::from).collect(),
            terms: deal.terms.into(),
            balance: deal.balance,
            offered_to: deal.offered_to.map(AccountId::from),
        }
    }
}

impl From<chain::Slot<AccountId32, u128, u32>> for Slot {
    fn from(slot: chain::Slot<AccountId32, u128, u32>) -> Self {
        Slot {
            state: slot.state.into(),
            token: slot.token,
            passed_over: slot.passed_over.map(AccountId::from),
            leaving: slot.leaving.map(|leaving| Leaving {
                provider: leaving.provider.into(),
                joined: leaving.joined,
                since: leaving.since,
            }),
            bounty: slot.bounty,
        }
    }
}

impl From<chain_terms::Terms<u128>> for Terms {
    fn from(terms: chain_terms::Terms<u128>) -> Self {
        Terms {
            rent: terms.rent,
            end: terms.end,
            next: terms.next.map(Segment::from),
        }
    }
}

impl From<chain_terms::Segment<u128>> for Segment {
    fn from(segment: chain_terms::Segment<u128>) -> Self {
        Segment {
            rent: segment.rent,
            end: segment.end,
        }
    }
}

impl From<chain::SlotState<AccountId32, u128, u32>> for SlotState {
    fn from(state: chain::SlotState<AccountId32, u128, u32>) -> Self {
        match state {
            chain::SlotState::Drawing { draw_at, .. } => SlotState::Drawing { draw_at },
            chain::SlotState::Assigned { provider, ready_by } => SlotState::Assigned {
                provider: provider.into(),
                ready_by,
            },
            chain::SlotState::Proving {
                provider,
                draw_at,
                prove_by,
            } => SlotState::Proving {
                provider: provider.into(),
                draw_at,
                prove_by,
            },
            chain::SlotState::Held {
                provider,
                since,
                joined,
                ..
            } => SlotState::Held {
                provider: provider.into(),
                since,
                joined: joined.map(|(round, _)| round),
            },
        }
    }
}
