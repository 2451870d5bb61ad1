//! `noema da`: what the chain says of blobs and seats.

use noema_chain_client::{
    ChainClient, CommitteeInfo, NamespacePage, StateAt, SubmissionInfo, SubmissionStanding,
};
use noema_da::{chain::SeatSet, client::SeatReport};
use noema_da_primitives::Content;
use serde_json::{json, Value};

use super::{da_get, da_put, da_sample};
use crate::{
    amount::Amount,
    args::da::{BlobName, Da},
    failure::Failure,
    output::{Answer, Fields},
    session::Session,
};

/// Submissions of one commitment that are looked through.
const PAGE: u32 = 100;

pub(super) async fn run(session: &Session, da: Da) -> Result<(), Failure> {
    match da {
        Da::Put(put) => da_put::run(session, &put).await,
        Da::Get(get) => da_get::run(session, &get).await,
        Da::Sample(sample) => da_sample::run(session, &sample).await,
        Da::Status { blob } => {
            let client = session.connect().await?;
            let info = find(&client, blob).await?;
            session.output.answer(&status(&info))
        }
        Da::List {
            namespace,
            from,
            limit,
        } => {
            let state = session.connect().await?.at_finalized().await?;
            let page = state.namespace_entries(&namespace, from, limit).await?;
            session.output.answer(&list(&page))
        }
        Da::Seats { era } => {
            let state = session.connect().await?.at_finalized().await?;
            let parameters = state.da_parameters().await?;
            let era = era.unwrap_or(parameters.era);
            let committee = state.committee(era).await?.ok_or_else(|| {
                Failure::new(
                    "not_found",
                    format!("era {era} has no committee: the running era is {}, and committees are kept as long as anything they attested", parameters.era),
                )
            })?;
            let answer = seats(&state, &committee).await?;
            session.output.answer(&answer)
        }
    }
}

/// What the chain says of a blob: of a commitment, its newest submission that is available, else its newest.
pub(super) async fn find(client: &ChainClient, blob: BlobName) -> Result<SubmissionInfo, Failure> {
    let state = client.at_finalized().await?;
    let (found, name) = match blob {
        BlobName::Submission(number) => (
            state.submission(number).await?,
            format!("submission {number}"),
        ),
        BlobName::Commitment(commitment) => {
            let (mut after, mut best) = (None, None::<SubmissionInfo>);
            loop {
                let page = state.submissions_of(&commitment, after, PAGE).await?;
                for info in page.submissions {
                    let available = |info: &SubmissionInfo| is_available(info);
                    let is_better = best
                        .as_ref()
                        .is_none_or(|best| available(&info) || !available(best));
                    if is_better {
                        best = Some(info);
                    }
                }
                match page.next {
                    None => break (best, format!("a submission of {commitment}")),
                    next => after = next,
                }
            }
        }
    };
    found.ok_or_else(|| {
        Failure::new(
            "not_found",
            format!(
                "{name} is not on chain: it is not final yet, was refunded, or its window is over"
            ),
        )
    })
}

fn is_available(info: &SubmissionInfo) -> bool {
    matches!(info.standing, SubmissionStanding::Available { .. })
}

/// Where it stands, in a word and a sentence.
fn standing(info: &SubmissionInfo) -> (&'static str, String) {
    match info.standing {
        SubmissionStanding::AwaitsSeed => (
            "awaits_seed",
            "submitted, its rows are not drawn yet".to_owned(),
        ),
        SubmissionStanding::SeedLost => (
            "seed_lost",
            "its row seed is lost: it is refunded whole".to_owned(),
        ),
        SubmissionStanding::Submitted { .. } => (
            "submitted",
            format!("waits for signatures until tick {}", info.deadline),
        ),
        SubmissionStanding::Available { height, .. } => (
            "available",
            format!(
                "available since block {height}, until the end of round {}",
                info.until
            ),
        ),
    }
}

