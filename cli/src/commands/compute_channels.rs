//! What a buyer does: purse, channels, keys.

use noema_chain_client::{AccountId, ChannelInfo, ComputeCall, StateAt};
use noema_compute_primitives::{ChannelState, Purse};
use noema_session::{Grant, Limits};
use serde_json::{json, Value};

use super::{
    compute::{begin, submit, Done},
    compute_services,
};
use crate::{
    amount::Amount,
    args::{
        compute::{GrantArgs, Open},
        provider::AmountOrAll,
    },
    failure::Failure,
    keyfile::NamedKey,
    output::{Answer, Fields, Table},
    session::Session,
};

/// Channels that are asked for at a time; no page has more.
const PAGE: u32 = 100;

pub(super) async fn find(state: &StateAt, channel: u64) -> Result<ChannelInfo, Failure> {
    let info = state.channel(channel).await?;
    info.ok_or_else(|| {
        Failure::new(
            "not_found",
            format!(
                "there is no channel {channel}; `noema compute channels` shows those of an account"
            ),
        )
    })
}

pub(super) async fn open(session: &Session, open: &Open) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    // Before a key is made.
    compute_services::find(&state, open.service).await?;
    let limits = state.compute_limits()?;
    if open.cap.0 < limits.min_cap {
        return Err(Failure::usage(format!(
            "a channel reserves at least {}, not {}",
            Amount(limits.min_cap),
            open.cap
        )));
    }
    let (grant, key) = granted(&state, &open.grant, open.cap.0).await?;
    let call = ComputeCall::Open {
        service: open.service,
        cap: open.cap.0,
        lanes: open.grant.lanes,
        grant,
    };
    let done = submit(session, submitter, call, "open the channel").await?;
    let channel = done
        .number("ChannelOpened", "channel")
        .and_then(|channel| u64::try_from(channel).ok())
        .ok_or_else(|| Failure::new("chain", "the chain does not say which number it gave"))?;
    with_key(session, &done, channel, &key).await
}

pub(super) async fn grant(
    session: &Session,
    channel: u64,
    args: &GrantArgs,
) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    let left = find(&state, channel).await?.left;
    let (grant, key) = granted(&state, args, left).await?;
    let call = ComputeCall::Grant {
        channel,
        lanes: args.lanes,
        grant,
    };
    let done = submit(session, submitter, call, "let the key sign").await?;
    with_key(session, &done, channel, &key).await
}

/// What a key may spend: no more than there is, if nothing else is said.
async fn granted(
    state: &StateAt,
    args: &GrantArgs,
    there_is: u128,
) -> Result<(Grant<AccountId, ()>, NamedKey), Failure> {
    let now = state.tick().await?;
    let total = args.limit.map_or(there_is, |limit| limit.0);
    let per_use = args.per_request.map_or(total, |most| most.0);
    let expires = args
        .expires_in
        .map_or(u64::MAX, |ticks| now.saturating_add(ticks));
    let limits = Limits { per_use, total };
    let mut grant = Grant {
        key: AccountId([0; 32]),
        scope: (),
        limits,
        expires,
    };
    if per_use > total {
        return Err(Failure::usage(format!(
            "one request may cost {}, all together {}: let --per-request be at most --limit",
            Amount(per_use),
            Amount(total)
        )));
    }
    grant
        .check(now)
        .map_err(|e| Failure::usage(format!("the chain would refuse this key: {e}")))?;
    // Last, since it may make a file.
    let key = args.key.resolve()?;
    grant.key = key.account;
    Ok((grant, key))
}

async fn with_key(
    session: &Session,
    done: &Done,
    channel: u64,
    key: &NamedKey,
) -> Result<(), Failure> {
    let number = done
        .number("SessionGranted", "session")
        .and_then(|number| u32::try_from(number).ok());
    let info = find(&done.state, channel).await?;
    let now = done.state.tick().await?;
    let mut text = describe(channel, &info, now);
    if let Some(file) = &key.made {
        text = text.add("key file", file.display());
    }
    let json = json!({
        "channel": as_json(channel, &info),
        "session": number,
        "key_file_made": key.made,
    });
    session.output.answer(&done.answer(text, json))
}

