//! Keys, signatures and a leaf for benchmarks.

use codec::Encode;
use sp_core::{crypto::KeyTypeId, sr25519};
use sp_runtime::{traits::IdentifyAccount, MultiSignature, MultiSigner};

/// Signs for benchmarks, by the scheme that takes longest to check of those that a runtime accepts, and names a call that an agent can make.
pub trait BenchmarkHelper<AccountId, Signature, Call> {
    /// The account that names the key with this number. The same number is the same key.
    fn key(number: u32) -> AccountId;

    /// A signature by that key.
    fn sign(number: u32, payload: &[u8]) -> Signature;

    /// A call that the classifier knows, of about so many bytes where there is one; a small one otherwise. It need not succeed.
    fn leaf(bytes: u32) -> Call;
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

/// The account of a key of the host.
pub fn key(number: u32) -> sp_runtime::AccountId32 {
    MultiSigner::Sr25519(public(number)).into_account()
}

/// A signature by that key.
pub fn sign(number: u32, payload: &[u8]) -> MultiSignature {
    let signature = sp_io::crypto::sr25519_sign(KEY_TYPE, &public(number), payload);
    MultiSignature::Sr25519(signature.expect("the key was just generated"))
}

/// The mock's: accounts and signatures are those of the SDK, and metadata is as long as is wanted.
#[cfg(test)]
impl BenchmarkHelper<sp_runtime::AccountId32, MultiSignature, crate::mock::RuntimeCall> for () {
    fn key(number: u32) -> sp_runtime::AccountId32 {
        key(number)
    }

    fn sign(number: u32, payload: &[u8]) -> MultiSignature {
        sign(number, payload)
    }

    fn leaf(bytes: u32) -> crate::mock::RuntimeCall {
        let value = alloc::vec![7; bytes.saturating_sub(16) as usize];
        crate::Call::set_metadata {
            agent: 0,
            key: alloc::vec![b'k'].try_into().unwrap(),
            value: Some(value.try_into().unwrap()),
        }
        .into()
    }
}
