//! What this client adds to the SDK's finality: nothing on the wire, only one more occasion for who is behind.

mod catch_up;
mod packet;

pub(crate) use catch_up::CatchUp;