/// A call about a channel.
pub(super) async fn change(
    session: &Session,
    channel: u64,
    call: ComputeCall,
) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    find(&state, channel).await?;
    let done = submit(session, submitter, call, "change the channel").await?;
    changed(session, &done, channel).await
}

pub(super) async fn settle(session: &Session, channel: u64) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    let (info, now) = (find(&state, channel).await?, state.tick().await?);
    match info.state {
        ChannelState::Closing { until } if now < until => {
            return Err(Failure::new(
                "locked",
                format!(
                    "the lock of channel {channel} ends at tick {until}, it is tick {now}: {} more",
                    until.saturating_sub(now)
                ),
            )
            .with(json!({ "until": until, "now": now })));
        }
        ChannelState::Open => {
            return Err(Failure::new(
                "not_closing",
                format!("channel {channel} is open: its payer or its provider closes it first"),
            ));
        }
        ChannelState::Closing { .. } | ChannelState::Settled { .. } => {}
    }
    let call = ComputeCall::Settle { channel };
    let done = submit(session, submitter, call, "settle the channel").await?;
    changed(session, &done, channel).await
}

pub(super) async fn changed(session: &Session, done: &Done, channel: u64) -> Result<(), Failure> {
    let info = done.state.channel(channel).await?;
    let now = done.state.tick().await?;
    let text = match &info {
        Some(info) => describe(channel, info, now),
        None => Fields::new()
            .add("channel", channel)
            .add("state", "removed"),
    };
    let json = json!({
        "channel": info.as_ref().map(|info| as_json(channel, info)),
        "tick": now,
    });
    session.output.answer(&done.answer(text, json))
}

pub(super) async fn show(session: &Session, channel: u64) -> Result<(), Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let (info, now) = (find(&state, channel).await?, state.tick().await?);
    session.output.answer(&Answer::new(
        describe(channel, &info, now).to_string(),
        json!({ "channel": as_json(channel, &info), "tick": now }),
    ))
}

