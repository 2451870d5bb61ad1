//! The runtime of this tree, one release on: a higher spec version, one changed constant, one more pallet with one call, and a migration of
//! the providers' records in steps over several blocks. And the release after that, the same again, which repairs an upgrade that went wrong.
//!
//! It is what a chain builder does in miniature (write a pallet, plug it in, change a parameter, raise the version), done by program on a
//! copy of the sources, so that the upgrade is always rehearsed from the runtime as it is. See [`derive`] for the changes.

pub mod derive;
pub mod fault;

include!(concat!(env!("OUT_DIR"), "/next_runtime.rs"));
