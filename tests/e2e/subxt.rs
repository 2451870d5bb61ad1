//! `subxt` as its registry has it, over RPC v2 and nothing else, with what it learns from the chain's metadata at run time.

use std::{sync::Arc, time::Duration};

use anyhow::{bail, ensure, Context};
use noema_local_net::LocalNet;
use noema_tests::network;
use subxt::{
    backend::ChainHeadBackend,
    dynamic::{self, At, Value},
    events::Events,
    ext::scale_decode::DecodeAsType,
    extrinsics::ExtrinsicEvents,
    rpcs::RpcClient,
    utils::{AccountId32, MultiAddress},
    OnlineClient, SubstrateConfig,
};
use subxt_signer::sr25519::{dev, Keypair};
use tokio::time::timeout;

type Client = OnlineClient<SubstrateConfig>;

/// Longest time for one thing that blocks bring.
const PATIENCE: Duration = Duration::from_secs(60);
const NOEMA: u128 = 1_000_000_000_000_000_000;

/// What `System.Account` says, as far as it matters here.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Account {
    nonce: u32,
    data: Balances,
}

#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Balances {
    free: u128,
    reserved: u128,
}

/// What the compute market says of a payer.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Purse {
    balance: u128,
    reserved: u128,
}

#[tokio::test(flavor = "multi_thread")]
async fn subxt_works_with_the_chain() -> anyhow::Result<()> {
    let net = network::start(1).await?;
    let rpc = RpcClient::from_insecure_url(net.node(0).ws_url()).await?;
    let backend = ChainHeadBackend::builder().build_with_background_driver(rpc);
    let client = Client::from_backend(Arc::new(backend)).await?;
    let judging = async {
        reads_metadata(&client).await.context("read metadata")?;
        transfers(&client).await.context("transfer")?;
        commits(&client, &net).await.context("commit to a file")?;
        asks(&client).await.context("ask the runtime")
    };
    tokio::select! {
        crash = net.next_crash() => bail!("a process ended that nobody stopped: {crash}"),
        judged = judging => judged?,
    }
    net.shutdown().await;
    Ok(())
}

async fn account(client: &Client, key: &Keypair) -> anyhow::Result<Account> {
    let at = client.at_current_block().await?;
    let entry = dynamic::storage::<(AccountId32,), Account>("System", "Account");
    let account = at.storage().fetch(entry, (id(key),)).await?;
    Ok(account.decode()?)
}

fn id(key: &Keypair) -> AccountId32 {
    AccountId32(key.public_key().0)
}

/// Signs as `key`, and the events when it is in a final block.
async fn submit(
    client: &Client,
    key: &Keypair,
    call: &impl subxt::transactions::Payload,
) -> anyhow::Result<ExtrinsicEvents<SubstrateConfig>> {
    let mut transactions = client.tx().await?;
    let progress = transactions
        .sign_and_submit_then_watch_default(call, key)
        .await?;
    let success = timeout(PATIENCE, progress.wait_for_finalized_success()).await;
    Ok(success.context("the transaction is not final")??)
}

/// The fields of the only event of this name.
fn event(events: &Events<SubstrateConfig>, pallet: &str, name: &str) -> anyhow::Result<Value> {
    let mut found = Vec::new();
    for event in events.iter() {
        let event = event?;
        if (event.pallet_name(), event.event_name()) == (pallet, name) {
            found.push(
                event.decode_fields_unchecked_as::<subxt::ext::scale_value::Composite<()>>()?,
            );
        }
    }
    ensure!(
        found.len() == 1,
        "expected one {pallet}.{name}, found {found:?}"
    );
    let fields = found.remove(0);
    Ok(Value {
        value: subxt::ext::scale_value::ValueDef::Composite(fields),
        context: (),
    })
}

/// The newest version it knows, with our pallets, their calls and their documentation in it.
async fn reads_metadata(client: &Client) -> anyhow::Result<()> {
    let at = client.at_current_block().await?;
    let metadata = at.metadata();
    for (pallet, call) in [
        ("Agents", "act"),
        ("Compute", "redeem"),
        ("Storage", "commit"),
        ("Providers", "register"),
    ] {
        let pallet = metadata.pallet_by_name(pallet).context(pallet)?;
        let call = pallet.call_variant_by_name(call).context(call)?;
        ensure!(!call.docs.is_empty(), "{} is not documented", call.name);
    }
    Ok(())
}

async fn transfers(client: &Client) -> anyhow::Result<()> {
    let (from, to) = (dev::dave(), dev::eve());
    let before = (account(client, &from).await?, account(client, &to).await?);
    let dest = MultiAddress::<AccountId32, ()>::Id(id(&to));
    let call = dynamic::tx("Balances", "transfer_keep_alive", (dest, 5 * NOEMA));
    let events = submit(client, &from, &call).await?;
    let fee = event(
        events.all_events_in_block(),
        "TransactionPayment",
        "TransactionFeePaid",
    )?;
    let fee = fee.at("actual_fee").and_then(Value::as_u128);
    let fee = fee.context("expected a fee in the event")?;
    let after = (account(client, &from).await?, account(client, &to).await?);
    ensure!(after.0.nonce == before.0.nonce + 1, "{after:?}");
    ensure!(after.0.data.free + 5 * NOEMA + fee == before.0.data.free);
    ensure!(after.1.data.free == before.1.data.free + 5 * NOEMA);
    Ok(())
}

