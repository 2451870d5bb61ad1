//! The runtime is replaced by those who hold the tokens, without the sudo key, under a chain that is at work.
//!
//! Four validators, three providers; all the time accounts send tokens through every node and somebody stores file after file. The next
//! runtime has a migration of the providers' records, one a block.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{ensure, Context};
use futures::future::try_join_all;
use noema_chain_client::{
    BlockRef, ChainClient, Deal, ProviderRecord, Role, SigningKey, SlotState,
};
use noema_local_net::{LocalNet, LocalNetBuilder, PortChoice};
use noema_tests::{
    cli::Noema,
    files::{first_difference, write_seeded},
    fleet::{catches_up, same_chain, Fleet},
    log_lines,
    network::{self, proving, seed},
    puts::{Put, Puts},
    referendum,
    transfers::Transfers,
    versions::switch,
};

const VALIDATORS: usize = 4;
/// Each holds every file, and the migration moves the record of each in a block of its own.
const PROVIDERS: usize = 3;
/// Accounts that send tokens, in turn through all nodes.
const SENDERS: usize = 8;
/// What each account of the load starts with, in the smallest unit.
const ENDOWMENT: u128 = 100_000 * 1_000_000_000_000_000_000;
/// Who puts files.
const STORER: &str = "Storer";
/// Size of the file that is there before, and of each that is put meanwhile.
const SIZE: u64 = 8 << 20;
const PUT_SIZE: u64 = 1 << 20;
/// Longest time without a newly finalised block.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Where nodes keep compiled runtimes.
const WASM_CACHE: &str = "NOEMA_WASM_CACHE";
/// Blocks under load before anything is proposed, and after the upgrade.
const SOME: u64 = 10;
/// The client of the release before this one, which only `make prove` builds.
const PREVIOUS_NODE: &str = "NOEMA_PREVIOUS_NODE";

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_under_load_are_upgraded_by_referendum() -> anyhow::Result<()> {
    let shape = LocalNet::builder().validators(VALIDATORS);
    upgrade_under_load(shape, "referendum").await
}

/// Half of the validators run the previous release's client: whoever does not replace a binary follows the chain nevertheless.
#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_previous_release_follow_an_upgrade() -> anyhow::Result<()> {
    let previous = std::env::var_os(PREVIOUS_NODE).with_context(|| {
        format!("{PREVIOUS_NODE} names the client of the previous release: `make previous-node` builds it")
    })?;
    let previous = PathBuf::from(previous);
    let shape = LocalNet::builder()
        .validators(VALIDATORS)
        .node_binary(1, &previous)
        .node_binary(3, &previous);
    upgrade_under_load(shape, "previous").await
}

