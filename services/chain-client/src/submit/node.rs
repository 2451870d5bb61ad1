//! [`TxBackend`] over a node's RPC.

use subxt::{
    config::{
        substrate::{BlakeTwo256, SubstrateConfig, H256},
        DefaultExtrinsicParamsBuilder, Hasher,
    },
    rpcs::Error as RpcError,
};
use tokio::sync::watch;

use super::{
    backend::{Outcome, Refusal, SignedTx, TxBackend},
    outcome,
};
use crate::{
    call::Call,
    client::ChainClient,
    error::ChainError,
    follower::Head,
    keys::SigningKey,
    types::{AccountId, Balance, BlockNumber, BlockRef, Hash},
};

/// Blocks for which a transaction is valid when finality is not behind: at one block per second
/// about two minutes.
const LIFETIME: u64 = 128;
/// The longest lifetime; the chain remembers block hashes for longer.
const MAX_LIFETIME: u64 = 4096;

// The codes with which nodes refuse transactions (`author_submitExtrinsic`).
const INVALID: i32 = 1010;
const BANNED: i32 = 1012;
const ALREADY_IMPORTED: i32 = 1013;
const PRIORITY_TOO_LOW: i32 = 1014;
const BAD_FORMAT: i32 = 1001;
const VERIFICATION_FAILED: i32 = 1002;

/// A key at a node.
pub(crate) struct Node {
    client: ChainClient,
    key: SigningKey,
}

impl Node {
    pub(crate) fn new(client: ChainClient, key: SigningKey) -> Self {
        Self { client, key }
    }

    /// What the fee of `call` would be now, in the smallest unit.
    pub(crate) async fn estimate_fee(&self, call: &Call) -> Result<Balance, ChainError> {
        let best = self.client.at(self.client.best().await?).await?;
        let nonce = self.client.next_nonce(&self.key.account()).await?;
        let payload = call.payload(&best)?;
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .nonce(nonce)
            .immortal();
        let tx = best
            .at()
            .tx()
            .create_signable_offline(&payload, params.build())
            .and_then(|mut signable| signable.sign(self.key.pair()))
            .map_err(|e| best.incompatible("the transaction format", e))?;
        let fee = self
            .client
            .within("a fee", tx.partial_fee_estimate())
            .await?;
        fee.map_err(|e| ChainError::Rpc {
            what: "a fee",
            reason: e.to_string(),
        })
    }
}

/// How long a transaction shall live when finality is `behind` blocks behind: it is signed for the
/// finalised block, so that it would be dead at once if that were long ago.
fn lifetime(behind: u64) -> u64 {
    behind
        .saturating_mul(2)
        .saturating_add(LIFETIME)
        .next_power_of_two()
        .min(MAX_LIFETIME)
}

impl TxBackend for Node {
    fn account(&self) -> AccountId {
        self.key.account()
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.client.finalized_heads()
    }

    async fn next_nonce(&self) -> Result<u64, ChainError> {
        self.client.next_nonce(&self.key.account()).await
    }

    async fn nonce_at(&self, block: BlockRef) -> Result<u64, ChainError> {
        Ok(self
            .client
            .at(block)
            .await?
            .account(&self.key.account())
            .await?
            .nonce)
    }

    async fn sign(&self, call: &Call, nonce: u64, tip: Balance) -> Result<SignedTx, ChainError> {
        // The runtime at the best block executes the next one: it says how calls are encoded.
        let best = self.client.at(self.client.best().await?).await?;
        let finalized = self.client.finalized();
        let behind = u64::from(best.block().number.saturating_sub(finalized.number));
        let lifetime = lifetime(behind);
        let payload = call.payload(&best)?;
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .nonce(nonce)
            .tip(tip)
            .mortal_from_unchecked(
                lifetime,
                u64::from(finalized.number),
                H256(finalized.hash.0),
            )
            .build();
        let tx = best
            .at()
            .tx()
            .create_signable_offline(&payload, params)
            .and_then(|mut signable| signable.sign(self.key.pair()))
            .map_err(|e| best.incompatible("the transaction format", e))?;
        let last = u32::try_from(lifetime - 1).unwrap_or(u32::MAX);
        Ok(SignedTx {
            hash: Hash(tx.hash().0),
            bytes: tx.into_encoded(),
            birth: finalized.number,
            dead_after: finalized.number.saturating_add(last),
        })
    }