fn status(info: &SubmissionInfo) -> Answer {
    let (word, sentence) = standing(info);
    let mut text = Fields::new()
        .add("submission", info.submission)
        .add("commitment", info.commitment)
        .add("state", sentence)
        .add("size", format!("{} bytes, class {}", info.size, info.class))
        .add("namespace", info.namespace)
        .add("paid by", info.payer)
        .add("paid for the window", Amount(info.fee))
        .add("era", info.era);
    let mut json = json!({
        "submission": info.submission,
        "commitment": info.commitment.to_string(),
        "state": word,
        "size": info.size,
        "class": info.class.to_string(),
        "namespace": info.namespace.to_string(),
        "payer": info.payer,
        "fee": info.fee.to_string(),
        "era": info.era,
        "days": info.days,
        "until_round": info.until,
        "deadline_tick": info.deadline,
    });
    if let Content::Bundle(header) = info.content {
        text = text.add("bundle", format!("{} members", header.count));
        json["members"] = json!(header.count);
    }
    if let SubmissionStanding::Available {
        index,
        height,
        signed,
        holders,
        ..
    } = info.standing
    {
        let seats = |bits| SeatSet::from_bytes(bits).iter().collect::<Vec<_>>();
        let (signed, holders) = (seats(signed), seats(holders));
        text = text
            .add("entry of its namespace", index)
            .add("seats that signed", numbers(&signed))
            .add("seats that hold it", numbers(&holders));
        json["index"] = json!(index);
        json["height"] = json!(height);
        json["signed"] = json!(signed);
        json["holders"] = json!(holders);
    }
    Answer::new(text.to_string(), json)
}

fn numbers(seats: &[usize]) -> String {
    let numbers: Vec<_> = seats.iter().map(usize::to_string).collect();
    format!("{} ({})", seats.len(), numbers.join(" "))
}

fn list(page: &NamespacePage) -> Answer {
    let (entries, more) = (&page.entries, page.next < page.end);
    let mut text = String::new();
    for entry in entries {
        text += &format!(
            "{:>6}  block {:>8}  submission {:>8}  {:>9} bytes  {}{}\n",
            entry.index,
            entry.height,
            entry.submission,
            entry
                .member
                .as_ref()
                .map_or(entry.size, |member| member.size),
            entry.commitment,
            entry
                .member
                .as_ref()
                .map_or_else(String::new, |member| format!("  member {}", member.member)),
        );
    }
    if more {
        text += &format!("more: --from {}\n", page.next);
    } else if entries.is_empty() {
        text += "nothing\n";
    }
    let json: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "index": entry.index,
                "height": entry.height,
                "submission": entry.submission,
                "commitment": entry.commitment.to_string(),
                "size": entry.size,
                "member": entry.member.as_ref().map(|member| json!({
                    "member": member.member,
                    "payer": member.payer,
                    "id": format!("0x{}", hex::encode(member.id.0)),
                    "offset": member.offset,
                    "size": member.size,
                    "until_round": member.until,
                })),
            })
        })
        .collect();
    Answer::new(
        text,
        json!({ "entries": json, "next": page.next, "end": page.end }),
    )
}

async fn seats(state: &StateAt, committee: &CommitteeInfo) -> Result<Answer, Failure> {
    let total: u128 = committee.seats.iter().map(|seat| seat.stake).sum();
    let mut text = format!("era {}, committee {}\n", committee.era, committee.id);
    let mut json = Vec::new();
    for (number, seat) in committee.seats.iter().enumerate() {
        let record = state
            .provider(noema_chain_client::Role::DataAvailability, &seat.provider)
            .await?;
        let endpoint = record.map(|record| record.endpoint);
        // No committee has no stake.
        let permille = seat
            .stake
            .saturating_mul(1_000)
            .checked_div(total)
            .unwrap_or(0);
        text += &format!(
            "{number:>3}  {}  {:>5.1} %  {}{}\n     0x{}\n",
            seat.provider,
            permille as f64 / 10.0,
            endpoint.as_deref().unwrap_or("no provider any more"),
            if seat.gone { "  (lost everything)" } else { "" },
            hex::encode(seat.key),
        );
        json.push(json!({
            "seat": number,
            "provider": seat.provider,
            "stake": seat.stake.to_string(),
            "key": format!("0x{}", hex::encode(seat.key)),
            "endpoint": endpoint,
            "gone": seat.gone,
        }));
    }
    let json = json!({
        "era": committee.era,
        "committee": committee.id.to_string(),
        "stake": total.to_string(),
        "seats": json,
    });
    Ok(Answer::new(text, json))
}

/// Seats that gave nothing of use, as a person and a program are told.
pub(super) fn reports(session: &Session, reports: &[SeatReport]) -> Value {
    for report in reports {
        session.output.warn(report);
    }
    reports
        .iter()
        .map(|report| {
            json!({
                "seat": report.seat,
                "fault": report.fault.word(),
                "message": report.fault.to_string(),
            })
        })
        .collect()
}
