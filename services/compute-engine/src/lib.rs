#![doc = include_str!("../README.md")]

pub mod builtin;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod form;
pub mod job;

pub use builtin::BuiltIn;
pub use job::Runner;