async fn upgrade_under_load(shape: LocalNetBuilder, name: &str) -> anyhow::Result<()> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let seed = seed(name);
    let senders = (0..SENDERS)
        .map(|number| SigningKey::from_suri(&format!("//Sender//{number}")))
        .collect::<Result<Vec<_>, _>>()?;
    let mut shape = shape
        .providers(PROVIDERS)
        .node_arg(log_lines::DETAILED)
        .ports(PortChoice::Free)
        .endow(network::account(STORER)?.to_string(), ENDOWMENT);
    for sender in &senders {
        shape = shape.endow(sender.account().to_string(), ENDOWMENT);
    }
    // The new runtime is rehearsed before it is proposed, and so it is compiled when it comes into force: four nodes that compile it at the same
    // moment are more than two processors do in time.
    let dir = tempfile::tempdir()?;
    let cache = dir.path().join("wasm-cache");
    let net = shape
        .env(WASM_CACHE, cache.to_string_lossy())
        .start()
        .await?;
    let alice = Noema::of(&net)?.env(WASM_CACHE, cache);
    let path = dir.path().join("before");
    write_seeded(&path, SIZE, seed)?;
    let before = alice.put(&path, PROVIDERS).await?;
    network::until_held(&net, &before.file.file, &network::account("Alice")?).await?;
    let records = Records::read(&net, &before).await?;
    let pids = pids(&net);

    let everybody: Vec<usize> = (0..VALIDATORS).collect();
    let fleet = Fleet::watch(&net);
    let from = Instant::now();
    let transfers = send(&net, senders).await?;
    let storer = alice.dev(STORER);
    let puts = Puts::start(storer, dir.path().to_owned(), PUT_SIZE, PROVIDERS, seed + 1);
    fleet.goes_on(&everybody, SOME).await?;

    referendum::authorize(&net, &alice, next).await?;
    let old = net.node(0).finalized().await?;
    // Signed by nobody: this account has no tokens.
    let applied = alice
        .dev("Nobody")
        .ask(&["upgrade", "apply", next, "--yes"])
        .await?;
    ensure!(applied["to"].is_u64(), "{applied}");
    fleet.goes_on(&everybody, SOME).await?;
    // Again, and nothing happens.
    let again = alice.ask(&["upgrade", "apply", next, "--yes"]).await?;
    ensure!(again["applied"].is_null(), "{again}");

    let puts = puts.finish().await?;
    let made = try_join_all(transfers.into_iter().map(Transfers::finish)).await?;
    let (transfers, failures): (Vec<_>, Vec<_>) =
        made.into_iter().map(|m| (m.transfers, m.failures)).unzip();
    let (transfers, failures) = (transfers.concat(), failures.concat());
    ensure!(failures.is_empty(), "transfers failed: {failures:#?}");
    fleet.finalised_throughout("upgrade under load", &everybody, from, LONGEST_WAIT)?;
    fleet.agree()?;

    // All nodes switched at the same block.
    let mut switches = Vec::new();
    for node in net.nodes() {
        catches_up(node, net.node(0)).await?;
        switches.push(switch(node, old, node.finalized().await?).await?);
    }
    let first = switches.first().context("four nodes")?.clone();
    ensure!(
        switches.iter().all(|other| *other == first),
        "not all at the same block: {switches:#?}"
    );
    ensure!(
        applied["to"].as_u64() == Some(first.versions.1),
        "{first:?} is not the upgrade: {applied}"
    );
    let migration = migration(net.client(), first.number).await?;
    ensure!(
        migration >= PROVIDERS as u64,
        "the migration was done after {migration} blocks"
    );

    // What was there before is there still, and what was promised meanwhile was kept.
    let now = Records::read(&net, &before).await?;
    ensure!(now == records, "expected {records:#?}, found {now:#?}");
    let state = net.client().at_finalized().await?;
    for transfer in &transfers {
        let found = state.account(&transfer.to).await?.free;
        ensure!(
            found == transfer.amount,
            "a final transfer is gone: {transfer:?}, found {found}"
        );
    }
    let across = transfers
        .iter()
        .map(|transfer| u64::from(transfer.block.number) >= first.number)
        .collect::<BTreeSet<_>>();
    ensure!(across.len() == 2, "no transfers on one of the sides");
    let last = puts.last().context("nobody put anything")?;
    network::until_held(&net, &last.file.file, &network::account(STORER)?).await?;
    for put in [&before, last] {
        served_by_all(&net, &alice, put).await?;
    }
    ensure!(self::pids(&net) == pids, "a process was restarted");
    let clients = net.nodes().iter().collect::<Vec<_>>();
    let blocks = same_chain(&clients, 1).await?;
    println!(
        "switched at block {} of {blocks}, migrated in {migration} blocks; {} transfers final and {} files put meanwhile",
        first.number,
        transfers.len(),
        puts.len()
    );
    rehearse_again(&alice).await?;
    log_lines::no_errors(&net, &log_lines::UPGRADE)?;
    net.shutdown().await;
    Ok(())
}

/// Has every account send over a connection of its own.
async fn send(net: &LocalNet, senders: Vec<SigningKey>) -> anyhow::Result<Vec<Transfers>> {
    let mut sending = Vec::new();
    for (number, sender) in senders.into_iter().enumerate() {
        let node = net.node(number % VALIDATORS);
        let client = ChainClient::connect(&node.ws_url()).await?;
        sending.push(Transfers::start(
            client,
            sender,
            format!("Received//{number}"),
        ));
    }
    Ok(sending)
}

