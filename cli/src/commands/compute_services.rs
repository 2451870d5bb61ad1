//! Services: browsed, offered, changed.

use noema_chain_client::{ComputeCall, ServiceInfo, StateAt};
use noema_compute_primitives::{Browse, Descriptor, ModelName, Price, VerificationMode};
use noema_endpoint::Endpoint;
use serde_json::{json, Value};

use super::compute::{begin, submit};
use crate::{
    amount::Amount,
    args::compute::{Announce, Services},
    failure::Failure,
    output::{Answer, Fields, Table},
    session::Session,
};

/// Services that are asked for at a time; no page has more.
const PAGE: u32 = 100;

pub(super) async fn list(session: &Session, wanted: &Services) -> Result<(), Failure> {
    let filter = Browse {
        kind: wanted.kind.map(|kind| kind.0),
        model: wanted.model.as_deref().map(model).transpose()?,
        at_most: wanted.at_most(),
        mode: None,
    };
    let state = session.connect().await?.at_finalized().await?;
    let (found, next) = match wanted.provider {
        Some(provider) => {
            let mut found = Vec::new();
            for service in state.services_of(&provider).await? {
                found.extend(state.service(service).await?);
            }
            (found, None)
        }
        None => browse(&state, &filter, wanted.after, wanted.limit).await?,
    };
    session.output.answer(&listed(&found, next))
}

/// Goes through pages until there are enough services, or no more.
async fn browse(
    state: &StateAt,
    filter: &Browse,
    mut after: Option<u64>,
    limit: u32,
) -> Result<(Vec<ServiceInfo>, Option<u64>), Failure> {
    let mut found: Vec<ServiceInfo> = Vec::new();
    loop {
        let missing = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        let page = state.services(filter, after, missing.min(PAGE)).await?;
        found.extend(page.items);
        let enough = found.len() >= limit as usize;
        match page.next {
            Some(next) if enough => return Ok((found, Some(next))),
            // A page may be empty and not the last.
            Some(next) => after = Some(next),
            None => return Ok((found, None)),
        }
    }
}

fn listed(found: &[ServiceInfo], next: Option<u64>) -> Answer {
    let mut table = Table::new(&[
        "service", "kind", "model", "price", "answers", "provider", "endpoint",
    ]);
    for info in found {
        let answers = match info.active {
            true => info.descriptor.verification.label().to_owned(),
            false => format!("{}, INACTIVE", info.descriptor.verification.label()),
        };
        table.row(vec![
            info.service.to_string(),
            info.descriptor.kind.name().to_owned(),
            lossy(&info.descriptor.model),
            price_text(&info.descriptor.price),
            answers,
            info.provider.to_string(),
            lossy(&info.descriptor.endpoint),
        ]);
    }
    let mut text = if table.is_empty() {
        "no service fits\n".to_owned()
    } else {
        table.to_string()
    };
    if let Some(next) = next {
        text.push_str(&format!("there may be more: --after {next}\n"));
    }
    let all: Vec<_> = found.iter().map(as_json).collect();
    Answer::new(text, json!({ "services": all, "next": next }))
}

pub(super) async fn show(session: &Session, service: u64) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let info = find(&state, service).await?;
    session.output.answer(&Answer::new(
        describe(&info).to_string(),
        json!({ "service": as_json(&info) }),
    ))
}

pub(super) async fn find(state: &StateAt, service: u64) -> Result<ServiceInfo, Failure> {
    let info = state.service(service).await?;
    info.ok_or_else(|| {
        Failure::new(
            "not_found",
            format!(
                "there is no service {service}; `noema compute services` shows those that there are"
            ),
        )
    })
}

