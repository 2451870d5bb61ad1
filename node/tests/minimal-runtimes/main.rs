//! The minimal runtimes do what they are for: genesis from a preset, blocks, and signed calls of the one pallet, all executed by the WASM that
//! a node would run.
#![allow(missing_docs)]

mod chain;
mod providers;
mod storage;

/// Signs a call of a minimal runtime: both have the same types of their own.
macro_rules! signer {
    ($runtime:ident) => {
        fn signed(
            chain: &mut crate::chain::Chain,
            who: sp_keyring::Sr25519Keyring,
            call: $runtime::RuntimeCall,
        ) -> $runtime::UncheckedExtrinsic {
            use codec::Encode;
            use $runtime::{Runtime, Signature, SignedPayload, TxExtension, VERSION};
            let account = who.to_account_id();
            let nonce = chain.state(|| $runtime::System::account_nonce(&account));
            let genesis = chain.genesis_hash();
            let extension: TxExtension = (
                frame_system::CheckNonZeroSender::<Runtime>::new(),
                frame_system::CheckSpecVersion::new(),
                frame_system::CheckTxVersion::new(),
                frame_system::CheckGenesis::new(),
                frame_system::CheckMortality::from(sp_runtime::generic::Era::Immortal),
                frame_system::CheckNonce::from(nonce),
                frame_system::CheckWeight::new(),
                pallet_transaction_payment::ChargeTransactionPayment::from(0),
                frame_system::WeightReclaim::new(),
            );
            let (spec, transaction) = (VERSION.spec_version, VERSION.transaction_version);
            let beside = ((), spec, transaction, genesis, genesis, (), (), (), ());
            let payload = SignedPayload::from_raw(call.clone(), extension.clone(), beside);
            let signature = Signature::Sr25519(payload.using_encoded(|bytes| who.sign(bytes)));
            $runtime::UncheckedExtrinsic::new_signed(call, account.into(), signature, extension)
        }
    };
}
pub(crate) use signer;
