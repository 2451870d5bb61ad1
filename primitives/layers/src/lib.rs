//! Whether a call can open the storage layers that it needs.
//!
//! FRAME lets calls nest and gives each a layer of storage, which is dropped when it fails. It refuses more than 255 of them
//! (`frame_support::storage::transactional::TRANSACTIONAL_LIMIT`). What a pallet does in a layer of its own, so that its failure fails
//! nothing else, then fails there alone: whoever nests deeply enough would choose what fails inside a call, a slash for instance. A call that
//! opens layers asks first, and fails as a whole.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

use frame_support::storage::with_storage_layer;
use sp_runtime::DispatchResult;

/// More than a call of ours and what it calls open within each other.
const LAYERS: u8 = 8;

/// Checks that eight more layers of storage can be opened within each other, and changes nothing.
///
/// # Errors
/// `DispatchError::Transactional(LimitReached)` when they cannot: the call is nested too deeply.
pub fn ensure_storage_layers() -> DispatchResult {
    open(LAYERS)
}

fn open(layers: u8) -> DispatchResult {
    match layers.checked_sub(1) {
        None => Ok(()),
        Some(within) => with_storage_layer(|| open(within)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame_support::storage::transactional::TRANSACTIONAL_LIMIT;
    use sp_runtime::{DispatchError, TransactionalError};

    fn within<R>(layers: u32, then: &mut dyn FnMut() -> R) -> Result<R, DispatchError> {
        match layers {
            0 => Ok(then()),
            _ => with_storage_layer(|| within(layers - 1, then)),
        }
    }

    #[test]
    fn a_call_with_room_for_eight_layers_may_go_on() {
        sp_io::TestExternalities::default().execute_with(|| {
            let room = |layers| within(layers, &mut ensure_storage_layers);
            let limit = TRANSACTIONAL_LIMIT;
            assert_eq!(room(0), Ok(Ok(())));
            assert_eq!(room(limit - 8), Ok(Ok(())));
            let refused = Err(DispatchError::Transactional(
                TransactionalError::LimitReached,
            ));
            for layers in limit - 7..=limit {
                assert_eq!(room(layers), Ok(refused), "{layers}");
            }
        });
    }
}