/// Process ids of all nodes and daemons.
fn pids(net: &LocalNet) -> Vec<Option<u32>> {
    let nodes = net.nodes().iter().map(|node| node.pid());
    let providers = net.providers().iter().map(|provider| provider.pid());
    nodes.chain(providers).collect()
}

/// What the chain says of providers and of a file.
#[derive(Debug, PartialEq)]
struct Records {
    /// But for what is reserved for files, which grows.
    providers: Vec<ProviderRecord>,
    /// But for whether its replicas are audited yet, and the money that is owed with it: they mature meanwhile.
    deal: Deal,
}

impl Records {
    async fn read(net: &LocalNet, put: &Put) -> anyhow::Result<Self> {
        let state = net.client().at_finalized().await?;
        let mut providers = state.providers(Role::Storage).await?;
        for record in &mut providers {
            record.reserved = 0;
        }
        ensure!(providers.len() == PROVIDERS, "found {providers:#?}");
        let deal = state
            .deal(&put.file.file, &network::account("Alice")?)
            .await?;
        let mut deal = deal.context("the file is on chain")?;
        deal.balance = 0;
        for slot in &mut deal.slots {
            if let SlotState::Held { joined, .. } = &mut slot.state {
                *joined = None;
            }
        }
        Ok(Self { providers, deal })
    }
}

/// Blocks from that of the upgrade to the one in which all migrations were done.
async fn migration(client: &ChainClient, from: u64) -> anyhow::Result<u64> {
    for number in from..=u64::from(client.finalized().number) {
        let number = u32::try_from(number)?;
        let hash = client.block_hash(number).await?;
        let block = BlockRef {
            number,
            hash: hash.with_context(|| format!("block {number}"))?,
        };
        let events = client.events(block).await?;
        if events
            .iter()
            .any(|event| event.is("MultiBlockMigrations", "UpgradeCompleted"))
        {
            return Ok(u64::from(number) - from);
        }
    }
    anyhow::bail!("the migrations are not done")
}

/// Fails unless each provider serves the file.
async fn served_by_all(net: &LocalNet, noema: &Noema, put: &Put) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    for provider in net.providers() {
        let copy = dir.path().join(provider.name());
        noema
            .get_only_from(net, &put.file.file, &provider.account(), &copy)
            .await?;
        let difference = first_difference(&put.path, &copy)?;
        ensure!(
            difference.is_none(),
            "{} serves something else from byte {difference:?} on",
            provider.name()
        );
    }
    Ok(())
}

/// Rehearses the upgrade after this one on the state that it left. At full size with the checks of every pallet's invariants.
async fn rehearse_again(noema: &Noema) -> anyhow::Result<()> {
    let later = noema_next_runtime::LATER_WASM_PATH
        .context("the runtime after the next is built without SKIP_WASM_BUILD")?;
    let mut arguments = vec!["upgrade", "check", later];
    match noema_next_runtime::CHECKED_WASM_PATH {
        Some(checked) => arguments.extend(["--try-runtime", checked]),
        None => ensure!(
            !proving(),
            "the runtime with its own checks is built with the feature `try-runtime` of noema-next-runtime"
        ),
    }
    let report = noema.ask(&arguments).await?;
    ensure!(report["passed"] == true, "{report}");
    println!("own checks: {}", report["rehearsal"]["own_checks"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_member_cannot_whitelist() -> anyhow::Result<()> {
    let next = noema_next_runtime::WASM_PATH
        .context("the next runtime is built without SKIP_WASM_BUILD")?;
    let net = network::start(0).await?;
    let said = Noema::of(&net)?
        .dev("Dave")
        .refused(&["upgrade", "propose", next, "--committee", "--yes"])
        .await?;
    ensure!(said.contains("no_member"), "{said}");
    net.shutdown().await;
    Ok(())
}
