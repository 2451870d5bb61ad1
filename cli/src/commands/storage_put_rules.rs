//! What holds for every file that is put: when it is refused, who is to get it, when it is stored.

use noema_chain_client::{AccountId, Constants, Deal, ProviderStatus, Role, SlotState, StateAt};
use noema_storage::{client::Peer, ByteSize};
use serde_json::json;

use crate::{args::storage::Wait, failure::Failure};

/// How many replicas are asked for if nobody says otherwise.
pub(super) const DEFAULT_REPLICAS: u8 = 3;

/// Refuses a file that is too large for the chain, and more replicas than a deal can have.
pub(super) fn check_limits(constants: &Constants, size: u64, replicas: u8) -> Result<(), Failure> {
    if size > constants.max_file_size {
        return Err(Failure::new(
            "file_too_large",
            format!(
                "the file has {}, the chain takes at most {}",
                ByteSize(size),
                ByteSize(constants.max_file_size)
            ),
        ));
    }
    if u32::from(replicas) > constants.max_replicas {
        return Err(Failure::usage(format!(
            "{replicas} replicas are more than the {} that the chain allows",
            constants.max_replicas
        )));
    }
    Ok(())
}

/// Refuses more replicas than there are providers that take files.
pub(super) async fn check_providers(state: &StateAt, replicas: u8) -> Result<(), Failure> {
    let providers = state.providers(Role::Storage).await?;
    let active = providers
        .iter()
        .filter(|p| p.status == ProviderStatus::Active)
        .count();
    if active < usize::from(replicas) {
        return Err(Failure::new(
            "not_enough_providers",
            format!(
                "{replicas} replicas need as many storage providers, and {active} are active; \
                 use --replicas {} or wait for more",
                active.max(1)
            ),
        )
        .with(json!({ "replicas": replicas, "active_providers": active })));
    }
    Ok(())
}

/// Whether somebody has, or will fetch, the whole file without us. `uploaded` is whom we gave it to.
pub(super) fn data_is_placed(deal: &Deal, uploaded: Option<&Peer>) -> bool {
    let complete = deal.slots.iter().any(|slot| {
        matches!(
            slot.state,
            SlotState::Proving { .. } | SlotState::Held { .. }
        )
    });
    complete || uploaded.is_some_and(|peer| deal.slot_of(&peer.provider).is_some())
}

/// Another number of replicas is another deal, which the chain does not make of an existing one.
pub(super) fn same_replicas(deal: &Deal, wanted: Option<u8>) -> Result<(), Failure> {
    let have = deal.slots.len();
    match wanted {
        Some(wanted) if usize::from(wanted) != have => Err(Failure::new(
            "replicas_differ",
            format!(
                "this file is stored already with {have} replicas, not {wanted}: remove it first \
                 (`noema storage remove`), or leave --replicas out"
            ),
        )),
        _ => Ok(()),
    }
}

/// Providers that are to have the file and do not say yet that they do, by slot.
pub(super) fn assigned(deal: &Deal) -> Vec<AccountId> {
    deal.slots
        .iter()
        .filter_map(|slot| match slot.state {
            SlotState::Assigned { provider, .. } => Some(provider),
            _ => None,
        })
        .collect()
}

/// Whether the deal is as far as asked for.
pub(super) fn is_done(deal: &Deal, wait: Wait, uploaded: Option<&Peer>) -> bool {
    let held = deal
        .slots
        .iter()
        .filter(|slot| matches!(slot.state, SlotState::Held { .. }));
    match wait {
        Wait::Assigned => {
            deal.is_active()
                || uploaded.is_some_and(|peer| deal.slot_of(&peer.provider).is_some())
                || deal.slots.iter().any(|slot| {
                    matches!(
                        slot.state,
                        SlotState::Proving { .. } | SlotState::Held { .. }
                    )
                })
        }
        Wait::Active => deal.is_active(),
        Wait::All => !deal.slots.is_empty() && held.count() == deal.slots.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{deal, who};

    const DRAWING: SlotState = SlotState::Drawing { draw_at: 1 };

    fn assigned_to(n: u8) -> SlotState {
        SlotState::Assigned {
            provider: who(n),
            ready_by: 9,
        }
    }

    fn held_by(n: u8) -> SlotState {
        SlotState::Held {
            provider: who(n),
            since: 9,
            joined: None,
        }
    }

    #[test]
    fn each_way_of_waiting_ends_at_its_point() {
        let peer = Peer {
            provider: who(1),
            endpoint: String::new(),
        };
        let fresh = deal(&[DRAWING, assigned_to(1), assigned_to(2)]);
        assert!(!is_done(&fresh, Wait::Assigned, None));
        assert!(is_done(&fresh, Wait::Assigned, Some(&peer)));
        assert!(!is_done(&fresh, Wait::Active, Some(&peer)));

        let most = deal(&[held_by(1), held_by(2), assigned_to(3)]);
        assert!(is_done(&most, Wait::Assigned, None));
        assert!(is_done(&most, Wait::Active, None));
        assert!(!is_done(&most, Wait::All, None));
        assert!(is_done(
            &deal(&[held_by(1), held_by(2), held_by(3)]),
            Wait::All,
            None
        ));
    }

    #[test]
    fn an_upload_to_a_provider_that_was_replaced_does_not_count() {
        let peer = Peer {
            provider: who(9),
            endpoint: String::new(),
        };
        assert!(!is_done(
            &deal(&[assigned_to(1)]),
            Wait::Assigned,
            Some(&peer)
        ));
        assert_eq!(
            assigned(&deal(&[DRAWING, assigned_to(2), held_by(3)])),
            [who(2)]
        );
    }

    #[test]
    fn an_existing_deal_is_continued_unless_another_number_is_asked_for() {
        let deal = deal(&[DRAWING, DRAWING]);
        assert!(same_replicas(&deal, None).is_ok());
        assert!(same_replicas(&deal, Some(2)).is_ok());
        assert_eq!(
            same_replicas(&deal, Some(3)).unwrap_err().code(),
            "replicas_differ"
        );
    }
}
