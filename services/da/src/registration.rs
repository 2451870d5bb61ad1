//! Making the chain know a seat's key.

use std::time::Duration;

use noema_chain_client::{
    AccountId, Call, ChainError, DaCall, Finalized, ProviderStatus, Role, SubmitError,
};
use tokio_util::sync::CancellationToken;

use crate::{
    bls::{PublicKeyBytes, SeatSecret},
    chain::{DaState, NodeChain},
};

/// How often the chain is looked at while the key cannot be set.
const LOOK: Duration = Duration::from_secs(30);

/// What stands between a seat and its key on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// The chain has the seat's key.
    Set,
    /// It has none, or one of those that the seat had before.
    ToSet,
    /// It has another key, which this seat does not know.
    Foreign(PublicKeyBytes),
    /// The account is no provider of data availability.
    NoProvider,
    /// It is one that gets no new work.
    Inactive(ProviderStatus),
}

impl NodeChain {
    /// Where a provider's key stands on chain, for a seat that has `keys`, the one to be set first.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn key_standing(
        &self,
        provider: &AccountId,
        keys: &[PublicKeyBytes],
    ) -> Result<KeyStanding, ChainError> {
        let state = self.client().at_finalized().await?;
        let Some(record) = state.provider(Role::DataAvailability, provider).await? else {
            return Ok(KeyStanding::NoProvider);
        };
        let found = state.seat_key(provider).await?.map(PublicKeyBytes);
        Ok(match found {
            Some(found) if keys.first() == Some(&found) => KeyStanding::Set,
            Some(found) if !keys.contains(&found) => KeyStanding::Foreign(found),
            _ if record.status != ProviderStatus::Active => KeyStanding::Inactive(record.status),
            _ => KeyStanding::ToSet,
        })
    }

    /// Gives `provider` this key, with a proof that whoever signs has it.
    ///
    /// # Errors
    /// When the call does not become final, or fails.
    pub async fn set_key(
        &self,
        provider: &AccountId,
        key: &SeatSecret,
        instead_of: Option<AccountId>,
    ) -> Result<Finalized, SubmitError> {
        let pallet = self.parameters().await?.pallet;
        let proof = key.prove_possession(self.genesis(), pallet, &provider.0);
        self.submit_call(Call::Da(Box::new(DaCall::SetKey {
            key: key.public().0,
            proof: proof.0,
            instead_of,
        })))
        .await
    }

    /// Takes the key of `provider` away.
    ///
    /// # Errors
    /// When the call does not become final, or fails.
    pub async fn retire_key(&self, provider: AccountId) -> Result<Finalized, SubmitError> {
        let call = DaCall::RetireKey { provider };
        self.submit_call(Call::Da(Box::new(call))).await
    }
}

/// Sets the first of a seat's keys on chain as soon as that is possible. Returns when the chain has it, or at `stop`.
///
/// A key that the seat does not know is left alone: another daemon may sign with it.
pub async fn register_key(
    chain: NodeChain,
    provider: AccountId,
    keys: Vec<SeatSecret>,
    stop: CancellationToken,
) {
    let publics: Vec<_> = keys.iter().map(SeatSecret::public).collect();
    let Some(first) = keys.first() else { return };
    let mut told = None;
    loop {
        let outcome = match chain.key_standing(&provider, &publics).await {
            Ok(KeyStanding::Set) => return,
            Ok(KeyStanding::ToSet) => match chain.set_key(&provider, first, None).await {
                Ok(done) => {
                    tracing::info!(key = %first.public(), block = done.block.number, "the chain has the seat's key: committees of eras to come may be drawn with it");
                    return;
                }
                Err(error) => Err(error.to_string()),
            },
            Ok(other) => Ok(other),
            Err(error) => Err(error.to_string()),
        };
        if told.as_ref() != Some(&outcome) {
            tell(&outcome, &provider);
            told = Some(outcome);
        }
        let pause = tokio::time::sleep(LOOK);
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

fn tell(outcome: &Result<KeyStanding, String>, provider: &AccountId) {
    match outcome {
        Ok(KeyStanding::NoProvider) => tracing::warn!(
            %provider,
            "the account is no provider of data availability yet: `noema provider register --role da` makes it one"
        ),
        Ok(KeyStanding::Inactive(status)) => tracing::warn!(
            %provider,
            ?status,
            "the provider gets no new work: `noema provider activate --role da` when it may"
        ),
        Ok(KeyStanding::Foreign(key)) => tracing::error!(
            %provider,
            %key,
            "the chain has another key for this provider: give its file as old-seat-key to replace it, or set this one with `noema-da key set`"
        ),
        Ok(KeyStanding::Set | KeyStanding::ToSet) => {}
        Err(error) => tracing::error!(
            %provider,
            %error,
            "the seat's key could not be set; trying again. Where all places are taken, `noema-da key set --instead-of` takes that of a provider with less stake"
        ),
    }
}
