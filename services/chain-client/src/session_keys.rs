//! Session keys in a node's keystore.

use codec::Decode;
use serde::Deserialize;
use subxt::rpcs::{client::rpc_params, client::RpcParams, Error as RpcError};

use crate::{
    client::ChainClient,
    error::ChainError,
    types::{AccountId, OwnershipProof, SessionKeys},
};

/// The code of methods that a node does not have, or not for this caller.
const METHOD_NOT_FOUND: i32 = -32601;

#[derive(Deserialize)]
struct Made {
    keys: String,
    proof: Option<String>,
}

impl ChainClient {
    /// Has the node make session keys and keep their secrets, with a proof that `owner` owns them. Nodes do this for callers on their own
    /// machine only, else they answer with [`ChainError::NotAllowed`].
    pub async fn make_session_keys(
        &self,
        owner: &AccountId,
    ) -> Result<(SessionKeys, OwnershipProof), ChainError> {
        let what = "new session keys";
        let owner = format!("0x{}", hex::encode(owner.as_bytes()));
        let made: Made = self
            .ask_keystore(what, "author_rotateKeysWithOwner", rpc_params![owner])
            .await?;
        let malformed = |reason: String| ChainError::Rpc { what, reason };
        let keys = made.keys.parse().map_err(|e| malformed(format!("{e}")))?;
        let proof = made
            .proof
            .ok_or_else(|| malformed("its runtime makes keys without a proof".into()))?;
        Ok((keys, proof.parse().map_err(|e| malformed(format!("{e}")))?))
    }

    /// Whether the node's keystore has the secrets of all these keys. Nodes say it to callers on their own machine only, others are answered with
    /// [`ChainError::NotAllowed`].
    pub async fn has_session_keys(&self, keys: &SessionKeys) -> Result<bool, ChainError> {
        let what = "whether it has session keys";
        self.ask_keystore(what, "author_hasSessionKeys", rpc_params![keys.to_string()])
            .await
    }

    /// Whether these bytes are session keys of the chain's runtime, no more and no less.
    pub async fn are_session_keys(&self, keys: &SessionKeys) -> Result<bool, ChainError> {
        let what = "what session keys are made of";
        let arguments = codec::Encode::encode(&keys.0);
        let asking =
            self.legacy()
                .state_call("SessionKeys_decode_session_keys", Some(&arguments), None);
        let answer = self.ask(what, asking).await?;
        let keys_of = Option::<Vec<(Vec<u8>, [u8; 4])>>::decode(&mut &answer[..]);
        let each = keys_of.map_err(|e| ChainError::Rpc {
            what,
            reason: e.to_string(),
        })?;
        // The runtime ignores what follows the last key.
        let length = |each: Vec<(Vec<u8>, _)>| each.iter().map(|(key, _)| key.len()).sum::<usize>();
        Ok(each.is_some_and(|each| length(each) == keys.0.len()))
    }

    /// Whether the node runs as a validator, be it elected or not.
    pub async fn is_authority(&self) -> Result<bool, ChainError> {
        let asking = self
            .rpc()
            .request::<Vec<String>>("system_nodeRoles", rpc_params![]);
        let roles = self.ask("its role", asking).await?;
        Ok(roles.iter().any(|role| role == "Authority"))
    }

    async fn ask_keystore<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        method: &'static str,
        parameters: RpcParams,
    ) -> Result<T, ChainError> {
        match self
            .within(what, self.rpc().request(method, parameters))
            .await?
        {
            Ok(answer) => Ok(answer),
            Err(RpcError::User(e)) if e.code == METHOD_NOT_FOUND => Err(ChainError::NotAllowed {
                url: self.url().to_owned(),
                what,
                method,
                reason: e.message,
            }),
            Err(e) => Err(ChainError::Rpc {
                what,
                reason: e.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeNode;

    #[tokio::test]
    async fn keys_are_made_for_their_owner_and_found_again() {
        let node = FakeNode::new();
        let client = node.connect().await;
        let owner = AccountId([7; 32]);
        let (keys, proof) = client.make_session_keys(&owner).await.unwrap();
        assert!(client.has_session_keys(&keys).await.unwrap());
        assert!(!client
            .has_session_keys(&SessionKeys(vec![1]))
            .await
            .unwrap());
        // The node of the tests signs with the owner's own bytes.
        assert_eq!(proof, OwnershipProof(vec![7; 32]));
    }

    #[tokio::test]
    async fn a_node_that_keeps_its_keystore_to_itself_is_told_from_one_that_fails() {
        let node = FakeNode::new();
        node.keep_keystore();
        let client = node.connect().await;
        let owner = AccountId([7; 32]);
        let error = client.make_session_keys(&owner).await.unwrap_err();
        assert!(matches!(error, ChainError::NotAllowed { .. }), "{error}");
        assert!(error.to_string().contains("author_rotateKeysWithOwner"));
        let keys = SessionKeys(vec![1]);
        let error = client.has_session_keys(&keys).await.unwrap_err();
        assert!(matches!(error, ChainError::NotAllowed { .. }), "{error}");
    }

    #[tokio::test]
    async fn keys_of_another_length_are_no_session_keys() {
        let client = FakeNode::new().connect().await;
        for (length, good) in [(0, false), (95, false), (96, true), (97, false)] {
            let keys = SessionKeys(vec![1; length]);
            assert_eq!(client.are_session_keys(&keys).await.unwrap(), good);
        }
    }
}
