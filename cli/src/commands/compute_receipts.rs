//! `noema compute receipts`: what the buyer's proxy keeps, and whether it holds.

use noema_chain_client::{
    compute::{SignedReceipt, SignedVoucher},
    AccountId, Hash,
};
use noema_compute_primitives::{ModelName, Usage};
use serde::Deserialize;
use serde_json::{json, Value};

use super::{
    compute_proxy::Proxy,
    compute_receipt::{check, Known},
    compute_services::{model, price_text},
};
use crate::{
    amount::Amount,
    args::{compute::ProxyArgs, compute_jobs::Receipts, storage::Id},
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// Receipts that are asked for at once.
const PAGE: u32 = 1_000;

/// What a book is of.
#[derive(Clone, Debug)]
pub(super) struct Book {
    genesis: Hash,
    session_key: AccountId,
}

/// A receipt that is kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    number: u64,
    /// When it came, in milliseconds since 1970.
    pub(super) time: u64,
    pub(super) receipt: SignedReceipt,
    /// None for those that earlier versions kept.
    of: Option<Promised>,
}

/// What was promised, and of what.
#[derive(Clone, Debug)]
struct Promised {
    voucher: SignedVoucher,
    key: AccountId,
    model: ModelName,
    application: String,
    arrived: bool,
}

/// A part of the book, the newest first.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) book: Book,
    pub(super) kept: Vec<Kept>,
    before: Option<u64>,
}

#[derive(Deserialize)]
struct Listed {
    genesis: String,
    session_key: AccountId,
    data: Vec<One>,
    before: Option<u64>,
}

#[derive(Deserialize)]
struct One {
    number: u64,
    time: u64,
    receipt: String,
    #[serde(default)]
    voucher: Option<String>,
    #[serde(default)]
    key: Option<AccountId>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    application: String,
    #[serde(default)]
    arrived: bool,
}

/// Asks the proxy for a part of its book.
pub(super) async fn page(proxy: &Proxy, before: Option<u64>, most: u32) -> Result<Page, Failure> {
    let before = before.map_or_else(String::new, |before| format!("&before={before}"));
    let listed = proxy
        .json(&format!("receipts?limit={most}{before}"), None)
        .await?;
    read(listed)
}

fn read(listed: Value) -> Result<Page, Failure> {
    let bad = |why: String| Failure::new("proxy", format!("the proxy's list is none: {why}"));
    let listed: Listed = serde_json::from_value(listed).map_err(|e| bad(e.to_string()))?;
    let Id(genesis) = listed.genesis.parse().map_err(bad)?;
    let kept = listed.data.into_iter().map(|one| {
        let receipt = SignedReceipt::from_text(one.receipt.as_bytes());
        let of = match (one.voucher, one.key) {
            (Some(voucher), Some(key)) => Some(Promised {
                voucher: SignedVoucher::from_text(voucher.as_bytes())
                    .map_err(|e| bad(e.to_string()))?,
                key,
                model: model(&one.model)?,
                application: one.application,
                arrived: one.arrived,
            }),
            _ => None,
        };
        Ok(Kept {
            number: one.number,
            time: one.time,
            receipt: receipt.map_err(|e| bad(e.to_string()))?,
            of,
        })
    });
    Ok(Page {
        book: Book {
            genesis: Hash(genesis),
            session_key: listed.session_key,
        },
        kept: kept.collect::<Result<_, Failure>>()?,
        before: listed.before,
    })
}

impl Kept {
    /// Recomputes all that can be of what is kept.
    pub(super) fn verify(&self, book: &Book) -> Result<(), Failure> {
        let of = self.of.as_ref().ok_or_else(|| {
            Failure::new(
                "no_voucher",
                "an earlier version kept it without its voucher",
            )
        })?;
        let known = Known {
            genesis: book.genesis,
            key: of.key,
            session_key: Some(book.session_key),
            model: of.model.clone(),
        };
        check(&known, &of.voucher, &self.receipt, None, None).map(drop)
    }
}

/// What verifying came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    good: u64,
    bad: u64,
    unknown: u64,
}

