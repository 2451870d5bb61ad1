use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
};

use jsonrpsee::{
    server::{Server, ServerHandle},
    types::ErrorObjectOwned,
    RpcModule,
};
use sp_core::storage::{ChildInfo, StateVersion};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::InMemoryBackend;

use super::*;
use crate::testing::header;

/// A state with more keys than come at once, and a child trie.
fn state() -> State {
    let mut top: Values = (0..2_500_u32)
        .map(|n| (n.to_be_bytes().to_vec(), vec![n as u8; n as usize % 90]))
        .collect();
    let child: Values = [(vec![1], vec![2; 40]), (vec![3], vec![])].into();
    let some = |values: &Values| -> Vec<_> {
        let values = values.iter();
        values.map(|(k, v)| (k.clone(), Some(v.clone()))).collect()
    };
    let mut backend = InMemoryBackend::<BlakeTwo256>::default();
    backend.insert(
        vec![
            (None, some(&top)),
            (Some(ChildInfo::new_default(b"child")), some(&child)),
        ],
        StateVersion::V1,
    );
    // A node lists the root of the child among its keys.
    top.insert([CHILD_PREFIX, b"child"].concat(), vec![0; 32]);
    State {
        genesis: Hash::repeat_byte(1),
        header: header(7, *backend.root()),
        top,
        children: [(b"child".to_vec(), child)].into(),
    }
}

/// What the node does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// It refuses to give more than this many values at once.
    AtMost(usize),
    /// It has keys without values.
    Hollow,
}

struct Served {
    state: State,
    fault: Fault,
    refusals: AtomicU32,
}

impl Served {
    fn page(values: &Values, count: usize, after: Option<String>) -> Vec<String> {
        let after = after.and_then(|key| unhex(&key)).unwrap_or_default();
        let keys = values.keys().filter(|key| **key > after);
        keys.take(count).map(|key| hex(key)).collect()
    }

    fn values(
        &self,
        values: &Values,
        keys: &[String],
    ) -> Result<Vec<Option<String>>, ErrorObjectOwned> {
        if matches!(self.fault, Fault::AtMost(most) if keys.len() > most) {
            self.refusals.fetch_add(1, Ordering::Relaxed);
            return Err(ErrorObjectOwned::owned(
                -32008,
                "Response is too big",
                None::<()>,
            ));
        }
        let value = |key: &String| values.get(&unhex(key)?).map(|value| hex(value));
        Ok(match self.fault {
            Fault::Hollow => keys.iter().map(|_| None).collect(),
            _ => keys.iter().map(value).collect(),
        })
    }
}

async fn serve(state: State, fault: Fault) -> (String, Arc<Served>, ServerHandle) {
    let served = Arc::new(Served {
        state,
        fault,
        refusals: AtomicU32::new(0),
    });
    let mut module = RpcModule::from_arc(served.clone());
    type Answer<T> = Result<T, ErrorObjectOwned>;
    module
        .register_method("chain_getBlockHash", |_, node, _| json!(node.state.genesis))
        .unwrap();
    module
        .register_method("chain_getFinalizedHead", |_, node, _| {
            json!(node.state.header.hash())
        })
        .unwrap();
    module
        .register_method("chain_getHeader", |params, node, _| {
            let (hash,): (Hash,) = params.parse().unwrap();
            json!((hash == node.state.header.hash()).then(|| node.state.header.clone()))
        })
        .unwrap();
    module
        .register_method("state_getKeysPaged", |params, node, _| {
            let (_, count, after, _): (String, usize, Option<String>, Hash) =
                params.parse().unwrap();
            Served::page(&node.state.top, count, after)
        })
        .unwrap();
    module
        .register_method("childstate_getKeysPaged", |params, node, _| {
            let (_, _, count, after, _): (String, String, usize, Option<String>, Hash) =
                params.parse().unwrap();
            Served::page(&node.state.children[&b"child"[..]], count, after)
        })
        .unwrap();
    module
        .register_method("state_queryStorageAt", |params, node, _| {
            let (keys, hash): (Vec<String>, Hash) = params.parse().unwrap();
            let values = node.values(&node.state.top, &keys)?;
            let changes: Vec<_> = keys.into_iter().zip(values).collect();
            Answer::Ok(json!([{ "block": hash, "changes": changes }]))
        })
        .unwrap();
    module
        .register_method("childstate_getStorageEntries", |params, node, _| {
            let (_, keys, _): (String, Vec<String>, Hash) = params.parse().unwrap();
            node.values(&node.state.children[&b"child"[..]], &keys)
        })
        .unwrap();
    let server = Server::builder()
        .build(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let url = format!("ws://{}", server.local_addr().unwrap());
    (url, served, server.start(module))
}

#[tokio::test]
async fn state_of_several_pages_and_a_child_is_fetched_whole() {
    let (url, served, _server) = serve(state(), Fault::None).await;
    let fetched = fetch(&url, None, &|_| ()).await.unwrap();
    assert_eq!(fetched, served.state);
    let proven = fetched.prove().unwrap();
    assert_eq!((proven.top.len(), proven.child_values), (2_501, 2));
}

#[tokio::test]
async fn answers_that_are_too_large_are_asked_for_in_parts() {
    let (url, served, _server) = serve(state(), Fault::AtMost(100)).await;
    let fetched = fetch(&url, None, &|_| ()).await.unwrap();
    assert_eq!(fetched, served.state);
    assert!(served.refusals.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn node_without_the_block_or_its_values_is_an_error() {
    let (url, _, _server) = serve(state(), Fault::Hollow).await;
    let unknown = fetch(&url, Some(Hash::repeat_byte(5)), &|_| ()).await;
    let error = unknown.unwrap_err().to_string();
    assert!(error.contains("does not have block 0x0505"), "{error}");

    let hollow = fetch(&url, None, &|_| ()).await;
    let error = hollow.unwrap_err().to_string();
    assert!(error.contains("a key without a value"), "{error}");
}

// The pauses between the attempts pass at once.
#[tokio::test(start_paused = true)]
async fn node_that_does_not_answer_is_an_error_with_its_address() {
    let (url, _, server) = serve(state(), Fault::None).await;
    server.stop().unwrap();
    server.stopped().await;
    let error = fetch(&url, None, &|_| ()).await.unwrap_err().to_string();
    assert!(error.contains(&url), "{error}");
}
