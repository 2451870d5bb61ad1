//! Modules and inputs that are stored.

use std::fs;

use noema_compute_engine::{
    form::{Order, Piece},
    job::FileId,
};
use reqwest::StatusCode;
use serde_json::json;

use super::{storage::Stored, *};

fn stored_order(module: &Stored, input: &Stored) -> Order {
    Order {
        module: module.piece(),
        inputs: vec![input.piece()],
        ..order(COPY, &[], LIMITS)
    }
}

async fn stored(market: &Market, bytes: Bytes) -> Stored {
    let stored = Stored::new(bytes);
    stored.serve(&market.chain).await;
    stored
}

/// Three segments, of which the job copies the first bytes.
fn long_input() -> Bytes {
    (0..600_000u32).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn stored_files_are_fetched_once_and_kept_over_a_restart() {
    let mut market = market(|_| {}).await;
    let module = stored(&market, wasm(COPY)).await;
    let input = stored(&market, long_input()).await;
    let order = stored_order(&module, &input);
    let mut buyer = JobBuyer::new(0);
    for _ in 0..2 {
        let (status, answer, _) = buyer.ask(&market.gateway.url, &order).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["output_bytes"], 60_000);
        assert_eq!((module.asked(), input.asked()), (1, 3));
    }
    market.gateway.stop.cancel();
    let task = std::mem::replace(&mut market.gateway.task, tokio::spawn(async {}));
    task.await.unwrap();
    market.gateway = run(&market, |_| {}).await;
    let (status, ..) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((module.asked(), input.asked()), (1, 3));
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_file_that_nobody_stored_or_that_has_another_size_costs_nothing() {
    let market = market(|_| {}).await;
    let module = stored(&market, wasm(COPY)).await;
    let mut buyer = JobBuyer::new(0);
    let unknown = Piece::File {
        id: FileId([9; 32]),
        size: 10,
    };
    let Piece::File { id, size } = module.piece() else {
        unreachable!("it is stored")
    };
    let longer = Piece::File { id, size: size + 1 };
    for (piece, status, code) in [
        (unknown, StatusCode::NOT_FOUND, "file_unknown"),
        (longer, StatusCode::BAD_REQUEST, "file_size"),
    ] {
        let order = Order {
            module: piece,
            ..order(COPY, &[b""], LIMITS)
        };
        let (found, answer, receipt) = buyer.ask(&market.gateway.url, &order).await;
        assert_eq!((found, &answer["error"]["code"]), (status, &json!(code)));
        assert_eq!(receipt.receipt.amount, 0);
    }
    assert_eq!(
        module.asked(),
        0,
        "nothing is fetched that has another size"
    );
    market.gateway.stop().await;
}

#[tokio::test]
async fn what_a_storage_provider_gives_instead_of_the_file_is_not_run() {
    let market = market(|_| {}).await;
    let module = stored(&market, wasm(COPY)).await;
    let input = stored(&market, long_input()).await;
    input.lie(true);
    let mut buyer = JobBuyer::new(0);
    let order = stored_order(&module, &input);
    let (status, answer, receipt) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer["error"]["code"], "file_unavailable");
    let liar = key("Ferdie").account().to_string();
    assert!(answer.to_string().contains(&liar), "it is named: {answer}");
    assert_eq!(receipt.receipt.amount, 0);
    input.lie(false);
    let (status, ..) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::OK);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_kept_file_that_was_harmed_is_found_by_the_runner_and_fetched_anew() {
    let market = market(|_| {}).await;
    let module = stored(&market, wasm(COPY)).await;
    let input = stored(&market, long_input()).await;
    let mut buyer = JobBuyer::new(0);
    let order = stored_order(&module, &input);
    assert_eq!(
        buyer.ask(&market.gateway.url, &order).await.0,
        StatusCode::OK
    );
    let Piece::File { id, .. } = input.piece() else {
        unreachable!("it is stored")
    };
    let path = market.dir.path().join("jobs/files").join(id.to_string());
    let mut bytes = fs::read(&path).unwrap();
    bytes[300_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (status, answer, receipt) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer["error"]["code"], "file_wrong");
    assert_eq!(receipt.receipt.amount, 0);
    assert_eq!(
        buyer.ask(&market.gateway.url, &order).await.0,
        StatusCode::OK
    );
    assert_eq!(input.asked(), 6);
    market.gateway.stop().await;
}

#[tokio::test]
async fn a_file_for_which_there_is_no_room_is_not_fetched() {
    let market = market(|config| config.jobs.cache_bytes = 500_000).await;
    let input = stored(&market, long_input()).await;
    let mut buyer = JobBuyer::new(0);
    let order = Order {
        inputs: vec![input.piece()],
        ..order(COPY, &[], LIMITS)
    };
    let (status, answer, _) = buyer.ask(&market.gateway.url, &order).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{answer}");
    assert_eq!(
        (&answer["error"]["code"], input.asked()),
        (&json!("file_unavailable"), 0)
    );
    market.gateway.stop().await;
}
