//! `noema storage put` of several files.
//!
//! What can be known before is told before: which files cannot be stored, what all of them cost, whether that can be paid.
//! From then on no file waits for another one's trouble: [`fleet`] commits in batches, uploads as providers are drawn and follows all
//! deals with one look at each finalised block.

mod batches;
mod fleet;
mod item;
mod paths;
mod price;
mod providers;
mod report;
mod world;

use std::time::Instant;

use noema_chain_client::{RoundIndex, StateAt, Submitter};
use noema_storage::client::StorageClient;

use self::{
    batches::{Batches, Waiting},
    fleet::Fleet,
    item::{Item, Stage},
    price::Prices,
    report::{Report, Spent},
    world::Network,
};
use super::storage_put_rules::{check_limits, check_providers, same_replicas, DEFAULT_REPLICAS};
use crate::{args::storage::Put, failure::Failure, session::Session};

pub(crate) async fn run(session: &Session, put: &Put) -> Result<(), Failure> {
    let began = Instant::now();
    let output = &session.output;
    let found = paths::expand(&put.files, put.recursive)?;
    if found.links > 0 {
        output.note(format!("{} symbolic links are left out", found.links));
    }
    let key = session.key()?;
    let client = session.connect().await?;
    let constants = client.at_finalized().await?.constants()?;
    check_limits(&constants, 1, put.replicas.unwrap_or(1))?;
    for source in &found.files {
        check_limits(&constants, source.size(), 1)
            .map_err(|failure| failure.while_doing(&source.path().display().to_string()))?;
    }
    let (mut items, unread) = item::read_all(output, found.files).await;

    let state = client.at_finalized().await?;
    let submitter = Submitter::new(client.clone(), key.clone());
    let order = Order {
        replicas: put.replicas.unwrap_or(DEFAULT_REPLICAS),
        rounds: put.rounds.unwrap_or(constants.usual_rounds()),
    };
    find_deals(&state, &mut items, &submitter, put.replicas).await?;
    let batches = order_all(session, put, &state, &submitter, &items, order).await?;
    let owner = submitter.account();
    let mut fleet = Fleet {
        output: *output,
        world: Network {
            client,
            submitter,
            key,
            storage: StorageClient::default(),
        },
        order,
        wait: put.wait,
        parallel: put.parallel.into(),
        items,
        batches,
        spent: Spent::default(),
    };
    fleet.run().await;
    fleet.take_back().await;
    let spent = Spent {
        took: began.elapsed(),
        ..fleet.spent
    };
    let report = Report::new(&fleet.items, &unread, owner, spent);
    output.answer(&report.answer())?;
    report.failure().map_or(Ok(()), Err)
}

/// What is asked for each file.
#[derive(Clone, Copy, Debug)]
struct Order {
    replicas: u8,
    rounds: RoundIndex,
}

/// Which files have a deal already: they are gone on with.
async fn find_deals(
    state: &StateAt,
    items: &mut [Item],
    submitter: &Submitter,
    replicas: Option<u8>,
) -> Result<(), Failure> {
    let owner = submitter.account();
    let keys: Vec<_> = items.iter().map(|item| item.key(owner)).collect();
    let deals = state.deals(&keys).await?;
    for (item, deal) in items.iter_mut().zip(deals) {
        let Some(deal) = deal else { continue };
        item.stage = match same_replicas(&deal, replicas) {
            Ok(()) => Stage::Placing,
            Err(failure) => Stage::Failed(failure),
        };
        item.deal = Some(deal);
    }
    Ok(())
}

/// What is to be committed to, if all of it may and can be paid.
async fn order_all(
    session: &Session,
    put: &Put,
    state: &StateAt,
    submitter: &Submitter,
    items: &[Item],
    order: Order,
) -> Result<Batches, Failure> {
    let constants = state.constants()?;
    let new: Vec<(usize, &Item)> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| matches!(item.stage, Stage::Queued))
        .collect();
    if new.is_empty() {
        return Ok(Batches::new(Vec::new(), order.replicas, 0, &constants));
    }
    check_providers(state, order.replicas).await?;
    let files = || new.iter().map(|(_, item)| item.file());
    let prices = Prices::ask(state, files().copied(), order.replicas, order.rounds).await?;
    let limit = prices.limit(&session.output, files(), order.rounds, put.max_price)?;
    let waiting: Vec<Waiting> = new
        .iter()
        .map(|(index, item)| Waiting {
            index: *index,
            size: item.file().size(),
            price: prices.of(item.file()).map_or(0, |quote| quote.total),
        })
        .collect();
    let price = batches::total(&waiting);
    let first: Vec<_> = waiting
        .iter()
        .take(constants.max_batch as usize)
        .copied()
        .collect();
    let batches = Batches::new(waiting, order.replicas, limit, &constants);
    let call = price::call_of(
        &first,
        |index| items.get(index).map(Item::file),
        order.replicas,
        order.rounds,
        batches.most(&first),
    );
    price::check_balance(state, submitter, &batches, &call, price).await?;
    Ok(batches)
}
