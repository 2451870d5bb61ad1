//! Finding a file on chain by its id or its root, and a provider by either of its keys.

use noema_chain_client::{
    AccountId, ChainError, Deal, FileId, ProviderRecord, Role, SlotState, StateAt,
};
use noema_storage::client::{FileRef, Peer};
use noema_storage::ByteSize;
use serde_json::json;

use crate::{
    args::storage::{Id, Which},
    failure::Failure,
};

/// A file with all deals over it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) file: FileRef,
    pub(crate) deals: Vec<(AccountId, Deal)>,
}

/// A provider that has a replica or is to have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) provider: AccountId,
    /// The best of its slots, over all deals.
    pub(crate) state: SlotState,
}

/// Finds the file that `which` means.
pub(crate) async fn find(state: &StateAt, which: &Which) -> Result<Found, Failure> {
    let Id(bytes) = which.id;
    // An id, if there are deals under it.
    let file = FileId(bytes);
    let deals = state.deals_for(&file).await?;
    if !deals.is_empty() {
        return found(file, deals, which.size);
    }
    // A root.
    let size = match which.size {
        Some(ByteSize(size)) => size,
        None => {
            let sizes = state.sizes_of_root(&bytes).await?;
            let live: Vec<u64> = sizes
                .iter()
                .filter(|(_, count)| count.deals > 0)
                .map(|(size, _)| *size)
                .collect();
            match live.as_slice() {
                [size] => *size,
                [] => return Err(unknown(which)),
                several => {
                    let list: Vec<_> = several.iter().map(u64::to_string).collect();
                    return Err(Failure::new(
                        "ambiguous",
                        format!(
                            "files of several sizes have this root ({} bytes): say which with --size",
                            list.join(", ")
                        ),
                    )
                    .with(json!({ "sizes": several })));
                }
            }
        }
    };
    let file = FileRef::new(bytes, size)
        .map_err(|e| Failure::usage(format!("no file can have {size} bytes: {e}")))?
        .file;
    let deals = state.deals_for(&file).await?;
    if deals.is_empty() {
        return Err(unknown(which));
    }
    found(file, deals, which.size)
}

fn unknown(which: &Which) -> Failure {
    Failure::new(
        "not_found",
        format!(
            "nobody has a deal over a file with the id or root {}{}",
            hex::encode(which.id.0),
            which
                .size
                .map(|size| format!(" and {} bytes", size.0))
                .unwrap_or_default()
        ),
    )
}

fn found(
    file: FileId,
    deals: Vec<(AccountId, Deal)>,
    size: Option<ByteSize>,
) -> Result<Found, Failure> {
    let (_, deal) = deals
        .first()
        .ok_or_else(|| Failure::new("not_found", "no deal"))?;
    let reference = FileRef::new(deal.root, deal.size).map_err(|e| {
        Failure::new(
            "chain",
            format!("the deal over {file} has an impossible size: {e}"),
        )
    })?;
    // The chain's own rule, checked so that what is downloaded is what was asked for.
    if reference.file != file {
        return Err(Failure::new(
            "chain",
            format!(
                "the node's deal over {file} is of another file, {}",
                reference.file
            ),
        ));
    }
    if let Some(ByteSize(size)) = size.filter(|size| size.0 != deal.size) {
        return Err(Failure::usage(format!(
            "file {file} has {} bytes, not {size}",
            deal.size
        )));
    }
    Ok(Found {
        file: reference,
        deals,
    })
}

impl Found {
    /// Every provider with a slot, once: those that proved their replica first, then those that say
    /// they have it, then those that are to fetch it.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        let mut all: Vec<Holder> = Vec::new();
        for (_, deal) in &self.deals {
            for (_, provider, state) in deal.providers() {
                match all.iter_mut().find(|holder| holder.provider == provider) {
                    Some(holder) if rank(&state) < rank(&holder.state) => holder.state = state,
                    Some(_) => {}
                    None => all.push(Holder { provider, state }),
                }
            }
        }
        // Stable: otherwise as the deals have them.
        all.sort_by_key(|holder| rank(&holder.state));
        all
    }
}

fn rank(state: &SlotState) -> u8 {
    match state {
        SlotState::Held { .. } | SlotState::Leaving { .. } => 0,
        SlotState::Proving { .. } => 1,
        SlotState::Assigned { .. } => 2,
        SlotState::Drawing { .. } => 3,
    }
}

/// The record of `account`, or of the provider for which it is the hot key.
pub(crate) async fn own_record(
    state: &StateAt,
    role: Role,
    account: &AccountId,
) -> Result<Option<ProviderRecord>, ChainError> {
    if let Some(record) = state.provider(role, account).await? {
        return Ok(Some(record));
    }
    match state.provider_of_operator(role, account).await? {
        Some(bonded) => state.provider(role, &bonded).await,
        None => Ok(None),
    }
}

