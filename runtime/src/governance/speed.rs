//! How fast referenda, votes and eras run: at the pace of their parameters, unless the genesis state says
//! otherwise, as those of development presets do.

use super::origins::GovernanceSpeed;
use crate::{BlockNumber, Runtime};
use frame_support::traits::Get;

/// A period as it is on this chain. None is shorter than a block.
pub fn paced(period: BlockNumber) -> BlockNumber {
    period
        .checked_div(GovernanceSpeed::<Runtime>::get())
        .unwrap_or(period)
        .max(1)
}

/// [`paced`], for pallets that take a period as a type. As a constant in metadata it is what it is on
/// the chain that is asked, and `PERIOD` when none is.
pub struct Paced<const PERIOD: BlockNumber>;

impl<const PERIOD: BlockNumber> Get<BlockNumber> for Paced<PERIOD> {
    fn get() -> BlockNumber {
        paced(PERIOD)
    }
}
