#![doc = include_str!("../README.md")]

mod availability;
mod binaries;
mod builder;
mod chain_spec;
mod data_dir;
mod error;
mod heads;
mod logs;
mod market;
mod net;
mod node;
mod ports;
mod process;
mod provider;
mod ready;
mod registration;
mod relay;
mod rpc;
mod spawn;
mod stakers;

pub use availability::Availability;
pub use binaries::Binaries;
pub use builder::{
    AuditPace, LocalNetBuilder, MAX_PROVIDERS, MAX_SEATS, MAX_VALIDATORS, MIN_SEATS,
};
pub use chain_spec::{authorities, AuthorityKeys};
pub use error::{Crash, Error};
pub use heads::{Seen, Sighting};
pub use logs::{LogEvent, LogLine, LogStream};
pub use market::{Market, MODEL};
pub use net::LocalNet;
pub use node::Node;
pub use ports::PortChoice;
pub use provider::Provider;
pub use relay::Links;
