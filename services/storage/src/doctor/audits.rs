//! How the provider stands with the audits, and whether its stake covers what it holds.

use noema_chain_client::{AuditRoundState, AuditStanding};

use super::{
    chain::{AuditFacts, Facts},
    Report,
};
use crate::units::ByteSize;

pub(super) fn audits(report: &mut Report, facts: &Facts) {
    let name = "audits";
    let AuditFacts {
        round,
        standing,
        asked,
        pay,
        limits,
        uncovered: _,
    } = &facts.audits;
    let Some(round) = round else {
        report.ok(name, "the chain has no round of audits yet".to_owned());
        return;
    };
    let running = match round.state {
        AuditRoundState::Drawing => format!("round {} is being drawn", round.index),
        AuditRoundState::Skipped => format!("round {} is skipped", round.index),
        AuditRoundState::Open { .. } if round.is_over() => {
            format!("the window of round {} is over", round.index)
        }
        AuditRoundState::Open { .. } => format!(
            "round {} can be answered for {} more ticks",
            round.index,
            round.ticks_left()
        ),
    };
    let Some(standing) = standing else {
        let message = format!("{running}; this provider has never been challenged");
        report.ok(name, message);
        return;
    };
    let AuditStanding {
        next,
        unsettled,
        points,
        dropping,
    } = *standing;
    let owed = pay.as_ref().map_or(0, |pay| pay.owed);
    let settled = match next.checked_sub(1) {
        Some(last) => format!("settled up to round {last}"),
        None => "nothing settled yet".to_owned(),
    };
    let drop_at = limits.drop_points;
    let known = format!(
        "{running}; {points} strike points of {drop_at}, {settled}, {owed} of the smallest unit owed if all to come is passed"
    );
    if dropping {
        report.failed(
            name,
            format!("{known}; too many rounds were missed, everything is being taken from it"),
            "find out why answers failed (log, `noema_storage_challenges_total`); when nothing is left and the jail term is over: `noema provider unjail`, then `noema provider activate`",
        );
    } else if points.saturating_add(limits.miss_points) >= drop_at {
        report.failed(
            name,
            format!("{known}; the next missed round drops everything"),
            "find out why rounds were missed (log, `noema_storage_challenges_total`); each round that is passed takes a point away",
        );
    } else if points > 0 {
        report.warning(
            name,
            format!("{known}; rounds were missed"),
            "find out why (log, `noema_storage_challenges_total`); each round that is passed takes a point away",
        );
    } else if let Some(asked) = asked {
        let open = asked.items.iter().filter(|item| !item.answered).count();
        let message = format!(
            "{known}; {open} of {} challenges of this round are not answered yet",
            asked.items.len()
        );
        report.warning(
            name,
            message,
            "start the daemon, if it does not run: it answers at once",
        );
    } else if unsettled > 0 {
        let message = format!("{known}; {unsettled} rounds are over and were not answered");
        report.warning(
            name,
            message,
            "keep the daemon running: it settles them with its next answers",
        );
    } else {
        report.ok(name, known);
    }
}

/// Whether the stake covers what the provider holds.
pub(super) fn cover(report: &mut Report, facts: &Facts) {
    let name = "cover";
    let Some(short) = facts.audits.uncovered else {
        report.ok(name, "the stake covers what the provider holds".to_owned());
        return;
    };
    let known = format!(
        "for {} blocks the stake has covered {} less than what the provider holds",
        short.blocks,
        ByteSize(short.bytes)
    );
    let bond = "bond more: `noema provider bond-more`";
    match (short.blocks_left(), short.missing()) {
        (0, 0) => report.warning(
            name,
            format!("{known}; the replicas that it is leaving make up for that"),
            "keep the daemon running until others have them",
        ),
        (0, missing) => report.failed(
            name,
            format!(
                "{known}; anyone may let it hand over replicas of {}, its daemon does",
                ByteSize(missing)
            ),
            bond,
        ),
        (left, _) => report.failed(
            name,
            format!("{known}; in {left} blocks replicas are handed over"),
            bond,
        ),
    }
}
