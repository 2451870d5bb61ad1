//! A gateway that cheats: a server between buyers and an honest gateway that changes answers and their receipts on the way, and signs with the provider's own service key, so that only what it says can
//! give it away. Used by these tests, and by a program of its own for those over the real binaries (`tests/src/bin/noema-compute-cheat.rs`).

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderValue,
    response::Response,
    Router,
};
use noema_chain_client::SigningKey;
use noema_compute::{
    sse::{Event, Events},
    wire::{RECEIPT_EVENT, RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{Hash, Price, Receipt, Usage};
use reqwest::StatusCode;

/// What a cheat does to an answer and its receipt.
pub(crate) type Tamper = Arc<dyn Fn(&mut Vec<u8>, &mut Receipt) + Send + Sync>;

/// Ways to cheat that a buyer must find by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    /// None: honest.
    #[default]
    None,
    /// A byte of the answer is another.
    EditByte,
    /// The receipt is an old one.
    OldReceipt,
    /// More is charged than the answer says that it used.
    Overstate,
    /// Another price is charged.
    OtherPrice,
    /// Another model is named.
    OtherModel,
}

impl Way {
    /// All ways that change something.
    pub(crate) const ALL: [Self; 5] = [
        Self::EditByte,
        Self::OldReceipt,
        Self::Overstate,
        Self::OtherPrice,
        Self::OtherModel,
    ];

    /// What it does.
    pub(crate) fn tamper(self) -> Tamper {
        match self {
            Self::None => Arc::new(|_: &mut Vec<u8>, _: &mut Receipt| {}),
            Self::EditByte => Arc::new(|body: &mut Vec<u8>, _: &mut Receipt| edit_one_byte(body)),
            Self::OldReceipt => {
                let old: Mutex<Option<Receipt>> = Mutex::new(None);
                Arc::new(move |_: &mut Vec<u8>, receipt: &mut Receipt| {
                    let mut old = old.lock().unwrap_or_else(PoisonError::into_inner);
                    let first = old.get_or_insert_with(|| Receipt {
                        nonce: receipt.nonce.saturating_sub(1),
                        ..receipt.clone()
                    });
                    *receipt = first.clone();
                })
            }
            Self::Overstate => Arc::new(|body: &mut Vec<u8>, receipt: &mut Receipt| {
                // Of a stream that does not tell its usage, only the limit can say so.
                let more = if body.starts_with(b"{") { 1 } else { 1_000 };
                let usage = match receipt.usage {
                    Usage::Tokens {
                        input,
                        cached,
                        output,
                    } => Usage::Tokens {
                        input,
                        cached,
                        output: output + more,
                    },
                    Usage::Units { units } => Usage::Units { units: units + 1 },
                };
                charge(receipt, usage);
            }),
            Self::OtherPrice => Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| {
                receipt.price = dearer(receipt.price);
            }),
            Self::OtherModel => Arc::new(|_: &mut Vec<u8>, receipt: &mut Receipt| {
                let mut name = receipt.model.to_vec();
                name.reverse();
                receipt.model = name.try_into().unwrap_or_default();
            }),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::EditByte => "edit-byte",
            Self::OldReceipt => "old-receipt",
            Self::Overstate => "overstate",
            Self::OtherPrice => "other-price",
            Self::OtherModel => "other-model",
        })
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut ways = [Self::None].into_iter().chain(Self::ALL);
        ways.find(|way| way.to_string() == name).ok_or_else(|| {
            format!("expected none, edit-byte, old-receipt, overstate, other-price or other-model, found {name:?}")
        })
    }
}

const fn dearer(price: Price) -> Price {
    match price {
        Price::Tokens {
            input,
            cached,
            output,
        } => Price::Tokens {
            input: input + 1,
            cached,
            output,
        },
        Price::Units { unit } => Price::Units { unit: unit + 1 },
    }
}

/// What a liar says who can count: the amounts follow from the usage.
pub(crate) fn charge(receipt: &mut Receipt, usage: Usage) {
    let before = receipt.cumulative - receipt.amount;
    receipt.usage = usage;
    if let Ok(amount) = receipt.price.cost(&usage) {
        receipt.amount = amount;
    }
    receipt.cumulative = before + receipt.amount;
}