/// Where the daemons of `providers` answer, in the same order; those that are no longer registered
/// are left out.
pub(crate) async fn endpoints(
    state: &StateAt,
    providers: impl IntoIterator<Item = AccountId>,
) -> Result<Vec<Peer>, ChainError> {
    let mut peers = Vec::new();
    for provider in providers {
        if let Some(record) = state.provider(Role::Storage, &provider).await? {
            peers.push(Peer {
                provider,
                endpoint: record.endpoint,
            });
        }
    }
    Ok(peers)
}

/// Whom a download asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Alone at first.
    pub(crate) first: Vec<AccountId>,
    /// Where those fail.
    pub(crate) then: Vec<AccountId>,
}

/// Splits `holders` into those asked for and the others, without `excluded`. Naming a provider that
/// has no slot is an error, and so is leaving nobody to ask.
pub(crate) fn order(
    holders: &[Holder],
    first: &[AccountId],
    excluded: &[AccountId],
) -> Result<Order, Failure> {
    let all: Vec<AccountId> = holders.iter().map(|holder| holder.provider).collect();
    let list = || {
        all.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if let Some(stranger) = first.iter().find(|wanted| !all.contains(wanted)) {
        let known = if all.is_empty() {
            "none yet".to_owned()
        } else {
            list()
        };
        return Err(Failure::new(
            "not_a_provider",
            format!("{stranger} is no provider of this file; its providers are: {known}"),
        ));
    }
    let asked = |provider: &AccountId| !excluded.contains(provider);
    let order = Order {
        first: first.iter().copied().filter(asked).collect(),
        then: all
            .iter()
            .copied()
            .filter(|p| asked(p) && !first.contains(p))
            .collect(),
    };
    if order.first.is_empty() && order.then.is_empty() {
        let why = match holders {
            [] => "no provider has been drawn for this file yet: try again in a few seconds".into(),
            _ => format!("every provider of this file is excluded: {}", list()),
        };
        return Err(Failure::new("no_provider", why));
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{deal, who};

    fn found_with(deals: Vec<Deal>) -> Found {
        let file = FileRef::new([1; 32], 5).unwrap();
        let deals = deals.into_iter().map(|deal| (who(99), deal)).collect();
        Found { file, deals }
    }

    #[test]
    fn holders_of_all_deals_come_once_with_the_proven_ones_first() {
        let assigned = |n| SlotState::Assigned {
            provider: who(n),
            ready_by: 9,
        };
        let held = |n| SlotState::Held {
            provider: who(n),
            since: 4,
            joined: None,
        };
        let found = found_with(vec![
            deal(&[assigned(1), assigned(2), SlotState::Drawing { draw_at: 3 }]),
            deal(&[held(2), held(3)]),
        ]);
        let order: Vec<_> = found
            .holders()
            .into_iter()
            .map(|h| (h.provider, h.state))
            .collect();
        assert_eq!(
            order,
            [(who(2), held(2)), (who(3), held(3)), (who(1), assigned(1))]
        );
    }

    #[test]
    fn those_asked_for_come_first_and_the_excluded_not_at_all() {
        let holders: Vec<_> = (1..=3)
            .map(|n| Holder {
                provider: who(n),
                state: SlotState::Held {
                    provider: who(n),
                    since: 1,
                    joined: None,
                },
            })
            .collect();
        let ordered = order(&holders, &[], &[]).unwrap();
        assert_eq!(
            (ordered.first, ordered.then),
            (vec![], vec![who(1), who(2), who(3)])
        );
        let ordered = order(&holders, &[who(3)], &[who(1)]).unwrap();
        assert_eq!((ordered.first, ordered.then), (vec![who(3)], vec![who(2)]));
        let stranger = order(&holders, &[who(9)], &[]).unwrap_err();
        assert_eq!(stranger.code(), "not_a_provider");
        assert!(stranger.to_string().contains(&who(9).to_string()));
        assert_eq!(
            order(&holders, &[], &[who(1), who(2), who(3)])
                .unwrap_err()
                .code(),
            "no_provider"
        );
        assert_eq!(order(&[], &[], &[]).unwrap_err().code(), "no_provider");
    }

    #[test]
    fn a_deal_that_is_of_another_file_is_not_believed() {
        let file = FileRef::new([1; 32], 5).unwrap().file;
        let deals = vec![(who(1), deal(&[]))];
        assert!(found(file, deals.clone(), None).is_ok());
        assert!(found(FileId([7; 32]), deals.clone(), None).is_err());
        assert_eq!(
            found(file, deals, Some(ByteSize(6))).unwrap_err().code(),
            "usage"
        );
    }
}
