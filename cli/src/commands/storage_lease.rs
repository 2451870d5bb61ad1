//! `noema storage renew`, `top-up`, `offer`, `accept`, `expire`: what is done with leases, and how one is described.

use noema_chain_client::{
    AccountId, Call, Deal, FileId, Lease, LeaseCall, LeaseStatus, RoundIndex, StateAt, Submitter,
};
use serde_json::{json, Value};

use crate::{
    amount::Amount,
    args::{
        lease::{Accept, Expire, Offer, Renew, TopUp},
        storage::Which,
    },
    failure::Failure,
    lookup,
    output::{Answer, Fields},
    session::{fee_of, number, Session},
};

/// A lease that a command is about.
struct Target {
    submitter: Submitter,
    state: StateAt,
    file: FileId,
    owner: AccountId,
    deal: Deal,
}

impl Target {
    /// Finds the deal of `owner`, or of the signer.
    async fn find(
        session: &Session,
        which: &Which,
        owner: Option<AccountId>,
    ) -> Result<Self, Failure> {
        let key = session.key()?;
        let client = session.connect().await?;
        let state = client.at_finalized().await?;
        let submitter = Submitter::new(client, key);
        let owner = owner.unwrap_or(submitter.account());
        let found = lookup::find(&state, which).await?;
        let file = found.file.file;
        let deal = found.deals.into_iter().find(|(whose, _)| *whose == owner);
        let (_, deal) = deal.ok_or_else(|| {
            Failure::new(
                "not_found",
                format!("{owner} has no deal over file {file}; `noema storage status` shows who has, name the owner with --owner"),
            )
        })?;
        Ok(Self {
            submitter,
            state,
            file,
            owner,
            deal,
        })
    }

    async fn round(&self) -> Result<RoundIndex, Failure> {
        let round = self.state.audit_round().await?;
        Ok(round.map_or(0, |round| round.index))
    }

    /// Submits a call and tells how the lease stands then. `paid` are numbers of the event that are amounts to be told.
    async fn submit(
        &self,
        session: &Session,
        call: LeaseCall,
        what: &str,
        (event, amounts): (&str, &[&str]),
    ) -> Result<(), Failure> {
        let call = Call::Lease(call);
        let done = session.submit(&self.submitter, call, what).await?;
        let state = self.submitter.client().at(done.block).await?;
        let owner = match event {
            "OwnerChanged" => self.submitter.account(),
            _ => self.owner,
        };
        let lease = state.lease(&self.file, &owner).await?;
        let round = state.audit_round().await?.map_or(0, |round| round.index);
        let mut text = Fields::new().add("file", self.file).add("owner", owner);
        let mut told = serde_json::Map::new();
        if let Some(event) = done.event("Storage", event) {
            for name in amounts {
                if let Some(amount) = event.fields.get(*name).and_then(number) {
                    text = text.add(name.replace('_', " "), Amount(amount));
                    told.insert((*name).to_owned(), json!(amount.to_string()));
                }
            }
        }
        if let Some(lease) = &lease {
            text = describe(text, lease, round);
        }
        let fee = fee_of(&done);
        text = text
            .add("block", done.block.number)
            .add("transaction", done.tx);
        session.output.answer(&Answer::new(
            text.to_string(),
            json!({
                "file": self.file,
                "owner": owner,
                "amounts": told,
                "lease": lease.as_ref().map(as_json),
                "round": round,
                "fee": fee.map(|fee| fee.to_string()),
                "block": done.block,
                "tx": done.tx,
            }),
        ))
    }
}

pub(super) async fn renew(session: &Session, renew: &Renew) -> Result<(), Failure> {
    let target = Target::find(session, &renew.which, renew.owner).await?;
    let (file, owner) = (target.file, target.owner);
    let constants = target.state.constants()?;
    let now = target.round().await?;
    let rounds = renew.rounds.unwrap_or(constants.usual_rounds());
    let until = renew.until.unwrap_or(now.saturating_add(rounds));
    let quote = target.state.renewal_quote(&file, &owner, until).await?;
    let Some(quote) = quote else {
        let most = constants.max_rounds.saturating_sub(constants.grace_rounds);
        let last = now.saturating_add(most);
        return Err(Failure::usage(format!(
            "the chain does not extend this lease to round {until}: it is round {now}, {last} is the last that is sold, and a lease that is over is not extended"
        )));
    };
    if let Some(max) = renew.max_price.filter(|max| quote.price > max.0) {
        return Err(Failure::new(
            "price_above_maximum",
            format!(
                "it costs {}, more than the {max} that you pay at most",
                Amount(quote.price)
            ),
        ));
    }
    let call = LeaseCall::Renew {
        leases: vec![(file, owner)],
        until,
        max: quote.price,
    };
    let told = ("LeaseRenewed", &["charged", "from_credit", "rent"][..]);
    target.submit(session, call, "renew the lease", told).await
}

pub(super) async fn top_up(session: &Session, top_up: &TopUp) -> Result<(), Failure> {
    let target = Target::find(session, &top_up.which, top_up.owner).await?;
    let call = LeaseCall::TopUp {
        file: target.file,
        owner: target.owner,
        level: top_up.level.0,
    };
    let told = ("ToppedUp", &["amount", "credit"][..]);
    target.submit(session, call, "raise the credit", told).await
}

