//! Four validators, one of which is in trouble: killed, cut off, or with a wrong clock. Three of four finalise throughout, the fourth catches up,
//! nothing forks. And a node that comes to such a network with nothing and takes its state without its history.

mod clock;
mod cut;
mod killed;
mod warp;

use std::time::Duration;

use noema_local_net::{LocalNet, LocalNetBuilder, Node, PortChoice};
use noema_tests::log_lines;

/// Validators: the fewest of which one may fail.
const VALIDATORS: usize = 4;
/// Longest time without a newly finalised block. The slots of the fourth validator stay empty, a quarter of all, sometimes several in turn;
/// a loaded machine with two cores is given some more.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Blocks that show that finality goes on.
const SOME: u64 = 5;

/// Four validators on a machine that may have other things to do.
fn validators() -> LocalNetBuilder {
    LocalNet::builder()
        .validators(VALIDATORS)
        .providers(0)
        .node_arg(log_lines::DETAILED)
        .ports(PortChoice::Free)
}

/// The places of all validators but this one.
fn others(than: usize) -> Vec<usize> {
    (0..VALIDATORS).filter(|place| *place != than).collect()
}

fn all(net: &LocalNet) -> Vec<&Node> {
    net.nodes().iter().collect()
}
