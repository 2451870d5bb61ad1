//! What the chain says of the provider, and what follows from it.

use noema_chain_client::{
    AccountId, AccountState, AuditLimits, AuditRound, AuditStanding, Balance, BlockNumber,
    ChainClient, ChainError, Challenges, Hash, NodeInfo, ProviderPay, ProviderRecord,
    ProviderStatus, Role, Uncovered,
};
use noema_transport::{Endpoint, Pin};

use super::{Directory, Report};

/// How far the clock may be from the time of the newest block, in milliseconds. Blocks come every second; none is from the future.
const BEHIND_WARNING: i128 = 3_000;
const BEHIND_FAILED: i128 = 10_000;
const AHEAD_WARNING: i128 = 10_000;
const AHEAD_FAILED: i128 = 30_000;

/// What was read from the node.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) genesis: Hash,
    pub(super) node: NodeInfo,
    pub(super) finalized: BlockNumber,
    pub(super) record: Option<ProviderRecord>,
    /// Of the operator's account, if that is known.
    pub(super) account: Option<AccountState>,
    pub(super) existential_deposit: Balance,
    /// The clock of this machine less the time of the newest block, in milliseconds.
    pub(super) ahead_ms: i128,
    pub(super) audits: AuditFacts,
}

/// What the chain says of the provider's audits.
#[derive(Clone, Debug)]
pub(super) struct AuditFacts {
    pub(super) round: Option<AuditRound>,
    pub(super) standing: Option<AuditStanding>,
    /// What it is asked for and has not all answered.
    pub(super) asked: Option<Challenges>,
    pub(super) pay: Option<ProviderPay>,
    pub(super) limits: AuditLimits,
    /// What its stake is short of.
    pub(super) uncovered: Option<Uncovered>,
}

impl Facts {
    pub(super) async fn read(
        client: &ChainClient,
        provider: &AccountId,
        operator: Option<&AccountId>,
    ) -> Result<Self, ChainError> {
        let state = client.at_finalized().await?;
        let account = match operator {
            Some(operator) => Some(state.account(operator).await?),
            None => None,
        };
        let record = state.provider(Role::Storage, provider).await?;
        let existential_deposit = state.constants()?.existential_deposit;
        let audits = AuditFacts {
            round: state.audit_round().await?,
            standing: state.audit_standing(provider).await?,
            asked: state.challenges(provider).await?,
            pay: state.provider_pay(provider).await?,
            limits: state.audit_limits()?,
            uncovered: state.uncovered(provider).await?,
        };
        let node = client.node_info().await?;
        let best = client.at(client.best().await?).await?;
        let block_ms = best.timestamp_ms().await?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now_ms = now.map_or(0, |now| now.as_millis());
        Ok(Self {
            genesis: client.genesis_hash(),
            node,
            finalized: state.block().number,
            record,
            account,
            existential_deposit,
            ahead_ms: i128::try_from(now_ms).unwrap_or(i128::MAX) - i128::from(block_ms),
            audits,
        })
    }
}

pub(super) fn node(report: &mut Report, facts: &Facts) {
    let NodeInfo {
        name,
        version,
        chain,
        peers,
        syncing,
    } = &facts.node;
    let message = format!(
        "{name} {version} on {chain}, {peers} peers, block {} is final",
        facts.finalized
    );
    match syncing {
        false => report.ok("node", message),
        true => report.warning(
            "node",
            format!("{message}; it is catching up"),
            "wait until it is in sync: before, the daemon acts on an old state",
        ),
    }
}

pub(super) fn genesis(report: &mut Report, facts: &Facts, directory: &Directory) {
    let (name, found) = ("genesis", facts.genesis);
    match directory {
        Directory::Seen(seen) => match &seen.owner {
            Some(owner) if owner.genesis != found => report.failed(
                name,
                format!("the data directory belongs to the chain with genesis {}, the node serves {found}", owner.genesis),
                "check the node's address and its chain specification, or use another data directory",
            ),
            _ => report.ok(name, format!("{found}, the data directory's")),
        },
        Directory::InUse => report.ok(name, format!("{found}; a daemon that runs has compared it with its data directory")),
        Directory::Unknown => report.ok(name, format!("{found}; no data is bound to a chain yet")),
    }
}

