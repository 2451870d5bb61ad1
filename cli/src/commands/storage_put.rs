//! `noema storage put`: from a file on disk to proven replicas.
//!
//! Every step can be repeated: the deal is found if it is there, segments that a provider has are not
//! sent again, and what is proven is not waited for. So a `put` that broke off is continued by another.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use noema_chain_client::{
    AccountId, Balance, Call, ChainClient, Deal, FileId, Finalized, LeaseQuote, SigningKey,
    StateAt, Submitter,
};
use noema_commitment::Commitment;
use noema_storage::{
    client::{FileRef, Peer, StorageClient, UploadError, UploadOptions, UploadReport},
    UploadToken,
};
use serde_json::json;
use tokio::time::sleep;

use super::{
    account::not_enough,
    storage_deal::{deal_json, describe_deal, hex0x},
    storage_put_many,
    storage_put_rules::{
        assigned, check_limits, check_providers, data_is_placed, is_done, same_replicas,
        DEFAULT_REPLICAS,
    },
};
use crate::{
    amount::Amount,
    args::storage::{Put, Wait},
    failure::Failure,
    follow::{progress, Follow},
    lookup::endpoints,
    output::{Answer, Fields},
    progress::Shown,
    session::{fee_of, patiently, Session},
    source::Source,
};

/// For how long an upload token is signed: a token is for one provider and one file.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// How often all assigned providers are tried before the upload is given up.
pub(super) const ROUNDS: u32 = 3;
/// Pause between two such rounds.
pub(super) const ROUND_PAUSE: Duration = Duration::from_secs(3);

pub(crate) async fn run(session: &Session, put: &Put) -> Result<(), Failure> {
    match put.files.as_slice() {
        [path] if !(put.recursive && path.is_dir()) => put_one(session, put, path).await,
        _ => storage_put_many::run(session, put).await,
    }
}

async fn put_one(session: &Session, put: &Put, path: &Path) -> Result<(), Failure> {
    let source = Source::open(path)?;
    let key = session.key()?;
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let constants = state.constants()?;
    check_limits(&constants, source.size(), put.replicas.unwrap_or(1))?;

    let commitment = source.commit(&session.output).await?;
    let file = FileRef::from(&commitment);
    let submitter = Submitter::new(client.clone(), key.clone());
    let mut journey = Journey {
        session,
        client,
        submitter,
        key,
        source,
        commitment,
        file,
        storage: StorageClient::default(),
        committed: None,
        replicas: put.replicas.unwrap_or(DEFAULT_REPLICAS),
        uploaded: None,
        failures: BTreeMap::new(),
    };
    journey.commit(put).await?;
    match journey.place(put.wait).await {
        Ok(deal) => session.output.answer(&journey.answer(&deal)),
        Err(failure) => Err(journey.give_up(failure).await),
    }
}

/// One file on its way.
struct Journey<'a> {
    session: &'a Session,
    client: ChainClient,
    submitter: Submitter,
    key: SigningKey,
    source: Source,
    commitment: Commitment,
    file: FileRef,
    storage: StorageClient,
    /// The commitment made by this run.
    committed: Option<Finalized>,
    /// How many replicas it asks for.
    replicas: u8,
    /// The upload made by this run.
    uploaded: Option<(Peer, UploadReport)>,
    /// What kept each provider from taking the file, the latest of each.
    failures: BTreeMap<AccountId, String>,
}

