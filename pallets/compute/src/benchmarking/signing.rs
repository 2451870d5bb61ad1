//! Keys and signatures for benchmarks.

use codec::Encode;
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::{traits::IdentifyAccount, MultiSignature, MultiSigner};

/// Signs for benchmarks, by the scheme that takes longest to check of those that a runtime accepts.
pub trait BenchmarkHelper<AccountId, Signature> {
    /// The account that names the key with this number. The same number is the same key.
    fn key(number: u32) -> AccountId;

    /// A signature by that key.
    fn sign(number: u32, payload: &[u8]) -> Signature;
}

const KEY_TYPE: KeyTypeId = KeyTypeId(*b"nbch");

/// The key with this number, in the keystore of the host: benchmarks in WASM have no secret keys.
fn public(number: u32) -> sr25519::Public {
    // A seed is read as a phrase or as a path of derivation.
    let mut seed = alloc::string::String::from("//");
    seed.extend(
        number
            .encode()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| char::from(b'a' + digit)),
    );
    sp_io::crypto::sr25519_generate(KEY_TYPE, Some(seed.into_bytes()))
}

/// For chains whose accounts and signatures are those of the SDK.
impl BenchmarkHelper<sp_runtime::AccountId32, MultiSignature> for () {
    fn key(number: u32) -> sp_runtime::AccountId32 {
        MultiSigner::Sr25519(public(number)).into_account()
    }

    fn sign(number: u32, payload: &[u8]) -> MultiSignature {
        let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, &public(number), payload);
        MultiSignature::Sr25519(signature.expect("the key was just generated"))
    }
}
