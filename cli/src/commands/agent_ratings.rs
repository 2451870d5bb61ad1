//! Ratings.

use noema_chain_client::AgentCall;

use super::{
    agent::{find, submit},
    compute::begin,
};
use crate::{amount::Amount, args::agent::Feedback, failure::Failure, session::Session};

pub(super) async fn rate(session: &Session, args: Feedback) -> Result<(), Failure> {
    if args.tags.len() > 2 {
        return Err(Failure::usage("a rating has at most two tags"));
    }
    let (submitter, state) = begin(session).await?;
    find(&state, args.agent).await?;
    let payer = session.account()?;
    let agent = args.agent;
    let paid = state
        .agent_unconsumed(&payer, agent, args.wallet.as_ref())
        .await?
        .ok_or_else(|| {
            Failure::usage(format!(
                "agent {agent} is not paid there; `noema agent show {agent}` says where it is and was"
            ))
        })?;
    let amount = args.amount.map_or(paid, |amount| amount.0);
    if amount == 0 || amount > paid {
        let message = format!(
            "{payer} has paid agent {agent} {} that is not used yet; a rating weighs what was paid",
            Amount(paid)
        );
        return Err(Failure::new("not_paid", message));
    }
    let call = AgentCall::Feedback {
        agent,
        amount,
        value: args.rating.0,
        tags: args.tags.into_iter().map(String::into_bytes).collect(),
        wallet: args.wallet,
    };
    submit(session, &submitter, agent, call, "rate the agent").await
}