    async fn broadcast(&self, tx: &SignedTx) -> Result<(), Refusal> {
        let submitting = self.client.legacy().author_submit_extrinsic(&tx.bytes);
        match self.client.within("a transaction", submitting).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal(&error)),
            Err(timeout) => Err(Refusal::NoAnswer(timeout.to_string())),
        }
    }

    async fn transactions(&self, number: BlockNumber) -> Result<(BlockRef, Vec<Hash>), ChainError> {
        transactions(&self.client, number).await
    }

    async fn outcomes(
        &self,
        block: BlockRef,
        indices: &[usize],
    ) -> Result<Vec<Outcome>, ChainError> {
        outcome::read_many(&self.client, block, indices).await
    }
}

/// Hashes of the transactions in a finalised block, in order.
pub(super) async fn transactions(
    client: &ChainClient,
    number: BlockNumber,
) -> Result<(BlockRef, Vec<Hash>), ChainError> {
    let what = "a finalised block";
    let missing = || ChainError::Rpc {
        what,
        reason: format!("it lacks block {number}"),
    };
    let hash = client.block_hash(number).await?.ok_or_else(missing)?;
    let asking = client.legacy().chain_get_block(Some(H256(hash.0)));
    let block = client.ask(what, asking).await?.ok_or_else(missing)?;
    let hashes = block
        .block
        .extrinsics
        .iter()
        .map(|tx| Hash(BlakeTwo256.hash(&tx.0).0));
    Ok((BlockRef { number, hash }, hashes.collect()))
}

/// What a node's error means for the transaction.
pub(super) fn refusal(error: &RpcError) -> Refusal {
    let RpcError::User(error) = error else {
        return Refusal::NoAnswer(error.to_string());
    };
    let data = error
        .data
        .as_ref()
        .map(|data| data.get().trim_matches('"'))
        .unwrap_or_default();
    let reason = match data {
        "" => error.message.clone(),
        data => format!("{}: {data}", error.message),
    };
    match error.code {
        ALREADY_IMPORTED => Refusal::Known,
        PRIORITY_TOO_LOW => Refusal::NonceUsed,
        BANNED => Refusal::Unfit(reason),
        BAD_FORMAT | VERIFICATION_FAILED => Refusal::Never(reason),
        INVALID => {
            let says = |sign: &str| data.contains(sign);
            if says("Inability to pay") {
                Refusal::CannotPay
            } else if says("outdated") {
                Refusal::NonceUsed
            } else if says("bad signature") || says("ancient birth block") || says("implicit data")
            {
                Refusal::Unfit(reason)
            } else if says("in the future") || says("exhaust the block limits") {
                Refusal::Later(reason)
            } else {
                Refusal::Never(reason)
            }
        }
        _ => Refusal::Later(reason),
    }
}

#[cfg(test)]
mod tests {
    use subxt::rpcs::UserError;

    use super::*;

    fn refused(code: i32, data: &str) -> Refusal {
        let data = serde_json::value::to_raw_value(data).unwrap();
        let message = "Invalid Transaction".to_owned();
        refusal(&RpcError::User(UserError {
            code,
            message,
            data: Some(data),
        }))
    }

    #[test]
    fn refusals_are_told_apart() {
        let payment = "Inability to pay some fees (e.g. account balance too low)";
        assert_eq!(refused(INVALID, payment), Refusal::CannotPay);
        assert_eq!(
            refused(INVALID, "Transaction is outdated"),
            Refusal::NonceUsed
        );
        assert_eq!(refused(PRIORITY_TOO_LOW, ""), Refusal::NonceUsed);
        assert_eq!(refused(ALREADY_IMPORTED, "0x01"), Refusal::Known);
        let spec_version = refused(INVALID, "Transaction has a bad signature");
        assert!(matches!(spec_version, Refusal::Unfit(_)));
        assert!(matches!(
            refused(INVALID, "Custom error: 5"),
            Refusal::Never(_)
        ));
        assert!(matches!(refused(1016, "limit"), Refusal::Later(_)));
    }

    #[test]
    fn lifetime_outlasts_a_finality_lag() {
        assert_eq!(lifetime(0), 128);
        assert_eq!(lifetime(3), 256);
        assert_eq!(lifetime(500), 2048);
        assert_eq!(lifetime(1_000_000), MAX_LIFETIME);
    }
}
