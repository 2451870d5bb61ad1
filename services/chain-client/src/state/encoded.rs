//! Calls and questions whose arguments are SCALE already: for pallets that not every chain has, and that a program knows by their types.

use codec::DecodeAll;
use subxt::config::substrate::H256;

use super::StateAt;
use crate::{call::EncodedCall, error::ChainError};

impl StateAt {
    /// What a function of the runtime answers, such as `ComputeApi_service`, to arguments one after the other in SCALE.
    ///
    /// # Errors
    /// When the node does not answer, or the runtime has no such function, or answers something else than `Answer`.
    pub async fn ask_encoded<Answer: DecodeAll>(
        &self,
        what: &'static str,
        function: &str,
        arguments: &[u8],
    ) -> Result<Answer, ChainError> {
        let hash = Some(H256(self.block().hash.0));
        let legacy = self.client.legacy();
        let asking = legacy.state_call(function, Some(arguments), hash);
        let answer = self.client.ask(what, asking).await?;
        Answer::decode_all(&mut &answer[..]).map_err(|e| self.incompatible(function, e))
    }

    /// A call by its names with its arguments one after the other in SCALE, as [`crate::Call::Raw`] takes it.
    ///
    /// # Errors
    /// When the runtime has no call of these names. The arguments are not looked at.
    pub fn encode_arguments(
        &self,
        pallet: &str,
        call: &str,
        arguments: Vec<u8>,
    ) -> Result<Vec<u8>, ChainError> {
        let call = EncodedCall::new(pallet, call, arguments);
        self.at()
            .tx()
            .call_data(&call)
            .map_err(|e| self.incompatible(&call.name(), e))
    }
}

#[cfg(test)]
mod tests {
    use codec::Encode;

    use crate::{testing::FakeNode, Call, ChainError};

    #[tokio::test]
    async fn arguments_stand_behind_the_indices_of_their_call() {
        let state = FakeNode::new()
            .connect()
            .await
            .at_finalized()
            .await
            .unwrap();
        let remark = b"hello".to_vec();
        let found = state.encode_arguments("System", "remark", remark.encode());
        let expected = state.encode_call(&Call::Remark(remark)).unwrap();
        assert_eq!(found.unwrap(), expected);
        let none = state.encode_arguments("System", "nothing", Vec::new());
        assert!(matches!(none, Err(ChainError::Incompatible { .. })));
    }

    #[tokio::test]
    async fn an_answer_is_decoded_to_its_last_byte() {
        let node = FakeNode::new();
        let state = node.connect().await.at_finalized().await.unwrap();
        node.answer_with("Api_number", 7u32);
        let asked = state
            .ask_encoded::<u32>("a number", "Api_number", &[])
            .await;
        assert_eq!(asked.unwrap(), 7);
        let asked = state
            .ask_encoded::<u16>("a number", "Api_number", &[])
            .await;
        assert!(matches!(asked, Err(ChainError::Incompatible { .. })));
    }
}
