#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(any(test, feature = "train")),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

extern crate alloc;
#[cfg(any(test, feature = "train"))]
extern crate std;

mod chat;
mod embed;
mod generate;
mod math;
mod network;
mod quantised;
mod sample;
mod tokenizer;
#[cfg(feature = "train")]
pub mod train;
mod weights;
pub mod wire;

pub use chat::{prompt, PromptError, Role, Turn, MAX_PROMPT_BYTES};
pub use embed::embed;
pub use generate::{
    generate, FinishReason, Generation, Options, OptionsError, MAX_STOPS, MAX_STOP_BYTES,
};
pub use network::{Session, SessionFull};
pub use tokenizer::{Special, Token, Tokenizer, FIRST_MERGED, MAX_WORD};
pub use weights::{Dimensions, Weights, WeightsError, HEAD_WIDTH};
