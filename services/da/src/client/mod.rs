//! Using data availability: asking seats for rows, reading blobs and members of bundles, sampling, and what a gateway offers.

mod collect;
mod fault;
mod gateway;
mod read;
mod sample;
mod seat;

pub use collect::{Collected, Collector, Wanted};
pub use fault::{SeatFault, SeatReport};
pub use gateway::{GatewayClient, GatewayError, PutOptions};
pub use read::{member_in, BlobReader, ReadBlob, ReadError, ReadMember};
pub use sample::{SampleError, Sampled, MOST_SAMPLES};
pub use seat::{decode_signature, Patience, SeatClient};
