//! Compares, in its tests, the types by which daemons decode answers of the runtime with the pallets' own: neither side links the other.
