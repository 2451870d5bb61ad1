//! The examples in `vectors.json`, which implementations in other languages are tested against, are what this crate makes. `WRITE_VECTORS=1` writes them anew.
//!
//! Numbers of more than 32 bits are decimal strings, bytes are lower-case hex. A signature of sr25519 is different every time, so that the one in the file is
//! kept as long as it is good.

use std::{env, fs};

use codec::Encode;
use noema_agents_primitives::{account_preimage, Hash, SignedAct, WalletBinding};
use serde_json::{json, Value};
use sp_core::{ecdsa, ed25519, sr25519, Pair};
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _, IdentifyAccount, Verify},
    AccountId32, MultiSignature, MultiSigner,
};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json");
const GENESIS: Hash = [0x11; 32];
const SEED: [u8; 32] = [0x22; 32];

fn blake2_256(bytes: &[u8]) -> [u8; 32] {
    BlakeTwo256::hash(bytes).into()
}

fn accounts() -> Value {
    let case = |agent: u64| {
        let preimage = account_preimage(&GENESIS, agent);
        json!({
            "genesis": hex::encode(GENESIS),
            "agent": agent.to_string(),
            "preimage": hex::encode(&preimage),
            "account": hex::encode(blake2_256(&preimage)),
        })
    };
    [0, 7, u64::MAX].map(case).to_vec().into()
}

/// Signs with a key of each scheme that the chain accepts.
fn schemes() -> [(&'static str, MultiSigner); 4] {
    [
        ("ed25519", ed25519::Pair::from_seed(&SEED).public().into()),
        ("sr25519", sr25519::Pair::from_seed(&SEED).public().into()),
        ("ecdsa", ecdsa::Pair::from_seed(&SEED).public().into()),
        (
            "eth",
            MultiSigner::Eth(ecdsa::KeccakPair::from_seed(&SEED).public()),
        ),
    ]
}

fn sign(scheme: &str, payload: &[u8]) -> MultiSignature {
    match scheme {
        "ed25519" => ed25519::Pair::from_seed(&SEED).sign(payload).into(),
        "sr25519" => sr25519::Pair::from_seed(&SEED).sign(payload).into(),
        "ecdsa" => ecdsa::Pair::from_seed(&SEED).sign(payload).into(),
        _ => MultiSignature::Eth(ecdsa::KeccakPair::from_seed(&SEED).sign(payload)),
    }
}

/// The signature that the file has, if it is a good one.
fn kept(case: &Value, payload: &[u8], account: &AccountId32) -> Option<MultiSignature> {
    let bytes = hex::decode(case["signature"].as_str()?).ok()?;
    let signature: MultiSignature = codec::DecodeAll::decode_all(&mut &bytes[..]).ok()?;
    signature.verify(payload, account).then_some(signature)
}

fn wallets(file: &Value) -> Value {
    let case = |(at, (scheme, signer)): (usize, (&str, MultiSigner))| {
        let wallet = signer.into_account();
        let binding = WalletBinding {
            agent: 7,
            owner: AccountId32::from([0x33; 32]),
            wallet: wallet.clone(),
            nonce: 5,
            deadline: u64::MAX,
        };
        let payload = binding.payload(&GENESIS);
        let signature =
            kept(&file["wallet"][at], &payload, &wallet).unwrap_or_else(|| sign(scheme, &payload));
        assert!(signature.verify(&payload[..], &wallet));
        json!({
            "genesis": hex::encode(GENESIS),
            "agent": binding.agent.to_string(),
            "owner": hex::encode(&binding.owner),
            "wallet": hex::encode(&binding.wallet),
            "nonce": binding.nonce.to_string(),
            "deadline": binding.deadline.to_string(),
            "payload": hex::encode(&payload),
            "scheme": scheme,
            "signature": hex::encode(signature.encode()),
        })
    };
    let cases: Vec<_> = schemes().into_iter().enumerate().map(case).collect();
    cases.into()
}

fn acts() -> Value {
    let call = hex::encode("the encoded call");
    let act = SignedAct {
        agent: 7,
        session: 3,
        nonce: u64::MAX,
        expires: 600,
        call: blake2_256(b"the encoded call"),
    };
    json!([{
        "genesis": hex::encode(GENESIS),
        "agent": act.agent.to_string(),
        "session": act.session,
        "nonce": act.nonce.to_string(),
        "expires": act.expires.to_string(),
        "call": call,
        "payload": hex::encode(act.payload(&GENESIS)),
    }])
}

#[test]
fn the_committed_examples_are_what_this_crate_makes() {
    let text = fs::read_to_string(PATH).unwrap_or_else(|_| "null".into());
    let file: Value = serde_json::from_str(&text).unwrap();
    let made = json!({ "account": accounts(), "wallet": wallets(&file), "act": acts() });
    if env::var_os("WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&made).unwrap();
        fs::write(PATH, format!("{text}\n")).unwrap();
        return;
    }
    for part in ["account", "wallet", "act"] {
        assert_eq!(
            file[part], made[part],
            "{part}: WRITE_VECTORS=1 writes the file anew"
        );
    }
    assert_eq!(file, made);
}
