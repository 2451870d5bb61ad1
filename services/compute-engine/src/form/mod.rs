//! Jobs as they are ordered and answered over HTTP, in JSON: `docs/design/compute-jobs.md`, *Over HTTP*. Gateways and buyers read the same forms here.

mod answer;
mod order;
mod reading;
#[cfg(test)]
mod tests;

pub use answer::{output_event, progress_event, running_event, started_event, End, Ended};
pub use order::{Order, OrderError, Piece, Terms, MAX_INLINE, MAX_WHOLE_OUTPUT};
pub use reading::{FormError, Reading, Seen};
