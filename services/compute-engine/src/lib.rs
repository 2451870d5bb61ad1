#![doc = include_str!("../README.md")]

pub mod builtin;
pub mod form;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod job;

pub use builtin::BuiltIn;
pub use job::Runner;
