//! The accounts and their transfers.

use anyhow::Context;
use serde_json::json;
use subxt::{
    config::DefaultExtrinsicParamsBuilder,
    dynamic::{self, Value},
    utils::{AccountId32, MultiAddress},
    OnlineClient, SubstrateConfig,
};
use subxt_signer::sr25519::Keypair;

/// What each account has at first, in the smallest unit: enough for every chain's fee and existential deposit.
const ENDOWMENT: u64 = 1 << 60;
/// What it sends.
const VALUE: u128 = 1_000_000;

/// As many transfers as accounts, each from one account to the next.
pub(crate) struct Load {
    accounts: Vec<Keypair>,
}

impl Load {
    /// Keys for `count` accounts, the same ones each time.
    pub(crate) fn new(count: usize) -> anyhow::Result<Self> {
        let key = |index: usize| {
            let mut seed = *b"noema benches, throughput ......";
            seed[24..].copy_from_slice(&(index as u64).to_le_bytes());
            Keypair::from_secret_key(seed).context("any 32 bytes are a key")
        };
        Ok(Self {
            accounts: (0..count).map(key).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.accounts.len()
    }

    /// The accounts as a genesis names them.
    pub(crate) fn balances(&self) -> impl Iterator<Item = serde_json::Value> + '_ {
        self.endowed()
            .map(|(account, amount)| json!([account, amount]))
    }

    /// The accounts, and what each has at first.
    pub(crate) fn endowed(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.accounts.iter().map(|key| {
            let account = AccountId32(key.public_key().0);
            (account.to_string(), ENDOWMENT)
        })
    }

    /// A transaction of each account with so many transfers, signed, as hex: one alone, or a batch of `pallet-utility`.
    pub(crate) async fn sign_batches(
        &self,
        client: &OnlineClient<SubstrateConfig>,
        transfers: usize,
    ) -> anyhow::Result<Vec<String>> {
        if transfers == 1 {
            return self.sign(client).await;
        }
        let at = client.at_current_block().await?;
        let sign = |(place, sender): (usize, &Keypair)| {
            let receivers = self.accounts.iter().cycle().skip(place + 1);
            let calls: Vec<Value<()>> = receivers.take(transfers).map(transfer).collect();
            let call = dynamic::tx("Utility", "batch_all", (calls,));
            let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
                .nonce(0)
                .immortal();
            let tx = at
                .tx()
                .create_signable_offline(&call, params.build())?
                .sign(sender)?;
            anyhow::Ok(format!("0x{}", hex::encode(tx.encoded())))
        };
        self.accounts.iter().enumerate().map(sign).collect()
    }

    /// The transfers, signed, as hex.
    pub(crate) async fn sign(
        &self,
        client: &OnlineClient<SubstrateConfig>,
    ) -> anyhow::Result<Vec<String>> {
        let at = client.at_current_block().await?;
        let receivers = self.accounts.iter().cycle().skip(1);
        let sign = |(sender, receiver): (&Keypair, &Keypair)| {
            let dest = MultiAddress::<AccountId32, ()>::Id(AccountId32(receiver.public_key().0));
            let call = dynamic::tx("Balances", "transfer_keep_alive", (dest, VALUE));
            let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
                .nonce(0)
                .immortal();
            let tx = at
                .tx()
                .create_signable_offline(&call, params.build())?
                .sign(sender)?;
            anyhow::Ok(format!("0x{}", hex::encode(tx.encoded())))
        };
        self.accounts.iter().zip(receivers).map(sign).collect()
    }
}

/// The call that sends something to an account, to be put into another call.
fn transfer(to: &Keypair) -> Value<()> {
    let dest = Value::unnamed_variant("Id", [Value::from_bytes(to.public_key().0)]);
    let fields = [("dest", dest), ("value", Value::u128(VALUE))];
    let call = Value::named_variant("transfer_keep_alive", fields);
    Value::unnamed_variant("Balances", [call])
}