/// Changes a letter of the first word that the model wrote.
pub(crate) fn edit_one_byte(body: &mut [u8]) {
    let at = body
        .windows(4)
        .position(|window| window == b"word" || window == b"\"w0 ");
    if let Some(at) = at {
        body[at + 1] ^= 1;
    }
}

/// A cheat that runs.
pub(crate) struct Cheat {
    behind: String,
    client: reqwest::Client,
    key: SigningKey,
    genesis: Hash,
    tamper: Mutex<Tamper>,
    vouchers: Mutex<Vec<SignedVoucher>>,
}

impl Cheat {
    /// Before the gateway at `behind`, signing with its service key.
    pub(crate) fn new(behind: &str, key: SigningKey, genesis: Hash, tamper: Tamper) -> Arc<Self> {
        noema_transport::install_crypto();
        let client = reqwest::Client::builder().no_proxy().http1_only().build();
        Arc::new(Self {
            behind: behind.to_owned(),
            client: client.unwrap_or_default(),
            key,
            genesis,
            tamper: Mutex::new(tamper),
            vouchers: Mutex::default(),
        })
    }

    /// Cheats otherwise from now on.
    pub(crate) fn set(&self, tamper: Tamper) {
        *self.tamper.lock().unwrap_or_else(PoisonError::into_inner) = tamper;
    }

    /// Vouchers that passed by.
    pub(crate) fn vouchers(&self) -> Vec<SignedVoucher> {
        let vouchers = self.vouchers.lock();
        vouchers.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that it answers.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }

    fn changed(&self, text: &[u8], body: &mut Vec<u8>) -> Option<SignedReceipt> {
        let mut receipt = SignedReceipt::from_text(text).ok()?.receipt;
        let tamper = self.tamper.lock();
        let tamper = tamper.unwrap_or_else(PoisonError::into_inner).clone();
        tamper(body, &mut receipt);
        Some(SignedReceipt::sign(&self.key, &self.genesis, receipt))
    }

    /// A stream with its receipt behind it, changed.
    fn changed_stream(&self, body: &[u8]) -> Vec<u8> {
        let (mut cut, mut before) = (Events::default(), Vec::new());
        cut.push(body);
        while let Ok(Some(event)) = cut.next_event() {
            if !event.is_receipt() {
                before.extend_from_slice(event.raw());
                continue;
            }
            let text = event.data().unwrap_or_default();
            if let Some(signed) = self.changed(&text, &mut before) {
                let receipt = Event::new(Some(RECEIPT_EVENT), &signed.to_text());
                before.extend_from_slice(receipt.raw());
            }
        }
        before
    }
}

fn failed(error: &dyn fmt::Display) -> Response {
    let mut response = Response::new(Body::from(error.to_string()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

async fn pass(State(cheat): State<Arc<Cheat>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, 16 << 20).await {
        Ok(body) => body,
        Err(error) => return failed(&error),
    };
    let url = format!("{}{}", cheat.behind, parts.uri.path());
    let mut asking = cheat.client.request(parts.method, url).body(body);
    for name in ["content-type", VOUCHER_HEADER] {
        if let Some(value) = parts.headers.get(name) {
            asking = asking.header(name, value.clone());
        }
    }
    let voucher = parts.headers.get(VOUCHER_HEADER);
    let voucher = voucher.and_then(|text| SignedVoucher::from_text(text.as_bytes()).ok());
    if let Some(signed) = voucher {
        let vouchers = cheat.vouchers.lock();
        vouchers
            .unwrap_or_else(PoisonError::into_inner)
            .push(signed);
    }
    let answer = match asking.send().await {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = match answer.bytes().await {
        Ok(body) => body.to_vec(),
        Err(error) => return failed(&error),
    };
    let mut out = Response::new(Body::empty());
    *out.status_mut() = status;
    let content = headers.get("content-type").cloned();
    let is_stream = content
        .as_ref()
        .is_some_and(|kind| kind == "text/event-stream");
    if let Some(text) = headers.get(RECEIPT_HEADER) {
        let signed = cheat.changed(text.as_bytes(), &mut body);
        let value = signed.and_then(|signed| HeaderValue::try_from(signed.to_text()).ok());
        if let Some(value) = value {
            out.headers_mut().insert(RECEIPT_HEADER, value);
        }
    } else if is_stream {
        body = cheat.changed_stream(&body);
    }
    *out.body_mut() = Body::from(body);
    if let Some(content) = content {
        out.headers_mut().insert("content-type", content);
    }
    out
}