pub(super) async fn offer(session: &Session, offer: &Offer) -> Result<(), Failure> {
    let target = Target::find(session, &offer.which, None).await?;
    let to = offer.to.filter(|_| !offer.nobody);
    let call = LeaseCall::Offer {
        file: target.file,
        to,
    };
    target
        .submit(session, call, "offer the deal", ("Offered", &[]))
        .await
}

pub(super) async fn accept(session: &Session, accept: &Accept) -> Result<(), Failure> {
    let target = Target::find(session, &accept.which, Some(accept.owner)).await?;
    let account = target.submitter.account();
    if target.deal.offered_to != Some(account) {
        return Err(Failure::new(
            "not_offered",
            format!(
                "{} does not offer this deal to {account}: it says `noema storage offer` first",
                accept.owner
            ),
        ));
    }
    // The chain computes it anew; it differs where the deal was made under other parameters.
    let replicas = target.deal.replicas();
    let constants = target.state.constants()?;
    let quote = target
        .state
        .storage_quote(target.deal.size, replicas, constants.min_rounds)
        .await?;
    let deposit = quote.map_or(target.deal.deposit, |quote| quote.deposit);
    let call = LeaseCall::Accept {
        file: target.file,
        owner: target.owner,
        replicas,
        max: accept.max_deposit.map_or(deposit, |max| max.0),
    };
    let told = ("OwnerChanged", &[][..]);
    target
        .submit(session, call, "take the deal over", told)
        .await
}

pub(super) async fn expire(session: &Session, expire: &Expire) -> Result<(), Failure> {
    let target = Target::find(session, &expire.which, expire.owner).await?;
    let lease = target.state.lease(&target.file, &target.owner).await?;
    if let Some(lease) = lease.filter(|lease| lease.status != LeaseStatus::Over) {
        return Err(Failure::new(
            "not_over",
            format!(
                "the lease runs to the end of round {}; its owner can `noema storage remove` it before",
                lease.end
            ),
        ));
    }
    let call = LeaseCall::Expire {
        file: target.file,
        owner: target.owner,
        replicas: target.deal.replicas(),
    };
    let told = ("Removed", &["refunded"][..]);
    target
        .submit(session, call, "clean the deal up", told)
        .await
}

/// How a lease stands in round `now`, for people.
pub(super) fn describe(text: Fields, lease: &Lease, now: RoundIndex) -> Fields {
    let ends = match lease.status {
        LeaseStatus::Running => format!(
            "until round {}, then grace to round {} (it is round {now})",
            lease.until, lease.end
        ),
        LeaseStatus::Grace => format!(
            "IN GRACE: ends with round {} (it is round {now}); renew it",
            lease.end
        ),
        LeaseStatus::Over => format!("OVER since round {}; it is cleaned up", lease.end),
    };
    let replicas = format!(
        "{} wanted, {} held, {} earning",
        lease.wanted, lease.held, lease.earning
    );
    let rent = match lease.next {
        Some(next) => format!(
            "{} a replica and round, {} to round {}",
            Amount(lease.rent),
            Amount(next.rent),
            next.end
        ),
        None => format!("{} a replica and round", Amount(lease.rent)),
    };
    text.add("lease", ends)
        .add("lease has", replicas)
        .add("rent", rent)
        .add("credit", Amount(lease.credit))
        .add("back if removed", Amount(lease.refund_now))
}

/// How a lease stands, for programs.
pub(super) fn as_json(lease: &Lease) -> Value {
    let next = lease
        .next
        .map(|next| json!({ "rent": next.rent.to_string(), "end": next.end }));
    json!({
        "status": lease.status.name(),
        "rent": lease.rent.to_string(),
        "next": next,
        "until": lease.until,
        "end": lease.end,
        "credit": lease.credit.to_string(),
        "refund_now": lease.refund_now.to_string(),
        "wanted": lease.wanted,
        "held": lease.held,
        "earning": lease.earning,
        "below_wanted": lease.held < lease.wanted,
    })
}

#[cfg(test)]
mod tests {
    use noema_chain_client::Segment;

    use super::*;

    fn lease(status: LeaseStatus) -> Lease {
        Lease {
            status,
            rent: 2_000_000_000_000,
            next: None,
            until: 40,
            end: 52,
            credit: 0,
            refund_now: 1_000_000_000_000_000_000,
            wanted: 3,
            held: 2,
            earning: 1,
        }
    }

    #[test]
    fn a_lease_says_when_it_ends_and_what_is_to_be_done() {
        let text = |lease: &Lease| describe(Fields::new(), lease, 41).to_string();
        let running = text(&lease(LeaseStatus::Running));
        assert!(running.contains("until round 40, then grace to round 52"));
        assert!(running.contains("3 wanted, 2 held, 1 earning"), "{running}");
        assert!(text(&lease(LeaseStatus::Grace)).contains("renew it"));
        assert!(text(&lease(LeaseStatus::Over)).contains("OVER"));
        let next = Lease {
            next: Some(Segment { rent: 5, end: 80 }),
            ..lease(LeaseStatus::Running)
        };
        assert!(text(&next).contains("to round 80"));
    }

    #[test]
    fn amounts_of_a_lease_are_text_for_programs() {
        let json = as_json(&lease(LeaseStatus::Grace));
        assert_eq!(json["status"], "grace");
        assert_eq!(json["refund_now"], "1000000000000000000");
        assert_eq!(json["below_wanted"], true);
    }
}
