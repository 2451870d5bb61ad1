//! Blocks that are filled by accounts that pay for it, with bytes: the cheap way (`docs/design/ticks-and-randomness.md`).

use std::{collections::BTreeMap, future::Future};

use anyhow::Context;
use noema_chain_client::AccountId;
use noema_local_net::{LocalNet, LocalNetBuilder};
use subxt::{
    config::DefaultExtrinsicParamsBuilder,
    dynamic,
    rpcs::{rpc_params, RpcClient},
    OnlineClient, SubstrateConfig,
};
use subxt_signer::sr25519::Keypair;

/// Accounts that fill blocks. One of their transactions more than what fits is always waiting.
const ACCOUNTS: u8 = 6;
/// What each has, in the smallest unit: a remark costs a thirteenth of a token.
const ENDOWMENT: u128 = 10_000 * 1_000_000_000_000_000_000;
/// Bytes of a remark. Four leave less room than an answer may take in a block of 3.75 MiB of ordinary transactions, five fit.
const REMARK: usize = 730 << 10;
/// Transactions of an account that may be in no finalised block yet: two or three wait for finality, the others for the next blocks.
const AHEAD: u64 = 4;
/// Finalised blocks after which what an account sent is given up and sent again.
const LOST_AFTER: u32 = 12;
/// The pool must take all of it: 6 accounts, 4 remarks each, 18 MiB, of 20 MiB by default.
const POOL: [&str; 2] = ["--pool-kbytes", "65536"];

/// One that fills blocks.
struct Spammer {
    key: Keypair,
    /// The nonce of what it sends next, and the one in the newest finalised state.
    next: u64,
    on_chain: u64,
    /// Finalised blocks since the latter changed.
    waited: u32,
}

fn keys() -> anyhow::Result<Vec<Keypair>> {
    let key = |number| Keypair::from_secret_key([number; 32]).context("any 32 bytes are a key");
    (101..101 + ACCOUNTS).map(key).collect()
}

fn account(key: &Keypair) -> AccountId {
    AccountId(key.public_key().0)
}

/// Gives the network the accounts that fill blocks, and nodes that let so much wait.
pub fn prepare(shape: LocalNetBuilder) -> anyhow::Result<LocalNetBuilder> {
    let shape = POOL.into_iter().fold(shape, LocalNetBuilder::node_arg);
    let endow =
        |shape: LocalNetBuilder, key: &Keypair| shape.endow(account(key).to_string(), ENDOWMENT);
    Ok(keys()?.iter().fold(shape, endow))
}

/// Fills blocks while `meanwhile` goes on, on a network that was [prepared](prepare) for it.
pub async fn during<T>(
    net: &LocalNet,
    meanwhile: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        done = meanwhile => done,
        failed = fill(net) => {
            failed.context("fill blocks")?;
            anyhow::bail!("nobody fills blocks any more")
        }
    }
}

/// Tops up what waits at every finalised block, for ever.
async fn fill(net: &LocalNet) -> anyhow::Result<()> {
    let rpc = RpcClient::from_insecure_url(net.url()).await?;
    let client = OnlineClient::<SubstrateConfig>::from_rpc_client(rpc.clone()).await?;
    let at = client.at_current_block().await?;
    let mut spammers: BTreeMap<u8, Spammer> = (0..).zip(keys()?.into_iter().map(new)).collect();
    let mut heads = net.client().finalized_heads();
    loop {
        let state = net.client().at_finalized().await?;
        for (number, spammer) in &mut spammers {
            spammer.see(state.account(&account(&spammer.key)).await?.nonce);
            while spammer.next < spammer.on_chain + AHEAD {
                let call = dynamic::tx("System", "remark", (vec![*number; REMARK],));
                let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
                    .nonce(spammer.next)
                    .immortal();
                let tx = at
                    .tx()
                    .create_signable_offline(&call, params.build())?
                    .sign(&spammer.key)?;
                let bytes = format!("0x{}", hex::encode(tx.encoded()));
                let given: Result<String, _> = rpc
                    .request("author_submitExtrinsic", rpc_params![bytes])
                    .await;
                if let Err(error) = given {
                    // It waits already, or is sent again when it did not get into a block.
                    tracing::debug!(%error, number, "a remark was not taken");
                }
                spammer.next += 1;
            }
        }
        heads.changed().await?;
    }
}

fn new(key: Keypair) -> Spammer {
    Spammer {
        key,
        next: 0,
        on_chain: 0,
        waited: 0,
    }
}

impl Spammer {
    /// Learns its nonce in a finalised state.
    fn see(&mut self, nonce: u64) {
        self.waited = match nonce == self.on_chain {
            true => self.waited + 1,
            false => 0,
        };
        self.on_chain = nonce;
        if self.waited >= LOST_AFTER {
            (self.next, self.waited) = (nonce, 0);
        }
        self.next = self.next.max(nonce);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_sent_again() {
        let mut spammer = new(keys().unwrap().remove(0));
        spammer.see(3);
        assert_eq!((spammer.next, spammer.waited), (3, 0));
        spammer.next = 7;
        spammer.see(5);
        assert_eq!(spammer.next, 7);
        for _ in 0..LOST_AFTER {
            assert_eq!(spammer.next, 7);
            spammer.see(5);
        }
        assert_eq!((spammer.next, spammer.waited), (5, 0));
    }
}
