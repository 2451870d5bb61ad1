//! What goes wrong in this runtime: nothing, until a test writes a digit into the finished WASM.
//!
//! So that one build serves for an upgrade that works, one whose migration fails, and one that stops the chain.

use crate::Config;
use core::marker::PhantomData;
use frame_support::{
    migrations::{MigrationId, SteppedMigration, SteppedMigrationError},
    weights::WeightMeter,
};

/// The last byte says what goes wrong. It stands once in the WASM.
#[used]
static MARK: [u8; 32] = *b"noema-next-runtime: the fault: 0";

/// The migration fails.
const MIGRATION_FAILS: u8 = b'1';
/// Every block panics.
const BLOCKS_PANIC: u8 = b'2';

fn fault() -> u8 {
    // Not known to the compiler, or it would put the digit where it is compared.
    let mark: &'static [u8; 32] = core::hint::black_box(&MARK);
    mark[31]
}

/// Panics when blocks are to.
pub(crate) fn panic_if_wanted() {
    assert!(fault() != BLOCKS_PANIC, "the fault that was asked for");
}

/// A migration that does nothing, or fails.
pub struct MayFail<T>(PhantomData<T>);

impl<T: Config> SteppedMigration for MayFail<T> {
    type Cursor = ();
    type Identifier = MigrationId<4>;

    fn id() -> Self::Identifier {
        MigrationId {
            pallet_id: *b"ping",
            version_from: 0,
            version_to: 1,
        }
    }

    fn step(
        _cursor: Option<()>,
        _meter: &mut WeightMeter,
    ) -> Result<Option<()>, SteppedMigrationError> {
        if fault() == MIGRATION_FAILS {
            return Err(SteppedMigrationError::Failed);
        }
        Ok(None)
    }
}
