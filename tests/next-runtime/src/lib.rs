//! The runtime of this tree, one release on: a higher spec version, one changed constant, one more pallet with one call.
//!
//! It is what a chain builder does in miniature (write a pallet, plug it in, change a parameter, raise the version), done by program on a
//! copy of the sources, so that the upgrade is always rehearsed from the runtime as it is. See [`derive`] for the changes.

pub mod derive;

include!(concat!(env!("OUT_DIR"), "/next_runtime.rs"));
