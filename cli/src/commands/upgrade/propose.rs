//! `noema upgrade propose`: an upgrade brought before those who decide.

use noema_chain_client::{Call, ChainClient, Finalized, StateAt, Submitter, Value as Dynamic};
use serde_json::{json, Value};

use super::{
    apply::check_sudo,
    check::check_all,
    code::Candidate,
    fitness::{Chain, Fitness},
    standing::{Calls, CommitteeVote, Standing, Way, COMMITTEE},
};
use crate::{
    args::upgrade::{By, Propose},
    failure::Failure,
    output::{Answer, Fields},
    session::{confirm, number, Session},
};

pub(super) async fn run(session: &Session, propose: &Propose) -> Result<(), Failure> {
    let candidate = Candidate::read(&propose.wasm)?;
    let key = session.key()?;
    let client = session.connect().await?;
    let chain = Chain::read(&client.at_finalized().await?).await?;
    // What the chain itself would refuse is refused in any case.
    if let Some(failure) = Fitness::of(&candidate, &chain)?.failure() {
        return Err(failure);
    }
    if propose.no_check {
        session.output.warn(
            "proposed without a check: nobody knows whether the chain survives its migrations",
        );
    } else {
        let checked = check_all(session, &propose.wasm, &candidate, &propose.rehearsal).await?;
        if !checked.passed {
            session.output.answer(&checked.answer())?;
            return checked.verdict();
        }
    }
    session.output.note(format_args!(
        "{} {} -> {}, hash {}",
        chain.spec_name, chain.spec_version, candidate.version.spec_version, candidate.hash
    ));
    agree(session, propose.yes, "Propose this runtime?")?;
    let submitter = Submitter::new(client.clone(), key);
    let proposal = Proposal {
        session,
        client,
        submitter,
        candidate: &candidate,
    };
    match propose.by {
        By::Sudo => proposal.by_sudo().await,
        By::Referendum => proposal.by_referendum(propose).await,
    }
}

/// Asks for a yes, unless it was given before or nobody can be asked.
pub(super) fn agree(session: &Session, yes: bool, question: &str) -> Result<(), Failure> {
    if yes || session.output.is_json() {
        return Ok(());
    }
    match confirm(question) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::interrupted()),
        None => Err(Failure::usage(
            "there is no terminal to confirm at: add --yes",
        )),
    }
}

struct Proposal<'a> {
    session: &'a Session,
    client: ChainClient,
    submitter: Submitter,
    candidate: &'a Candidate,
}