/// A deal is made, its provider is drawn, and it is removed with its deposit returned.
async fn commits(client: &Client, net: &LocalNet) -> anyhow::Result<()> {
    let owner = dev::dave();
    let before = account(client, &owner).await?;
    let root = [7_u8; 32];
    let mut blocks = client.stream_blocks().await?;
    let call = dynamic::tx(
        "Storage",
        "commit",
        (root, 1_000_000_u64, 1_u8, 24_u32, NOEMA),
    );
    let events = submit(client, &owner, &call).await?;
    let committed = event(events.all_events_in_block(), "Storage", "Committed")?;
    let file = committed.at("file").context("expected a file")?.clone();
    ensure!(account(client, &owner).await?.data.reserved > before.data.reserved);

    let drawn = async {
        loop {
            let block = blocks
                .next()
                .await
                .context("the stream of blocks ended")??;
            let events = block.at().await?.events().fetch().await?;
            if let Ok(assigned) = event(&events, "Storage", "ReplicaAssigned") {
                return anyhow::Ok(assigned);
            }
        }
    };
    let assigned = timeout(PATIENCE, drawn)
        .await
        .context("no provider is drawn")??;
    let provider = assigned.at("provider").context("expected a provider")?;
    let expected = Value::from_bytes(net.provider(0).account().0);
    ensure!(bytes(provider) == bytes(&expected), "{provider} is drawn");

    let call = dynamic::tx("Storage", "remove", (file, 1_u8));
    let events = submit(client, &owner, &call).await?;
    event(events.all_events_in_block(), "Storage", "Removed")?;
    ensure!(account(client, &owner).await?.data.reserved == before.data.reserved);
    Ok(())
}

/// The numbers in a value, in order: what is left of bytes, however deep newtypes wrap them.
fn bytes(value: &Value) -> Vec<u128> {
    match value.as_u128() {
        Some(number) => vec![number],
        None => (0..)
            .map_while(|index: usize| value.at(index))
            .flat_map(bytes)
            .collect(),
    }
}

/// Runtime interfaces, a view function, and the error of a call by its name.
async fn asks(client: &Client) -> anyhow::Result<()> {
    let at = client.at_current_block().await?;
    let owner = dev::dave();
    let nonce =
        dynamic::runtime_api_call::<_, u32>("AccountNonceApi", "account_nonce", (id(&owner),));
    let nonce = at.runtime_apis().call(nonce).await?;
    ensure!(nonce == account(client, &owner).await?.nonce);

    let purse = dynamic::runtime_api_call::<_, Option<Purse>>("ComputeApi", "purse", (id(&owner),));
    let before = at.runtime_apis().call(purse).await?;
    ensure!(before.is_none(), "{before:?}");
    let deposit = dynamic::tx("Compute", "deposit", (2 * NOEMA,));
    submit(client, &owner, &deposit).await?;
    let at = client.at_current_block().await?;
    let purse = dynamic::runtime_api_call::<_, Option<Purse>>("ComputeApi", "purse", (id(&owner),));
    let purse = at.runtime_apis().call(purse).await?.context("a purse")?;
    ensure!(
        purse.balance == 2 * NOEMA && purse.reserved == 0,
        "{purse:?}"
    );

    let kind = |name: &str| Value::unnamed_variant(name.to_owned(), []);
    for (greater, lesser, covers) in [("Any", "Storage", true), ("Storage", "Any", false)] {
        let kinds = (kind(greater), kind(lesser));
        let question = dynamic::view_function_call::<_, bool>("Proxy", "is_superset", kinds);
        // Subxt 0.50.3 forgets that the runtime interface takes the arguments as bytes, with their
        // length, and answers with bytes in a result.
        let encoded = at.view_functions().encode_args(question)?;
        let (id, arguments) = encoded.split_at(32);
        let length = u8::try_from(arguments.len() << 2)?;
        let call = [id, &[length], arguments].concat();
        let answer = at.view_functions().call_raw(Some(&call)).await?;
        ensure!(answer == [0, 4, u8::from(covers)], "{answer:?}");
    }

    let unknown = dynamic::tx("Storage", "remove", ([9_u8; 32], 1_u8));
    let refused = submit(client, &owner, &unknown).await;
    let reason = refused
        .err()
        .context("a deal that does not exist was removed")?;
    ensure!(format!("{reason:#}").contains("UnknownDeal"), "{reason:#}");
    Ok(())
}