pub(super) fn registration(
    report: &mut Report,
    facts: &Facts,
    provider: &AccountId,
    operator: Option<&AccountId>,
) {
    let name = "registration";
    let Some(record) = &facts.record else {
        let message = format!("the chain knows no storage provider {provider}");
        report.failed(
            name,
            message,
            "`noema provider register`, or correct --provider",
        );
        return;
    };
    match operator {
        Some(operator) if record.operator != *operator => {
            let message = format!(
                "the chain names operator {} for {provider}, the key given is {operator}",
                record.operator
            );
            report.failed(
                name,
                message,
                "give the daemon that key, or register this one: `noema provider set-operator`",
            );
            return;
        }
        _ => {}
    }
    let known = match operator {
        Some(operator) => format!("{provider} with operator {operator}"),
        None => format!("{provider}; the operator key could not be compared"),
    };
    match record.status {
        ProviderStatus::Active => report.ok(name, format!("{known}, active")),
        ProviderStatus::Chilled => report.warning(
            name,
            format!("{known}, chilled: it gets no new files"),
            "`noema provider activate`, when it is to get some",
        ),
        ProviderStatus::Jailed { until } => report.warning(
            name,
            format!("{known}, jailed until block {until}"),
            "from then on: `noema provider unjail`, then `noema provider activate`",
        ),
        ProviderStatus::Leaving => report.warning(
            name,
            format!("{known}, leaving: all its bond is unbonding"),
            "keep the daemon running until no slot is left",
        ),
    }
}

pub(super) fn balance(report: &mut Report, facts: &Facts, operator: Option<&AccountId>) {
    let name = "balance";
    let (Some(operator), Some(account)) = (operator, &facts.account) else {
        return;
    };
    let least = facts.existential_deposit;
    let free = account.free;
    let send = "send it a little more than the existential deposit";
    if free < least {
        let message = format!("{operator} has {free} of the smallest unit, less than the existential deposit of {least}: its calls are refused");
        report.failed(name, message, send);
    } else if account.transferable(least) < least {
        let message = format!("{operator} has {free} of the smallest unit, hardly more than the existential deposit of {least}: calls that fail cost a fee each");
        report.warning(name, message, send);
    } else {
        report.ok(
            name,
            format!(
                "{operator} has {free} of the smallest unit, the existential deposit is {least}"
            ),
        );
    }
}

pub(super) fn clock(report: &mut Report, facts: &Facts) {
    let name = "clock";
    let ahead = facts.ahead_ms;
    let seconds = ahead.unsigned_abs() / 1000;
    let behind = format!("this clock is {seconds} s behind the newest block");
    let stale = format!("the newest block is {seconds} s old");
    let ntp = "run an NTP client on this machine (timedatectl)";
    let or_chain = "run an NTP client on this machine (timedatectl); if the clock is right, the chain or the node stands still";
    match ahead {
        _ if ahead <= -BEHIND_FAILED => report.failed(name, behind, ntp),
        _ if ahead <= -BEHIND_WARNING => report.warning(name, behind, ntp),
        _ if ahead >= AHEAD_FAILED => report.failed(name, stale, or_chain),
        _ if ahead >= AHEAD_WARNING => report.warning(name, stale, or_chain),
        _ => report.ok(name, format!("within {seconds} s of the newest block")),
    }
}

/// The daemon's key against the endpoint on chain.
pub(super) fn pinned(report: &mut Report, facts: &Facts, own: Option<Pin>) {
    let (name, Some(record)) = ("pin", &facts.record) else {
        return;
    };
    let announced = &record.endpoint;
    let again = "announce the endpoint that `noema-storage --print-endpoint` prints, with your host name: `noema provider set-endpoint`";
    match (Endpoint::parse(announced.as_bytes()), own) {
        (Err(error), _) => {
            report.failed(name, format!("{announced:?} on chain is no endpoint: {error}"), again);
        }
        (Ok(Endpoint::Https { pin, .. }), Some(own)) if pin != own => {
            let message = format!("the endpoint on chain pins {pin}, this daemon has {own}: nobody will connect");
            report.failed(name, message, again);
        }
        (Ok(Endpoint::Https { .. }), Some(_)) => report.ok(name, format!("{announced} pins this daemon's key")),
        (Ok(Endpoint::Loopback { .. }), Some(_)) => {
            let message = format!("{announced} on chain is plain, this daemon encrypts: nobody will connect");
            report.failed(name, message, again);
        }
        (Ok(Endpoint::Https { .. }), None) => report.warning(
            name,
            format!("{announced} pins a key that this daemon does not have"),
            "right if a proxy before it has that key; else give the daemon its key (--tls-key), or have one made",
        ),
        (Ok(Endpoint::Loopback { .. }), None) => report.ok(name, format!("{announced} is plain, on loopback")),
    }
}