pub(super) async fn announce(session: &Session, announce: &Announce) -> Result<(), Failure> {
    let descriptor = Descriptor {
        kind: announce.kind.0,
        model: model(&announce.model)?,
        weights: announce.weights.map(|id| id.0),
        endpoint: endpoint(&announce.endpoint)?,
        price: announce.price.price(),
        verification: VerificationMode::None,
        capacity: announce.capacity,
    };
    // Before a key is made, or anything paid.
    descriptor
        .check()
        .map_err(|e| Failure::usage(format!("the chain would refuse this service: {e}")))?;
    let (submitter, _) = begin(session).await?;
    let key = announce.key.resolve()?;
    let call = ComputeCall::Announce {
        descriptor,
        key: key.account,
    };
    let done = submit(session, submitter, call, "announce the service").await?;
    let service = done
        .number("ServiceAnnounced", "service")
        .and_then(|service| u64::try_from(service).ok())
        .ok_or_else(|| Failure::new("chain", "the chain does not say which number it gave"))?;
    let info = find(&done.state, service).await?;
    let mut text = describe(&info);
    if let Some(file) = &key.made {
        text = text.add("key file", file.display());
    }
    let json = json!({ "service": as_json(&info), "key_file_made": key.made });
    session.output.answer(&done.answer(text, json))
}

pub(super) async fn price(session: &Session, service: u64, price: Price) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    let info = find(&state, service).await?;
    let counted = info.descriptor.kind.metering();
    if price.metering() != counted {
        return Err(Failure::usage(format!(
            "service {service} is of kind {}, which counts {counted:?}: expected {}",
            info.descriptor.kind.name(),
            match counted {
                noema_compute_primitives::Metering::Tokens => "--input, --cached, --output",
                noema_compute_primitives::Metering::Units => "--unit",
            }
        )));
    }
    let call = ComputeCall::SetPrice { service, price };
    let done = submit(session, submitter, call, "announce the price").await?;
    changed(session, &done, service).await
}

pub(super) async fn set_endpoint(
    session: &Session,
    service: u64,
    text: String,
) -> Result<(), Failure> {
    endpoint(&text)?;
    let call = ComputeCall::SetEndpoint {
        service,
        endpoint: text,
    };
    change(session, service, call).await
}

/// A call about a service.
pub(super) async fn change(
    session: &Session,
    service: u64,
    call: ComputeCall,
) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    find(&state, service).await?;
    let done = submit(session, submitter, call, "change the service").await?;
    changed(session, &done, service).await
}

async fn changed(
    session: &Session,
    done: &super::compute::Done,
    service: u64,
) -> Result<(), Failure> {
    let info = done.state.service(service).await?;
    let text = match &info {
        Some(info) => describe(info),
        None => Fields::new()
            .add("service", service)
            .add("status", "retired"),
    };
    let json = json!({ "service": info.as_ref().map(as_json) });
    session.output.answer(&done.answer(text, json))
}

/// Finds out before anything is paid for what the chain would refuse.
fn endpoint(text: &str) -> Result<noema_compute_primitives::EndpointBytes, Failure> {
    // Longer ones than the chain allows are not even shown.
    let shown: String = text.chars().take(80).collect();
    let bad = |why: String| Failure::usage(format!("the endpoint {shown:?} is not usable: {why}"));
    Endpoint::parse(text.as_bytes()).map_err(|why| bad(why.to_string()))?;
    let most = noema_compute_primitives::MAX_ENDPOINT;
    text.as_bytes()
        .to_vec()
        .try_into()
        .map_err(|_| bad(format!("expected at most {most} bytes")))
}

pub(super) fn model(text: &str) -> Result<ModelName, Failure> {
    let most = noema_compute_primitives::MAX_MODEL;
    ModelName::try_from(text.as_bytes().to_vec())
        .ok()
        .filter(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic))
        .ok_or_else(|| {
            let shown: String = text.chars().take(120).collect();
            Failure::usage(format!(
                "{shown:?} is no model name: expected 1 to {most} visible ASCII characters"
            ))
        })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A price for people.
pub(super) fn price_text(price: &Price) -> String {
    match price {
        Price::Tokens {
            input,
            cached,
            output,
        } => format!(
            "{} in, {} cached, {} out, per million tokens",
            Amount(*input),
            Amount(*cached),
            Amount(*output)
        ),
        Price::Units { unit } => format!("{} a unit", Amount(*unit)),
    }
}

