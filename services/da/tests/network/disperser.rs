//! 0G's three calls, spoken as its clients do: gRPC over HTTP/2 without TLS.

use std::time::Duration;

use bytes::Bytes;
use noema_da::{
    chain::Standing,
    disperser::{
        BlobStatus, BlobStatusReply, BlobStatusRequest, DisperseBlobReply, DisperseBlobRequest,
        RetrieveBlobReply, RetrieveBlobRequest, DISPERSE, MAX_DATA, RETRIEVE, STATUS,
    },
    gateway::GatewayConfig,
};
use prost::Message;

use crate::{chain::*, harness::*};

/// Codes of gRPC.
const INVALID_ARGUMENT: u32 = 3;
const NOT_FOUND: u32 = 5;
const RESOURCE_EXHAUSTED: u32 = 8;
const OUT_OF_RANGE: u32 = 11;

/// One call: a message, or the code with which it is refused.
async fn call<Answer: Message + Default>(
    running: &Running,
    path: &str,
    asked: &impl Message,
) -> Result<Answer, u32> {
    let message = asked.encode_to_vec();
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let response = client
        .post(format!("{}{path}", running.endpoint))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(frame)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    // What is refused has its status where headers are.
    if let Some(code) = response.headers().get("grpc-status") {
        return Err(code.to_str().unwrap().parse().unwrap());
    }
    let body = response.bytes().await.unwrap();
    let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
    assert_eq!((body[0], body.len()), (0, 5 + length));
    Ok(Answer::decode(&body[5..]).unwrap())
}

async fn status(running: &Running, id: &Bytes) -> BlobStatusReply {
    let asked = BlobStatusRequest {
        request_id: id.clone(),
    };
    call(running, STATUS, &asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_dispersed_and_retrieved_as_with_0g() {
    let network = Network::new(&[1; 5]).await;
    let gateway = network.gateway.as_ref().unwrap();
    let blob = data(100_000, 4);
    let asked = DisperseBlobRequest {
        data: blob.clone().into(),
    };
    let taken: DisperseBlobReply = call(gateway, DISPERSE, &asked).await.unwrap();
    assert_eq!(taken.result, BlobStatus::Processing as i32);
    let finalized = until(|| async {
        let reply = status(gateway, &taken.request_id).await;
        let word = BlobStatus::try_from(reply.status).unwrap();
        assert!(
            [BlobStatus::Processing, BlobStatus::Finalized].contains(&word),
            "{word:?}"
        );
        (word == BlobStatus::Finalized).then_some(reply)
    })
    .await;
    let header = finalized.info.unwrap().blob_header.unwrap();
    assert_eq!(header.epoch, u64::from(ERA));
    let standing = network.chain.standing(header.quorum_id).unwrap();
    assert!(matches!(standing, Standing::Available { .. }));
    let wanted = RetrieveBlobRequest {
        storage_root: header.storage_root,
        epoch: header.epoch,
        quorum_id: header.quorum_id,
    };
    let found: RetrieveBlobReply = call(gateway, RETRIEVE, &wanted).await.unwrap();
    assert_eq!(found.data, blob);

    // What does not belong together is not found.
    let other = |change: fn(&mut RetrieveBlobRequest)| {
        let mut wanted = wanted.clone();
        change(&mut wanted);
        wanted
    };
    for wrong in [
        other(|wanted| wanted.epoch += 1),
        other(|wanted| wanted.quorum_id += 1),
        other(|wanted| wanted.storage_root = Bytes::from_static(&[0; 32])),
        other(|wanted| wanted.storage_root = Bytes::new()),
    ] {
        let refused = call::<RetrieveBlobReply>(gateway, RETRIEVE, &wrong).await;
        assert_eq!(refused, Err(NOT_FOUND), "{wrong:?}");
    }
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_signatures_are_told_in_0g_s_word() {
    let set = |config: &mut GatewayConfig| config.seats.answer = Duration::from_secs(1);
    let network = Network::with(&[1; 4], |_, _| {}, set).await;
    network.chain.change(|state| {
        state.attest_ticks = 400;
        state.endpoints.remove(&provider(0));
        state.endpoints.remove(&provider(1));
    });
    let gateway = network.gateway.as_ref().unwrap();
    let asked = DisperseBlobRequest {
        data: Bytes::from_static(b"nobody holds this"),
    };
    let taken: DisperseBlobReply = call(gateway, DISPERSE, &asked).await.unwrap();
    until(|| async {
        let reply = status(gateway, &taken.request_id).await;
        (reply.status == BlobStatus::InsufficientSignatures as i32).then_some(())
    })
    .await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_make_no_sense_are_refused_with_their_codes() {
    let network = Network::new(&[1; 4]).await;
    let gateway = network.gateway.as_ref().unwrap();
    let disperse = |size: usize| DisperseBlobRequest {
        data: vec![1; size].into(),
    };
    let empty = call::<DisperseBlobReply>(gateway, DISPERSE, &disperse(0)).await;
    assert_eq!(empty, Err(INVALID_ARGUMENT));
    let large = call::<DisperseBlobReply>(gateway, DISPERSE, &disperse(MAX_DATA + 1)).await;
    assert_eq!(large, Err(INVALID_ARGUMENT));
    // Not even read.
    let huge = call::<DisperseBlobReply>(gateway, DISPERSE, &disperse(MAX_DATA + 2_048)).await;
    assert!(
        matches!(huge, Err(RESOURCE_EXHAUSTED | OUT_OF_RANGE)),
        "{huge:?}"
    );
    for (id, code) in [
        (&b""[..], INVALID_ARGUMENT),
        (b"\xff\xfe", INVALID_ARGUMENT),
        (b"12", INVALID_ARGUMENT),
        (b"00000000000000000000000000000000", NOT_FOUND),
    ] {
        let asked = BlobStatusRequest {
            request_id: Bytes::from_static(id),
        };
        let refused = call::<BlobStatusReply>(gateway, STATUS, &asked).await;
        assert_eq!(refused, Err(code), "{id:?}");
    }
    assert_eq!(network.chain.change(|state| state.submissions.len()), 0);
    network.stop().await;
}