pub(super) async fn list(
    session: &Session,
    payer: Option<AccountId>,
    with: Option<AccountId>,
) -> Result<(), Failure> {
    let account = match with.or(payer) {
        Some(account) => account,
        None => session.account()?,
    };
    let state = session.connect().await?.at_finalized().await?;
    let mut numbers = Vec::new();
    let mut after = None;
    loop {
        let page = match with {
            Some(_) => state.channels_with(&account, after, PAGE).await?,
            None => state.channels_of(&account, after, PAGE).await?,
        };
        numbers.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    numbers.sort_unstable();
    let now = state.tick().await?;
    let mut table = Table::new(&[
        "channel", "service", "state", "left", "redeemed", "payer", "provider",
    ]);
    let mut all = Vec::new();
    for channel in numbers {
        // One that was removed meanwhile cannot be: the block is the same.
        let Some(info) = state.channel(channel).await? else {
            continue;
        };
        table.row(vec![
            channel.to_string(),
            info.service.to_string(),
            state_text(&info.state, now),
            Amount(info.left).to_string(),
            Amount(info.redeemed).to_string(),
            info.payer.to_string(),
            info.provider.to_string(),
        ]);
        all.push(as_json(channel, &info));
    }
    let text = if table.is_empty() {
        "there is no channel\n".to_owned()
    } else {
        table.to_string()
    };
    session
        .output
        .answer(&Answer::new(text, json!({ "channels": all, "tick": now })))
}

pub(super) async fn purse(session: &Session, account: Option<AccountId>) -> Result<(), Failure> {
    let account = match account {
        Some(account) => account,
        None => session.account()?,
    };
    let state = session.connect().await?.at_finalized().await?;
    let purse = state.purse(&account).await?.unwrap_or_default();
    session.output.answer(&Answer::new(
        describe_purse(&account, &purse).to_string(),
        json!({ "account": account, "purse": purse_json(&purse) }),
    ))
}

pub(super) async fn withdraw(session: &Session, amount: AmountOrAll) -> Result<(), Failure> {
    let (submitter, state) = begin(session).await?;
    let account = submitter.account();
    let purse = state.purse(&account).await?.unwrap_or_default();
    let free = purse.unreserved();
    let amount = match amount {
        AmountOrAll::All => free,
        AmountOrAll::Exactly(amount) => amount.0,
    };
    if amount == 0 || amount > free {
        return Err(Failure::new(
            "reserved",
            format!(
                "{} of the purse of {account} is not reserved by channels; close and settle them to get back more",
                Amount(free)
            ),
        ));
    }
    let call = ComputeCall::Withdraw { amount };
    let done = submit(session, submitter, call, "take out of the purse").await?;
    answer_purse(session, &done).await
}

/// A call after which the purse is told.
pub(super) async fn change_purse(session: &Session, call: ComputeCall) -> Result<(), Failure> {
    let (submitter, _) = begin(session).await?;
    let done = submit(session, submitter, call, "change the purse").await?;
    answer_purse(session, &done).await
}

async fn answer_purse(session: &Session, done: &Done) -> Result<(), Failure> {
    let account = done.submitter.account();
    let purse = done.state.purse(&account).await?.unwrap_or_default();
    let json = json!({ "account": account, "purse": purse_json(&purse) });
    let text = describe_purse(&account, &purse);
    session.output.answer(&done.answer(text, json))
}

fn describe_purse(account: &AccountId, purse: &Purse) -> Fields {
    Fields::new()
        .add("account", account)
        .add("purse", Amount(purse.balance))
        .add("reserved", Amount(purse.reserved))
        .add("not reserved", Amount(purse.unreserved()))
        .add("channels", purse.channels)
}

fn purse_json(purse: &Purse) -> Value {
    json!({
        "balance": purse.balance.to_string(),
        "reserved": purse.reserved.to_string(),
        "unreserved": purse.unreserved().to_string(),
        "channels": purse.channels,
    })
}

fn state_text(state: &ChannelState, now: u64) -> String {
    match state {
        ChannelState::Open => "open".to_owned(),
        ChannelState::Closing { until } if *until <= now => "closing, to be settled".to_owned(),
        ChannelState::Closing { until } => {
            format!("closing until tick {until} (it is tick {now})")
        }
        ChannelState::Settled { at } => format!("settled since tick {at}"),
    }
}

/// How a channel stands, for people.
fn describe(channel: u64, info: &ChannelInfo, now: u64) -> Fields {
    let mut text = Fields::new()
        .add("channel", channel)
        .add("state", state_text(&info.state, now))
        .add("service", info.service)
        .add("payer", info.payer)
        .add("provider", info.provider)
        .add("left", Amount(info.left))
        .add("redeemed", Amount(info.redeemed))
        .add("receipts by", info.key);
    for session in &info.sessions {
        let ends = match (session.ends, session.revoked) {
            (ends, _) if ends <= now => "over".to_owned(),
            (ends, true) => format!("REVOKED, over at tick {ends}"),
            (u64::MAX, false) => "never over".to_owned(),
            (ends, false) => format!("over at tick {ends}"),
        };
        let line = format!(
            "{}, {} lanes, {} a request, {} of {} spent, {ends}",
            session.key,
            session.lanes,
            Amount(session.limits.per_use),
            Amount(session.spent),
            Amount(session.limits.total),
        );
        text = text.add(format!("session {}", session.session), line);
        for lane in &session.redeemed {
            let line = format!(
                "{} redeemed, with voucher {} at tick {}",
                Amount(lane.redeemed),
                lane.nonce,
                lane.at
            );
            text = text.add(format!("  lane {}", lane.lane), line);
        }
    }
    text
}

/// How a channel stands, for programs.
fn as_json(channel: u64, info: &ChannelInfo) -> Value {
    let (state, until, settled_at) = match info.state {
        ChannelState::Open => ("open", None, None),
        ChannelState::Closing { until } => ("closing", Some(until), None),
        ChannelState::Settled { at } => ("settled", None, Some(at)),
    };
    let sessions: Vec<_> = info
        .sessions
        .iter()
        .map(|session| {
            let lanes: Vec<_> = session
                .redeemed
                .iter()
                .map(|lane| {
                    json!({
                        "lane": lane.lane,
                        "nonce": lane.nonce,
                        "maximum": lane.maximum.to_string(),
                        "redeemed": lane.redeemed.to_string(),
                        "at": lane.at,
                        "punished": lane.punished.to_string(),
                    })
                })
                .collect();
            json!({
                "session": session.session,
                "key": session.key,
                "per_request": session.limits.per_use.to_string(),
                "limit": session.limits.total.to_string(),
                "spent": session.spent.to_string(),
                // There is no such tick.
                "ends": Some(session.ends).filter(|ends| *ends < u64::MAX),
                "revoked": session.revoked,
                "lanes": session.lanes,
                "redeemed": lanes,
            })
        })
        .collect();
    json!({
        "channel": channel,
        "payer": info.payer,
        "provider": info.provider,
        "service": info.service,
        "key": info.key,
        "state": state,
        "until": until,
        "settled_at": settled_at,
        "left": info.left.to_string(),
        "redeemed": info.redeemed.to_string(),
        "sessions": sessions,
    })
}

#[cfg(test)]
mod tests {
    use noema_chain_client::SessionInfo;
    use noema_compute_primitives::LaneInfo;

    use super::*;
    use crate::{amount::NOEMA, testing::who};

    fn info(state: ChannelState) -> ChannelInfo {
        ChannelInfo {
            payer: who(1),
            provider: who(2),
            service: 3,
            key: who(4),
            left: 9 * NOEMA,
            redeemed: NOEMA,
            state,
            sessions: vec![SessionInfo {
                session: 0,
                key: who(5),
                limits: Limits {
                    per_use: NOEMA,
                    total: 10 * NOEMA,
                },
                spent: NOEMA,
                ends: u64::MAX,
                revoked: false,
                lanes: 2,
                redeemed: vec![LaneInfo {
                    lane: 1,
                    nonce: 7,
                    maximum: NOEMA,
                    redeemed: NOEMA,
                    at: 12,
                    punished: 0,
                }],
            }],
        }
    }

    #[test]
    fn a_channel_says_how_far_it_is_and_what_its_lanes_paid() {
        let text = |state, now| describe(8, &info(state), now).to_string();
        assert!(text(ChannelState::Open, 5).contains("open"));
        let closing = ChannelState::Closing { until: 60 };
        assert!(text(closing, 5).contains("until tick 60 (it is tick 5)"));
        assert!(text(closing, 60).contains("to be settled"));
        let settled = text(ChannelState::Settled { at: 61 }, 70);
        assert!(settled.contains("settled since tick 61"));
        assert!(
            settled.contains("1 NOEMA of 10 NOEMA spent, never over"),
            "{settled}"
        );
        assert!(
            settled.contains("1 NOEMA redeemed, with voucher 7"),
            "{settled}"
        );
    }

    #[test]
    fn sessions_say_when_they_end() {
        let mut ended = info(ChannelState::Open);
        if let Some(session) = ended.sessions.first_mut() {
            (session.ends, session.revoked) = (60, true);
        }
        let text = |now| describe(8, &ended, now).to_string();
        assert!(text(5).contains("REVOKED, over at tick 60"));
        assert!(text(60).contains("spent, over\n"));
    }

    #[test]
    fn amounts_of_a_channel_are_text_for_programs() {
        let json = as_json(8, &info(ChannelState::Closing { until: 60 }));
        assert_eq!(
            (&json["state"], &json["until"]),
            (&json!("closing"), &json!(60))
        );
        assert_eq!(json["left"], "9000000000000000000");
        assert_eq!(json["sessions"][0]["ends"], Value::Null);
        assert_eq!(
            json["sessions"][0]["redeemed"][0]["redeemed"],
            "1000000000000000000"
        );
        let purse = Purse {
            balance: 5,
            reserved: 3,
            channels: 1,
            deposit: 0,
        };
        assert_eq!(purse_json(&purse)["unreserved"], "2");
    }
}
