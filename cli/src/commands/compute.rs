//! `noema compute`: services, channels, claims and receipts.

use noema_chain_client::{Call, ComputeCall, Finalized, StateAt, Submitter};
use serde_json::{json, Value};

use super::{
    compute_ask, compute_channels, compute_claims, compute_receipt, compute_receipts, compute_run,
    compute_services,
};
use crate::{
    amount::Amount,
    args::compute::Compute,
    failure::Failure,
    keyfile,
    output::{Answer, Fields},
    session::{fee_of, number, Session},
};

pub(crate) async fn run(session: &Session, command: Compute) -> Result<(), Failure> {
    match command {
        Compute::Services(services) => compute_services::list(session, &services).await,
        Compute::Service { service } => compute_services::show(session, service).await,
        Compute::Announce(announce) => compute_services::announce(session, &announce).await,
        Compute::Price { service, price } => {
            compute_services::price(session, service, price.price()).await
        }
        Compute::SetEndpoint { service, endpoint } => {
            compute_services::set_endpoint(session, service, endpoint).await
        }
        Compute::SetCapacity { service, capacity } => {
            let call = ComputeCall::SetCapacity { service, capacity };
            compute_services::change(session, service, call).await
        }
        Compute::SetKey { service, key } => {
            let key = key.resolve()?.account;
            let call = ComputeCall::SetKey { service, key };
            compute_services::change(session, service, call).await
        }
        Compute::Retire { service } => {
            compute_services::change(session, service, ComputeCall::Retire { service }).await
        }
        Compute::Deposit { amount } => {
            let call = ComputeCall::Deposit { amount: amount.0 };
            compute_channels::change_purse(session, call).await
        }
        Compute::Withdraw { amount } => compute_channels::withdraw(session, amount).await,
        Compute::Purse { payer } => compute_channels::purse(session, payer).await,
        Compute::Open(open) => compute_channels::open(session, &open).await,
        Compute::TopUp { channel, amount } => {
            let amount = amount.0;
            let call = ComputeCall::TopUp { channel, amount };
            compute_channels::change(session, channel, call).await
        }
        Compute::Grant { channel, grant } => {
            compute_channels::grant(session, channel, &grant).await
        }
        Compute::Revoke {
            channel,
            session: number,
        } => {
            let call = ComputeCall::Revoke {
                channel,
                session: number,
            };
            compute_channels::change(session, channel, call).await
        }
        Compute::DropSession {
            channel,
            session: number,
        } => {
            let call = ComputeCall::DropSession {
                channel,
                session: number,
            };
            compute_channels::change(session, channel, call).await
        }
        Compute::Close { channel } => {
            compute_channels::change(session, channel, ComputeCall::Close { channel }).await
        }
        Compute::Settle { channel } => compute_channels::settle(session, channel).await,
        Compute::Remove { channel } => {
            compute_channels::change(session, channel, ComputeCall::Remove { channel }).await
        }
        Compute::Channels { payer, with } => compute_channels::list(session, payer, with).await,
        Compute::Channel { channel } => compute_channels::show(session, channel).await,
        Compute::Redeem(redeem) => compute_claims::redeem(session, &redeem).await,
        Compute::Report { receipt } => compute_claims::report(session, &receipt).await,
        Compute::VerifyReceipt(verify) => compute_receipt::run(session, &verify).await,
        Compute::Chat(chat) => compute_ask::chat(session, &chat).await,
        Compute::Run(run) => compute_run::run(session, &run).await,
        Compute::Receipts(receipts) => compute_receipts::run(session, &receipts).await,
        Compute::Embed(embed) => compute_ask::embed(session, &embed).await,
        Compute::Proxy(daemon) => compute_ask::daemon("proxy", &daemon),
        Compute::Gateway(daemon) => compute_ask::daemon("gateway", &daemon),
        Compute::Forget { provider } => {
            compute_channels::change_purse(session, ComputeCall::Forget { provider }).await
        }
        Compute::NewKey { out } => {
            let account = keyfile::make(&out)?.account();
            let text = Fields::new()
                .add("address", account)
                .add("file", out.display());
            session.output.answer(&Answer::new(
                text.to_string(),
                json!({ "address": account, "file": out }),
            ))
        }
    }
}

/// A call that is final.
pub(super) struct Done {
    /// How it went.
    pub(super) done: Finalized,
    /// The state after it.
    pub(super) state: StateAt,
    /// Who signed.
    pub(super) submitter: Submitter,
}

/// The signer's queue and the newest finalised state.
pub(super) async fn begin(session: &Session) -> Result<(Submitter, StateAt), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    Ok((Submitter::new(client, key), state))
}

/// Submits a call and waits until it is final.
pub(super) async fn submit(
    session: &Session,
    submitter: Submitter,
    call: ComputeCall,
    what: &str,
) -> Result<Done, Failure> {
    let done = session
        .submit(&submitter, Call::Compute(Box::new(call)), what)
        .await?;
    let state = submitter.client().at(done.block).await?;
    Ok(Done {
        done,
        state,
        submitter,
    })
}

impl Done {
    /// A number in an event of the compute market that was raised.
    pub(super) fn number(&self, event: &str, field: &str) -> Option<u128> {
        let event = self.done.event("Compute", event)?;
        number(event.fields.get(field)?)
    }

    /// The answer to a call: what there is now, where it was done, and what it cost.
    pub(super) fn answer(&self, text: Fields, mut json: Value) -> Answer {
        let fee = fee_of(&self.done);
        let mut text = text
            .add("block", self.done.block.number)
            .add("transaction", self.done.tx);
        if let Some(fee) = fee {
            text = text.add("fee", Amount(fee));
        }
        if let Some(json) = json.as_object_mut() {
            json.insert("fee".into(), json!(fee.map(|fee| fee.to_string())));
            json.insert("block".into(), json!(self.done.block));
            json.insert("tx".into(), json!(self.done.tx));
        }
        Answer::new(text.to_string(), json)
    }
}
