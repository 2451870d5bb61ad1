//! The pallets' parameters, one file per area.

pub mod accounts;
pub mod ai;
pub mod consensus;
pub mod governance;
pub mod money;
pub mod safety;
pub mod staking;
pub mod system;
pub mod utility;