impl Proposal<'_> {
    async fn by_sudo(&self) -> Result<(), Failure> {
        let state = self.client.at_finalized().await?;
        if !state.has_pallet("Sudo") {
            return Err(Failure::new(
                "no_sudo",
                "this chain has no sudo key: upgrades are decided by referendum here",
            ));
        }
        let hash = self.candidate.hash;
        let mut authorized = Value::Null;
        if Standing::read(&state).await?.authorized != Some(hash) {
            let call = Call::AuthorizeUpgrade { code_hash: hash }.sudo();
            let done = self
                .session
                .submit(&self.submitter, call, "authorise the runtime")
                .await?;
            check_sudo(&done)?;
            authorized = json!({ "block": done.block, "tx": done.tx });
        }
        let text = Fields::new()
            .add("code hash", hash)
            .add("authorised", "yes, by sudo")
            .add("next", "noema upgrade apply WASM, by anyone");
        self.session.output.answer(&Answer::new(
            text.to_string(),
            json!({ "code_hash": hash, "by": "sudo", "authorized": authorized }),
        ))
    }

    /// Each step is taken unless the chain shows that it was.
    async fn by_referendum(&self, propose: &Propose) -> Result<(), Failure> {
        let state = self.client.at_finalized().await?;
        let calls = Calls::new(&state, self.candidate.hash)?;
        if Standing::read(&state).await?.authorized == Some(self.candidate.hash) {
            let text = Fields::new()
                .add("code hash", self.candidate.hash)
                .add("authorised", "yes, already")
                .add("next", "noema upgrade apply WASM, by anyone");
            return self.session.output.answer(&Answer::new(
                text.to_string(),
                json!({ "code_hash": self.candidate.hash, "by": "referendum", "authorized": true }),
            ));
        }
        let way = Way::read(&state, &calls).await?;
        if propose.committee && !self.members(&state).await?.contains(&self.account()) {
            return Err(Failure::new(
                "no_member",
                format!(
                    "{} is no member of the technical committee: leave --committee out",
                    self.submitter.account()
                ),
            ));
        }
        if !way.preimage {
            self.submit(&state, &calls.note_preimage(), "note the preimage")
                .await?;
        }
        if !way.whitelisted && propose.committee {
            self.whitelist(&state, &calls, way.committee.as_ref(), propose.threshold)
                .await?;
        }
        let ongoing = way
            .referendum
            .as_ref()
            .filter(|referendum| referendum.state == "Ongoing");
        let index = match ongoing {
            Some(referendum) => referendum.index,
            None => {
                let done = self
                    .submit(&state, &calls.submit(), "submit the referendum")
                    .await?;
                submitted(&done)?
            }
        };
        if !ongoing.is_some_and(|referendum| referendum.has_decision_deposit) {
            let call = noema_chain_client::call_value(
                "Referenda",
                "place_decision_deposit",
                vec![("index", Dynamic::u128(index.into()))],
            );
            self.submit(&state, &call, "place the decision deposit")
                .await?;
        }

        let state = self.client.at_finalized().await?;
        let way = Way::read(&state, &calls).await?;
        let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        let mut fields = Fields::new()
            .add("code hash", self.candidate.hash)
            .add("authorisation", hex(&calls.authorize))
            .add("its hash", calls.authorize_hash)
            .add("proposal", hex(&calls.proposal))
            .add("its hash", calls.proposal_hash)
            .add("referendum", index);
        if !way.whitelisted {
            fields = fields
                .add(
                    "whitelisted",
                    "not yet: members of the technical committee run this command with --committee, or",
                )
                .add("", format!("vote in {COMMITTEE} on the call"))
                .add("", hex(&calls.whitelist))
                .add("its hash", calls.whitelist_hash);
        } else {
            fields = fields.add("whitelisted", "yes");
        }
        fields = fields.add(
            "next",
            "vote; then noema upgrade status, noema upgrade apply",
        );
        self.session.output.answer(&Answer::new(
            fields.to_string(),
            json!({
                "code_hash": self.candidate.hash,
                "by": "referendum",
                "referendum": index,
                "authorize": { "call": hex(&calls.authorize), "hash": calls.authorize_hash },
                "proposal": { "call": hex(&calls.proposal), "hash": calls.proposal_hash },
                "whitelist": { "call": hex(&calls.whitelist), "hash": calls.whitelist_hash },
                "way": way,
            }),
        ))
    }

    /// Opens the committee's vote, or votes in it; closes it when enough did.
    async fn whitelist(
        &self,
        state: &StateAt,
        calls: &Calls,
        vote: Option<&CommitteeVote>,
        threshold: Option<u32>,
    ) -> Result<(), Failure> {
        let who = self.account();
        let members = self.members(state).await?;
        let all = u32::try_from(members.len()).unwrap_or(u32::MAX);
        let two_thirds = all.saturating_mul(2).div_ceil(3).max(1);
        let mut vote = vote.cloned();
        if vote.is_none() {
            let call = calls.committee_propose(threshold.unwrap_or(two_thirds));
            self.submit(state, &call, "propose the whitelisting to the committee")
                .await?;
            let now = self.client.at_finalized().await?;
            let way = Way::read(&now, calls).await?;
            // With a threshold of one it is done at once.
            if way.whitelisted {
                return Ok(());
            }
            vote = way.committee;
        }
        let Some(open) = vote else {
            return Err(Failure::new(
                "not_whitelisted",
                "the committee's vote was opened, but is not to be found",
            ));
        };
        if !open.ayes.contains(&who) {
            let call = calls.committee_vote(open.index);
            self.submit(state, &call, "vote in the committee").await?;
        }
        let now = self.client.at_finalized().await?;
        let open = Way::read(&now, calls).await?.committee;
        if let Some(open) = open.filter(|open| open.ayes.len() >= open.threshold as usize) {
            let call = calls.committee_close(open.index);
            self.submit(state, &call, "close the committee's vote")
                .await?;
        }
        Ok(())
    }

    /// The signer as the state names it.
    fn account(&self) -> String {
        format!("0x{}", hex::encode(self.submitter.account().0))
    }

    /// The technical committee; nobody on a chain without one.
    async fn members(&self, state: &StateAt) -> Result<Vec<String>, Failure> {
        if !state.has_pallet(COMMITTEE) {
            return Ok(Vec::new());
        }
        Ok(match state.read(COMMITTEE, "Members", vec![]).await? {
            Some(Value::Array(members)) => members
                .iter()
                .filter_map(|member| member.as_str().map(str::to_owned))
                .collect(),
            // A list of one is written as its only member.
            Some(Value::String(only)) => vec![only],
            _ => Vec::new(),
        })
    }

    async fn submit(
        &self,
        state: &StateAt,
        call: &Dynamic,
        what: &str,
    ) -> Result<Finalized, Failure> {
        let call = Call::Raw(state.encode_value(call)?);
        self.session.output.note(format_args!("{what} ..."));
        self.session.submit(&self.submitter, call, what).await
    }
}

/// The number that a submitted referendum got.
fn submitted(done: &Finalized) -> Result<u32, Failure> {
    done.event("Referenda", "Submitted")
        .and_then(|event| number(event.fields.get("index")?))
        .and_then(|index| u32::try_from(index).ok())
        .ok_or_else(|| {
            Failure::new(
                "not_submitted",
                "the chain took the referendum, but does not say which it is",
            )
        })
}
