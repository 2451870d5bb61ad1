//! What `docs/design/money.md` says, tried.

mod attacks;
mod going;
mod histories;
mod ops;
mod pair;
mod parameters;
mod price;
mod random;
mod repair;
mod terms;
mod town;
