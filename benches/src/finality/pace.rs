//! Transfers at a steady pace, to all nodes in turn.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use noema_local_net::LocalNet;
use tokio::{
    task::JoinSet,
    time::{interval, MissedTickBehavior},
};

use crate::throughput::submit::{connect, hand_in};

/// Time between two batches.
const EVERY: Duration = Duration::from_millis(50);

/// Hands all transfers in, `per_second` of them each second. A node that answers late does not slow the pace.
pub(crate) async fn send(
    net: &LocalNet,
    transfers: Vec<String>,
    per_second: f64,
) -> anyhow::Result<()> {
    let mut nodes = Vec::new();
    for node in net.nodes() {
        nodes.push(Arc::new(connect(&node.ws_url()).await?));
    }
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut sent, mut ticked) = (0, 0_u32);
    let mut answers = JoinSet::new();
    let mut turns = nodes.iter().cycle();
    while sent < transfers.len() {
        ticks.tick().await;
        ticked += 1;
        let until = due(per_second, ticked).min(transfers.len());
        let batch = transfers.get(sent..until).unwrap_or_default().to_vec();
        sent = until;
        let node = Arc::clone(turns.next().context("a network has nodes")?);
        if !batch.is_empty() {
            answers.spawn(async move { hand_in(&node, &batch).await });
        }
        while let Some(answer) = answers.try_join_next() {
            answer??;
        }
    }
    while let Some(answer) = answers.join_next().await {
        answer??;
    }
    Ok(())
}

/// Transfers that are to be handed in after so many ticks.
fn due(per_second: f64, ticks: u32) -> usize {
    // Rates are positive, and sums of a few minutes are small.
    (per_second * EVERY.as_secs_f64() * f64::from(ticks)).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_kept_over_any_number_of_ticks() {
        assert_eq!(due(586.0, 20), 586);
        assert_eq!(due(164.5, 40), 329);
        let parts: usize = (1..=20)
            .map(|tick| due(586.0, tick) - due(586.0, tick - 1))
            .sum();
        assert_eq!(parts, 586);
    }
}