pub(super) async fn run(session: &Session, args: &Receipts) -> Result<(), Failure> {
    let proxy = Proxy::new(&ProxyArgs {
        proxy: args.proxy.clone(),
        model: None,
        key_file: args.key_file.clone(),
    })?;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let wanted = |kept: &Kept| {
        args.service
            .is_none_or(|service| service == kept.receipt.receipt.service)
    };
    let (mut found, mut before) = (Vec::new(), args.before);
    let (book, next) = loop {
        let size = match args.service {
            None => args.limit.min(PAGE),
            Some(_) => PAGE,
        };
        let page = page(&proxy, before, size).await?;
        let mut fitting = page.kept.into_iter().filter(wanted);
        found.extend(fitting.by_ref().take(most - found.len()));
        let is_cut = fitting.next().is_some();
        before = page.before;
        match (is_cut, found.len() >= most, before) {
            (true, ..) | (_, true, Some(_)) => {
                let last = found.last().map(|kept: &Kept| kept.number);
                break (page.book, last);
            }
            (_, _, None) => break (page.book, None),
            _ => {}
        }
    };
    let judged = args.verify.then(|| judge(&book, &found));
    session
        .output
        .answer(&answer(&found, judged.as_deref(), next))?;
    let bad = judged
        .iter()
        .flatten()
        .filter(|judged| is_bad(judged))
        .count();
    match bad {
        0 => Ok(()),
        bad => Err(Failure::new(
            "bad_receipt",
            format!("{bad} receipts are not good"),
        )),
    }
}

fn judge(book: &Book, kept: &[Kept]) -> Vec<Result<(), Failure>> {
    kept.iter().map(|kept| kept.verify(book)).collect()
}

fn is_bad(judged: &Result<(), Failure>) -> bool {
    judged
        .as_ref()
        .is_err_and(|failure| failure.code() != "no_voucher")
}

fn counts(judged: &[Result<(), Failure>]) -> Counts {
    let mut counts = Counts::default();
    for one in judged {
        match one {
            Ok(()) => counts.good += 1,
            Err(_) if is_bad(one) => counts.bad += 1,
            Err(_) => counts.unknown += 1,
        }
    }
    counts
}

fn usage_text(usage: &Usage) -> String {
    match usage {
        Usage::Tokens {
            input,
            cached,
            output,
        } => format!("{input} tokens in, {cached} cached, {output} out"),
        Usage::Units { units } => format!("{units} units"),
    }
}

fn usage_json(usage: &Usage) -> Value {
    match usage {
        Usage::Tokens {
            input,
            cached,
            output,
        } => json!({ "input": input, "cached": cached, "output": output }),
        Usage::Units { units } => json!({ "units": units }),
    }
}