/// A price for programs.
pub(super) fn price_json(price: &Price) -> Value {
    match price {
        Price::Tokens {
            input,
            cached,
            output,
        } => json!({
            "input": input.to_string(),
            "cached": cached.to_string(),
            "output": output.to_string(),
        }),
        Price::Units { unit } => json!({ "unit": unit.to_string() }),
    }
}

fn describe(info: &ServiceInfo) -> Fields {
    let about = &info.descriptor;
    let mut text = Fields::new()
        .add("service", info.service)
        .add("kind", about.kind.name())
        .add("model", lossy(&about.model))
        .add("price", price_text(&about.price));
    if let Some(next) = info.next {
        let line = format!("{}, from tick {} on", price_text(&next.price), next.from);
        text = text.add("price then", line);
    }
    if let Some(weights) = about.weights {
        text = text.add("weights", hex::encode(weights));
    }
    text.add("answers are", about.verification.label())
        .add("capacity", about.capacity)
        .add("endpoint", lossy(&about.endpoint))
        .add("provider", info.provider)
        .add("active", if info.active { "yes" } else { "NO" })
        .add("service key", info.key)
}

fn as_json(info: &ServiceInfo) -> Value {
    let about = &info.descriptor;
    let next = info
        .next
        .map(|next| json!({ "price": price_json(&next.price), "from": next.from }));
    json!({
        "service": info.service,
        "provider": info.provider,
        "active": info.active,
        "key": info.key,
        "kind": about.kind.name(),
        "model": lossy(&about.model),
        "weights": about.weights.map(hex::encode),
        "endpoint": lossy(&about.endpoint),
        "price": price_json(&about.price),
        "next_price": next,
        "verification": about.verification.label(),
        "capacity": about.capacity,
    })
}

#[cfg(test)]
mod tests {
    use noema_compute_primitives::{NextPrice, ServiceKind};

    use super::*;
    use crate::testing::who;

    fn info() -> ServiceInfo {
        ServiceInfo {
            service: 3,
            provider: who(1),
            active: false,
            key: who(2),
            descriptor: Descriptor {
                kind: ServiceKind::Chat,
                model: model("tiny/1").unwrap(),
                weights: None,
                endpoint: endpoint("http://localhost:1").unwrap(),
                price: Price::Tokens {
                    input: crate::amount::NOEMA,
                    cached: 0,
                    output: 2 * crate::amount::NOEMA,
                },
                verification: VerificationMode::None,
                capacity: 4,
            },
            next: Some(NextPrice {
                price: Price::Units { unit: 5 },
                from: 77,
            }),
        }
    }

    #[test]
    fn a_service_says_that_nothing_of_it_is_verified_wherever_it_is_shown() {
        let info = info();
        assert!(describe(&info).to_string().contains("unverified"));
        assert_eq!(as_json(&info)["verification"], "unverified");
        let listed = listed(&[info], None);
        assert!(listed.text().contains("unverified, INACTIVE"));
    }

    #[test]
    fn prices_are_in_tokens_for_people_and_in_units_for_programs() {
        let info = info();
        let text = describe(&info).to_string();
        assert!(
            text.contains("1 NOEMA in, 0 NOEMA cached, 2 NOEMA out"),
            "{text}"
        );
        assert!(text.contains("from tick 77 on"), "{text}");
        let json = as_json(&info);
        assert_eq!(json["price"]["output"], "2000000000000000000");
        assert_eq!(json["next_price"]["price"]["unit"], "5");
    }

    #[test]
    fn what_the_chain_would_refuse_is_refused_here() {
        for wrong in ["", "a b", "ä", &"m".repeat(97)] {
            assert_eq!(model(wrong).unwrap_err().code(), "usage", "{wrong}");
        }
        for wrong in ["", "http://h", "ftp://localhost"] {
            assert_eq!(endpoint(wrong).unwrap_err().code(), "usage", "{wrong}");
        }
    }

    #[test]
    fn a_list_that_goes_on_says_where() {
        let answer = listed(&[info()], Some(9));
        assert!(answer.text().contains("--after 9"));
        assert_eq!(answer.json()["next"], 9);
        assert_eq!(listed(&[], None).text(), "no service fits\n");
    }
}
