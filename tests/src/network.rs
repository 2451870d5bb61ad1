//! A network for a test, and the questions that tests ask it.

use std::{future::Future, time::Duration};

use anyhow::{bail, Context};
use noema_chain_client::{
    AccountId, AccountState, Call, Deal, FileId, Role, SigningKey, SlotState, Submitter,
};
use noema_local_net::{LocalNet, PortChoice, Provider};
use noema_storage::client::{FileRef, StorageClient};
use tokio::time::{sleep, Instant};

use crate::log_lines;

/// How long it may take until a provider is drawn, and knows.
const PLACING: Duration = Duration::from_secs(180);
/// Pause between two looks at something that no event announces.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether the full-size claims are proven (`make prove`) instead of those scaled for CI.
pub fn proving() -> bool {
    std::env::var_os("NOEMA_PROVE").is_some()
}

/// The seed of a test: `NOEMA_SEED` if set, else always the same. Printed, so that a failure can be repeated.
pub fn seed(of: &str) -> u64 {
    let seed = std::env::var("NOEMA_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0x006e_6f65_6d61);
    println!("{of}: seed {seed} (NOEMA_SEED={seed} repeats it)");
    seed
}

/// Starts a throw-away network of one validator.
pub async fn start(providers: usize) -> anyhow::Result<LocalNet> {
    Ok(LocalNet::builder()
        .providers(providers)
        .node_arg(log_lines::DETAILED)
        .ports(PortChoice::Free)
        .start()
        .await?)
}

/// A development account.
pub fn account(name: &str) -> anyhow::Result<AccountId> {
    Ok(SigningKey::dev(name)?.account())
}

/// Submits calls as a development account.
pub fn submitter(net: &LocalNet, name: &str) -> anyhow::Result<Submitter> {
    Ok(Submitter::new(net.client().clone(), SigningKey::dev(name)?))
}

/// The deal of `owner` over `file` at the newest finalised block.
pub async fn deal(
    net: &LocalNet,
    file: &FileId,
    owner: &AccountId,
) -> anyhow::Result<Option<Deal>> {
    Ok(net.client().at_finalized().await?.deal(file, owner).await?)
}

/// The state of an account at the newest finalised block.
pub async fn balance(net: &LocalNet, of: &AccountId) -> anyhow::Result<AccountState> {
    Ok(net.client().at_finalized().await?.account(of).await?)
}

/// Everything in an account at the newest finalised block, held or not.
pub async fn total(net: &LocalNet, of: &AccountId) -> anyhow::Result<u128> {
    let account = balance(net, of).await?;
    Ok(account.free + account.reserved)
}

/// Commits to `file` with one replica, and returns when the daemon of the network's only provider knows that it is the one.
pub async fn place(net: &LocalNet, owner: &Submitter, file: &FileRef) -> anyhow::Result<()> {
    let call = Call::Commit {
        root: file.root,
        size: file.size(),
        replicas: 1,
        rounds: 120,
        max: u128::MAX,
    };
    owner.submit(call).await?;
    until_deal(
        net,
        &file.file,
        &owner.account(),
        PLACING,
        "assigned",
        |deal| {
            deal.slots
                .iter()
                .any(|slot| slot.state.provider().is_some())
        },
    )
    .await?;
    let (client, endpoint) = (StorageClient::default(), net.provider(0).endpoint());
    until("the deal is seen by the daemon", PLACING, || async {
        Ok(client.file_status(&endpoint, &file.file).await?)
    })
    .await?;
    Ok(())
}

/// Looks at the deal at every finalised block until `good` says so, at most `patience` long.
pub async fn until_deal(
    net: &LocalNet,
    file: &FileId,
    owner: &AccountId,
    patience: Duration,
    what: &str,
    good: impl Fn(&Deal) -> bool,
) -> anyhow::Result<Deal> {
    let mut heads = net.client().finalized_heads();
    let deadline = Instant::now() + patience;
    let mut last = None;
    loop {
        if let Ok(found) = deal(net, file, owner).await {
            match found {
                Some(deal) if good(&deal) => return Ok(deal),
                other => last = other,
            }
        }
        let wait = tokio::time::timeout_at(deadline, heads.changed()).await;
        if wait.is_err() {
            bail!(
                "the deal over {file} was not {what} within {} s: {last:#?}",
                patience.as_secs()
            );
        }
    }
}

/// Waits until every replica of `file` is proven to be held.
pub async fn until_held(net: &LocalNet, file: &FileId, owner: &AccountId) -> anyhow::Result<Deal> {
    let held = |deal: &Deal| {
        deal.slots
            .iter()
            .all(|slot| matches!(slot.state, SlotState::Held { .. }))
    };
    until_deal(net, file, owner, PLACING, "held by all", held).await
}

/// Calls `look` until it answers with something, at most `patience` long.
pub async fn until<T, Answer>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Answer,
) -> anyhow::Result<T>
where
    Answer: Future<Output = anyhow::Result<Option<T>>>,
{
    let deadline = Instant::now() + patience;
    loop {
        let answer = look().await;
        if let Ok(Some(found)) = answer {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            answer.with_context(|| format!("no {what} within {} s", patience.as_secs()))?;
            bail!("no {what} within {} s", patience.as_secs());
        }
        sleep(PAUSE).await;
    }
}

/// Announces another endpoint for a provider.
pub async fn announce(net: &LocalNet, provider: &Provider, endpoint: String) -> anyhow::Result<()> {
    Submitter::new(net.client().clone(), provider.key().clone())
        .submit(Call::SetEndpoint {
            role: Role::Storage,
            endpoint,
        })
        .await?;
    Ok(())
}

/// Finds the provider with this bonded account.
pub fn provider_of<'a>(net: &'a LocalNet, account: &AccountId) -> anyhow::Result<&'a Provider> {
    net.providers()
        .iter()
        .find(|p| p.account() == *account)
        .with_context(|| format!("{account} is no provider of this network"))
}