/// Milliseconds since 1970, as a time of day in UTC.
fn time_text(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days of the civil calendar: https://howardhinnant.github.io/date_algorithms.html#civil_from_days
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

fn answer(kept: &[Kept], judged: Option<&[Result<(), Failure>]>, next: Option<u64>) -> Answer {
    let mut text = String::new();
    let mut list = Vec::new();
    for (index, one) in kept.iter().enumerate() {
        let verdict = judged.and_then(|judged| judged.get(index));
        text += &fields(one, verdict).to_string();
        text.push('\n');
        list.push(as_json(one, verdict));
    }
    if kept.is_empty() {
        text += "no receipts\n";
    }
    if let Some(judged) = judged {
        let Counts { good, bad, unknown } = counts(judged);
        text += &format!("{good} good, {bad} bad, {unknown} that cannot be checked\n");
    }
    if let Some(next) = next {
        text += &format!("there are more: --before {next}\n");
    }
    Answer::new(text, json!({ "receipts": list, "next": next }))
}

fn fields(kept: &Kept, verdict: Option<&Result<(), Failure>>) -> Fields {
    let receipt = &kept.receipt.receipt;
    let mut text = Fields::new()
        .add("number", kept.number)
        .add("time", time_text(kept.time))
        .add("service", receipt.service)
        .add("model", String::from_utf8_lossy(&receipt.model))
        .add(
            "channel, lane, nonce",
            format!(
                "{}, {}/{}, {}",
                receipt.channel, receipt.session, receipt.lane, receipt.nonce
            ),
        )
        .add("usage", usage_text(&receipt.usage))
        .add("price", price_text(&receipt.price))
        .add("cost", Amount(receipt.amount))
        .add("lane owes in all", Amount(receipt.cumulative));
    if let Some(of) = &kept.of {
        let answer = match of.arrived {
            true => "arrived, and is the one that the receipt binds",
            false => "did not arrive as a whole: payable, answer unverified",
        };
        text = text.add("answer", answer);
    }
    match verdict {
        Some(Ok(())) => text.add("receipt", "GOOD"),
        Some(Err(why)) => text.add("receipt", why),
        None => text,
    }
}

fn as_json(kept: &Kept, verdict: Option<&Result<(), Failure>>) -> Value {
    let receipt = &kept.receipt.receipt;
    json!({
        "number": kept.number,
        "time": kept.time,
        "service": receipt.service,
        "model": String::from_utf8_lossy(&receipt.model),
        "channel": receipt.channel,
        "session": receipt.session,
        "lane": receipt.lane,
        "nonce": receipt.nonce,
        "usage": usage_json(&receipt.usage),
        "price": super::compute_services::price_json(&receipt.price),
        "amount": receipt.amount.to_string(),
        "cumulative": receipt.cumulative.to_string(),
        "application": kept.of.as_ref().map(|of| &of.application),
        "answer_arrived": kept.of.as_ref().map(|of| of.arrived),
        "good": verdict.map(Result::is_ok),
        "fault": verdict.and_then(|verdict| verdict.as_ref().err()).map(ToString::to_string),
        "receipt": kept.receipt.to_text(),
        "voucher": kept.of.as_ref().map(|of| of.voucher.to_text()),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use noema_chain_client::SigningKey;
    use noema_compute_primitives::{Price, Receipt, Voucher};

    use super::*;

    const GENESIS: [u8; 32] = [7; 32];

    fn voucher() -> SignedVoucher {
        let voucher = Voucher {
            channel: 1,
            session: 0,
            lane: 0,
            nonce: 1,
            service: 2,
            paid: 5,
            maximum: 10,
            request: [3; 32],
            expires: u64::MAX,
            price: Price::Units { unit: 3 },
        };
        SignedVoucher::sign(&SigningKey::dev("Alice").unwrap(), &GENESIS, voucher)
    }

    pub(crate) fn receipt(change: impl FnOnce(&mut Receipt)) -> SignedReceipt {
        let mut receipt = Receipt {
            channel: 1,
            session: 0,
            lane: 0,
            nonce: 1,
            service: 2,
            request: [3; 32],
            response: [4; 32],
            response_bytes: 8,
            model: b"wasm/1".to_vec().try_into().unwrap(),
            usage: Usage::Units { units: 2 },
            price: Price::Units { unit: 3 },
            amount: 6,
            cumulative: 11,
            time: 1,
        };
        change(&mut receipt);
        SignedReceipt::sign(&SigningKey::dev("Bob").unwrap(), &GENESIS, receipt)
    }

    fn listed(receipts: &[SignedReceipt]) -> Value {
        let key = |name| SigningKey::dev(name).unwrap().account();
        let data = receipts.iter().enumerate().map(|(number, receipt)| {
            json!({
                "number": number, "time": 1_700_000_000_123u64, "application": "", "model": "wasm/1",
                "key": key("Bob"), "arrived": true,
                "voucher": voucher().to_text(), "receipt": receipt.to_text(),
            })
        });
        json!({
            "genesis": format!("0x{}", hex::encode(GENESIS)),
            "session_key": key("Alice"),
            "data": data.collect::<Vec<_>>(),
            "before": null,
        })
    }

    #[test]
    fn what_is_kept_is_recomputed_and_what_does_not_hold_is_named() {
        let more = receipt(|r| {
            r.amount = 7;
            r.cumulative = 12;
        });
        let page = read(listed(&[receipt(|_| ()), more])).unwrap();
        let judged = judge(&page.book, &page.kept);
        assert!(judged[0].is_ok());
        assert!(is_bad(&judged[1]));
        let answer = answer(&page.kept, Some(&judged), Some(4));
        assert!(
            answer.text().contains("1 good, 1 bad, 0 that cannot"),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("--before 4"));
        assert_eq!(answer.json()["receipts"][0]["good"], true);
        assert_eq!(answer.json()["receipts"][1]["good"], false);
        let fault = answer.json()["receipts"][1]["fault"].as_str().unwrap();
        assert!(fault.contains("expected 6"), "{fault}");
    }

    #[test]
    fn a_receipt_without_its_voucher_is_neither_good_nor_bad() {
        let mut list = listed(&[receipt(|_| ())]);
        list["data"][0].as_object_mut().unwrap().remove("voucher");
        let page = read(list).unwrap();
        let judged = judge(&page.book, &page.kept);
        assert_eq!(counts(&judged).unknown, 1);
        assert!(!is_bad(&judged[0]));
    }

    #[test]
    fn a_voucher_of_another_key_is_not_this_books() {
        let mut list = listed(&[receipt(|_| ())]);
        list["session_key"] = json!(SigningKey::dev("Eve").unwrap().account());
        let page = read(list).unwrap();
        assert!(is_bad(&judge(&page.book, &page.kept)[0]));
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(time_text(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time_text(951_782_399_000), "2000-02-28 23:59:59 UTC");
        assert_eq!(time_text(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(time_text(1_700_000_000_123), "2023-11-14 22:13:20 UTC");
    }
}