impl Journey<'_> {
    fn owner(&self) -> AccountId {
        self.submitter.account()
    }

    /// Finds the deal or makes it.
    async fn commit(&mut self, put: &Put) -> Result<(), Failure> {
        let state = self.client.at_finalized().await?;
        if let Some(deal) = state.deal(&self.file.file, &self.owner()).await? {
            return same_replicas(&deal, put.replicas);
        }
        let replicas = self.replicas;
        check_providers(&state, replicas).await?;
        let quote = self.quote(&state, put, replicas).await?;
        let call = Call::Commit {
            root: self.file.root,
            size: self.file.size(),
            replicas,
            rounds: put.rounds.unwrap_or(state.constants()?.usual_rounds()),
            max: put.max_price.map_or(quote.total, |max| max.0),
        };
        self.check_balance(&state, &call, quote.total).await?;
        // The last moment at which nothing is promised yet.
        self.source.check_unchanged()?;
        let done = self
            .session
            .submit(&self.submitter, call, "commit to the file")
            .await?;
        self.committed = Some(done);
        Ok(())
    }

    /// What it costs now; refused when that is more than may be paid.
    async fn quote(&self, state: &StateAt, put: &Put, replicas: u8) -> Result<LeaseQuote, Failure> {
        let constants = state.constants()?;
        let rounds = put.rounds.unwrap_or(constants.usual_rounds());
        let asked = state.storage_quote(self.file.size(), replicas, rounds);
        let Some(quote) = asked.await? else {
            let most = constants.max_rounds.saturating_sub(constants.grace_rounds);
            return Err(Failure::usage(format!(
                "the chain does not sell {rounds} rounds of this file: it sells {} to {most}",
                constants.min_rounds
            )));
        };
        self.session.output.note(format!(
            "{rounds} rounds cost {}, the placement {}, {} is held as a deposit",
            Amount(quote.escrow),
            Amount(quote.placement),
            Amount(quote.deposit)
        ));
        match put.max_price {
            Some(max) if quote.total > max.0 => Err(Failure::new(
                "price_above_maximum",
                format!(
                    "it costs {}, more than the {max} that you pay at most",
                    Amount(quote.total)
                ),
            )),
            _ => Ok(quote),
        }
    }

    async fn check_balance(
        &self,
        state: &StateAt,
        call: &Call,
        price: Balance,
    ) -> Result<(), Failure> {
        let constants = state.constants()?;
        let owner = self.owner();
        let account = state.account(&owner).await?;
        let spendable = account.transferable(constants.existential_deposit);
        // The fee is asked for only where it can matter: a node does not estimate for an account
        // that has nothing.
        if price > spendable {
            return Err(not_enough(&owner, price, 0, spendable));
        }
        let fee = self.submitter.estimate_fee(call).await?;
        if price.saturating_add(fee) > spendable {
            return Err(not_enough(&owner, price, fee, spendable));
        }
        Ok(())
    }

    /// Follows the deal, uploads when nobody has the data, returns when it is as far as asked for.
    async fn place(&mut self, wait: Wait) -> Result<Deal, Failure> {
        const DRAWING: &str = "waiting for providers to be drawn";
        let output = self.session.output;
        let mut line = Shown::waiting(&output, DRAWING);
        let committed_in = self.committed.as_ref().map_or(0, |done| done.block.number);
        let mut follow = Follow::new(&self.client, self.file.file, self.owner(), committed_in);
        let mut rounds = 0;
        loop {
            let deal = follow.next().await?;
            let uploaded = self.uploaded.as_ref().map(|(peer, _)| peer);
            if is_done(&deal, wait, uploaded) {
                return Ok(deal);
            }
            if !data_is_placed(&deal, uploaded) {
                let assigned = assigned(&deal);
                if assigned.is_empty() {
                    line.say(DRAWING);
                    continue;
                }
                // The bar of the upload takes the line's place.
                drop(line);
                if self.upload(&assigned).await? {
                    rounds = 0;
                } else {
                    rounds += 1;
                    if rounds >= ROUNDS {
                        return Err(self.nobody_takes_it());
                    }
                    sleep(ROUND_PAUSE).await;
                }
                // However long that took, the deal may have changed meanwhile.
                follow.look_again();
                line = Shown::waiting(&output, "looking at the deal");
                continue;
            }
            line.say(progress(&deal));
        }
    }

    /// Uploads to the first of `providers` that takes the file. `false` if none does.
    async fn upload(&mut self, providers: &[AccountId]) -> Result<bool, Failure> {
        let known = patiently(|| async {
            let state = self.client.at_finalized().await?;
            endpoints(&state, providers.iter().copied()).await
        });
        let mut peers = Vec::new();
        for peer in known.await? {
            let status = self
                .storage
                .file_status(&peer.endpoint, &self.file.file)
                .await;
            peers.push((status.ok().flatten().map_or(0, |status| status.have), peer));
        }
        // Where an earlier upload broke off least is left to send; otherwise in the order of slots.
        peers.sort_by_key(|(have, _)| std::cmp::Reverse(*have));
        for (_, peer) in peers {
            match self.upload_to(&peer).await {
                Ok(report) => {
                    self.failures.remove(&peer.provider);
                    self.uploaded = Some((peer, report));
                    return Ok(true);
                }
                Err(UploadError::Provider { peer, source }) => {
                    let why = source.to_string();
                    self.session.output.warn(format_args!(
                        "provider {} did not take the file: {why}",
                        peer.provider
                    ));
                    self.failures.insert(peer.provider, why);
                }
                Err(UploadError::Changed { .. }) => {
                    return Err(Failure::new(
                        "file_changed",
                        format!(
                            "{} changed while it was uploaded: it is no longer what was committed to",
                            self.source.path().display()
                        ),
                    ));
                }
                Err(e) => return Err(Failure::new("file", e.to_string())),
            }
        }
        Ok(false)
    }

    async fn upload_to(&self, peer: &Peer) -> Result<UploadReport, UploadError> {
        let bar = Shown::bytes(&self.session.output, "uploading", self.file.size());
        let token = token_for(&self.key, &self.client, &self.file.file, &peer.provider);
        let options = UploadOptions {
            progress: Some(bar.on_progress()),
            ..UploadOptions::default()
        };
        self.storage
            .upload(self.source.path(), &self.commitment, peer, &token, options)
            .await
    }

    fn nobody_takes_it(&self) -> Failure {
        let reasons: Vec<_> = self
            .failures
            .iter()
            .map(|(provider, why)| format!("provider {provider}: {why}"))
            .collect();
        Failure::new(
            "upload_failed",
            format!(
                "no assigned provider took the file ({}); the deal stands, run the command again to go on",
                if reasons.is_empty() { "none is registered".to_owned() } else { reasons.join("; ") }
            ),
        )
        .with(json!({ "file": self.file.file, "providers": self.failures.iter().map(|(provider, why)| {
            json!({ "provider": provider, "error": why })
        }).collect::<Vec<_>>() }))
    }

    /// A file that is no longer what this run committed to can never be stored: takes the
    /// commitment back, so that nothing is left on chain.
    async fn give_up(&self, failure: Failure) -> Failure {
        if self.committed.is_none() || failure.code() != "file_changed" {
            return failure;
        }
        let call = Call::Remove {
            file: self.file.file,
            replicas: self.replicas,
        };
        match self
            .session
            .submit(&self.submitter, call, "take the commitment back")
            .await
        {
            Ok(_) => failure.and("the commitment was taken back and the deposit returned"),
            Err(e) => failure.and(&format!(
                "{e}; remove it with `noema storage remove {}`",
                self.file.file
            )),
        }
    }

    fn answer(&self, deal: &Deal) -> Answer {
        let file = &self.file;
        let mut text = Fields::new()
            .add("id", file.file)
            .add("root", hex0x(&file.root))
            .add("size", format!("{} bytes", file.size()));
        match &self.uploaded {
            Some((peer, _)) => text = text.add("uploaded to", peer.provider),
            None => text = text.add("uploaded", "nothing: providers have the file"),
        }
        let fee = self.committed.as_ref().and_then(fee_of);
        let mut json = deal_json(&self.owner(), deal);
        if let Some(json) = json.as_object_mut() {
            json.insert("file".into(), json!(file.file));
            json.insert(
                "segments".into(),
                json!(self.commitment.segment_roots.len()),
            );
            json.insert(
                "uploaded_to".into(),
                json!(self.uploaded.as_ref().map(|(peer, _)| peer.provider)),
            );
            json.insert(
                "upload".into(),
                json!(self.uploaded.as_ref().map(|(_, report)| report)),
            );
            json.insert(
                "commit".into(),
                json!(self.committed.as_ref().map(|done| json!({
                    "block": done.block,
                    "tx": done.tx,
                    "fee": fee.map(|fee| fee.to_string()),
                }))),
            );
            json.insert("already_committed".into(), json!(self.committed.is_none()));
        }
        Answer::new(
            format!("{text}{}", describe_deal(&self.owner(), deal)),
            json,
        )
    }
}

/// Lets `provider` take the data of `file` for a while.
pub(super) fn token_for(
    key: &SigningKey,
    client: &ChainClient,
    file: &FileId,
    provider: &AccountId,
) -> UploadToken {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let until = (now + TOKEN_LIFE).as_secs();
    UploadToken::sign(key, &client.genesis_hash(), file, provider, until)
}
