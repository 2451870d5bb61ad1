//! Jobs through a gateway: a process of the real program runs them, storage is the tests' own.

mod buyers;
mod files;
mod paying;
mod process;
mod storage;

use bytes::Bytes;
use noema_compute::{
    gateway::{Behind, GatewayConfig},
    receipts::check_job,
    wire::{JOBS_PATH, JOBS_ROUTE, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_engine::{
    form::{Order, Piece, Terms},
    job::Limits,
};
use noema_compute_primitives::{request_hash, Price, ServiceKind, Usage, Voucher};
use reqwest::{Response, StatusCode};

use crate::harness::*;

pub(crate) const JOBS: u64 = 4;
pub(crate) const JOBS_CHANNEL: u64 = 40;
pub(crate) const UNIT: u128 = 7;
pub(crate) const MODEL: &str = "wasm/1";

pub(crate) const LIMITS: Limits = Limits {
    fuel: 50_000_000,
    memory: 1 << 20,
    output: 1 << 16,
};

/// Copies its first input to the output, and says how far it is.
pub(crate) const COPY: &str = r#"(module
    (import "noema_job_1" "input_read" (func $read (param i32 i64 i32 i32) (result i32)))
    (import "noema_job_1" "output_write" (func $write (param i32 i32)))
    (import "noema_job_1" "progress" (func $progress (param i64 i64)))
    (memory (export "memory") 1)
    (func (export "run") (local $len i32)
      (local.set $len (call $read (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 60000)))
      (call $progress (i64.const 1) (i64.const 2))
      (call $write (i32.const 0) (local.get $len))))"#;

/// Writes a little, and then works until its fuel is used.
pub(crate) const ENDLESS: &str = r#"(module
    (import "noema_job_1" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1)
    (func (export "run") (call $write (i32.const 0) (i32.const 3)) (loop br 0)))"#;

pub(crate) fn wasm(text: &str) -> Bytes {
    wat::parse_str(text).unwrap().into()
}

pub(crate) fn order(module: &str, inputs: &[&[u8]], limits: Limits) -> Order {
    let inputs = inputs.iter();
    Order {
        model: MODEL.into(),
        module: Piece::Bytes(wasm(module)),
        inputs: inputs
            .map(|bytes| Piece::Bytes(Bytes::copy_from_slice(bytes)))
            .collect(),
        limits,
        stream: false,
    }
}

/// As long as any: it ends when it is ended.
pub(crate) fn endless(stream: bool) -> Order {
    let limits = Limits {
        fuel: Limits::MOST.fuel,
        ..LIMITS
    };
    Order {
        stream,
        ..order(ENDLESS, &[], limits)
    }
}

/// A provider that sells jobs, and a buyer with a channel.
pub(crate) async fn market(change: impl FnOnce(&mut GatewayConfig)) -> Market {
    let mut market = Market::start().await;
    let chain = &market.chain;
    let price = Price::Units { unit: UNIT };
    let (provider, service_key) = (key("Bob"), key("Charlie"));
    chain.offer(
        JOBS,
        ServiceKind::Job,
        &provider,
        &service_key,
        MODEL,
        price,
    );
    chain.channel(JOBS_CHANNEL, JOBS, &key("Alice"), &key("Dave"), 1 << 60, 8);
    market.gateway.stop.cancel();
    market.gateway = run(&market, change).await;
    chain.set_endpoint(JOBS, &market.gateway.url);
    market
}

/// The gateway of a market's provider with its service of jobs. One that ran before has ended, or ends.
pub(crate) async fn run(market: &Market, change: impl FnOnce(&mut GatewayConfig)) -> Running {
    let dir = market.dir.path().join("jobs");
    let mut config = gateway_config(
        &dir,
        &key("Bob"),
        &key("Charlie"),
        &market.engine.url,
        &[(JOBS, MODEL)],
    );
    config.services[0].behind = Behind::Jobs;
    config.max_body = 8 << 20;
    change(&mut config);
    run_gateway(&market.chain, config).await
}

/// A buyer of jobs, on one lane.
pub(crate) struct JobBuyer(pub(crate) Buyer);

impl JobBuyer {
    pub(crate) fn new(lane: u16) -> Self {
        Self(Buyer {
            channel: JOBS_CHANNEL,
            service: JOBS,
            model: MODEL,
            price: Price::Units { unit: UNIT },
            ..Buyer::new(lane)
        })
    }

    pub(crate) fn voucher(&self, body: &str, maximum: u128) -> SignedVoucher {
        let voucher = Voucher {
            channel: JOBS_CHANNEL,
            session: 0,
            lane: self.0.lane,
            nonce: self.0.nonce,
            service: JOBS,
            paid: self.0.paid,
            maximum,
            request: request_hash(JOBS_ROUTE, body.as_bytes()).unwrap(),
            expires: 100_000,
            price: self.0.price,
        };
        self.0.sign(voucher)
    }

    pub(crate) async fn send(&self, url: &str, body: &str, signed: &SignedVoucher) -> Response {
        let sending = self
            .0
            .client
            .post(format!("{url}{JOBS_PATH}"))
            .header("content-type", "application/json")
            .header(VOUCHER_HEADER, signed.to_text())
            .body(body.to_owned());
        sending.send().await.unwrap()
    }

    /// Orders a job whose answer is a whole, and checks answer and receipt.
    pub(crate) async fn ask(
        &mut self,
        url: &str,
        order: &Order,
    ) -> (StatusCode, serde_json::Value, SignedReceipt) {
        let body = order.to_json().to_string();
        let terms = order.terms();
        let signed = self.voucher(&body, most(&terms));
        let response = self.send(url, &body, &signed).await;
        let status = response.status();
        let receipt = receipt_of(&response);
        let answer = response.bytes().await.unwrap();
        let said = String::from_utf8_lossy(&answer);
        let receipt = receipt.unwrap_or_else(|| panic!("{status} without a receipt: {said}"));
        let asked = self.0.asked(&signed.voucher, &body);
        check_job(&asked, terms, &receipt, status.as_u16(), &answer).unwrap();
        self.0.settle(&receipt);
        (status, serde_json::from_slice(&answer).unwrap(), receipt)
    }

    /// The receipt of a job from which its buyer went away.
    pub(crate) async fn ask_receipt(&mut self, url: &str, signed: &SignedVoucher) -> SignedReceipt {
        for _ in 0..500 {
            let response = self.0.ask_receipt(url, signed).await;
            if let Some(receipt) = receipt_of(&response) {
                self.0.settle(&receipt);
                return receipt;
            }
            // It is being ended.
            assert_eq!(response.status(), StatusCode::CONFLICT);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no receipt within 5 s");
    }
}

/// What an order costs at most.
pub(crate) fn most(terms: &Terms) -> u128 {
    cost(terms.most_units())
}

pub(crate) fn cost(units: u64) -> u128 {
    Price::Units { unit: UNIT }
        .cost(&Usage::Units { units })
        .unwrap()
}

pub(crate) fn units(receipt: &SignedReceipt) -> u64 {
    match receipt.receipt.usage {
        Usage::Units { units } => units,
        other => panic!("a job is counted in {other:?}"),
    }
}
