//! Where agents are paid.

use std::{fs::OpenOptions, io, io::Write, path::Path};

use noema_agents_primitives::WalletBinding;
use noema_chain_client::{
    agents::{SignedBinding, SignedBy},
    AccountId, AgentCall, AgentRecord, Hash, SigningKey, StateAt, Tick,
};
use serde_json::json;

use super::{
    agent::{begin_as, find, submit},
    compute::begin,
};
use crate::{
    args::agent::wallet::{BindWallet, SignWallet, Wallet},
    failure::Failure,
    keyfile,
    output::{Answer, Fields},
    session::Session,
};

pub(super) async fn run(session: &Session, wallet: Wallet) -> Result<(), Failure> {
    match wallet {
        Wallet::Sign(args) => sign(session, &args).await,
        Wallet::Bind(args) => bind(session, &args).await,
        Wallet::Unbind { agent, key_file } => {
            let (submitter, state) = begin_as(session, key_file.as_deref()).await?;
            find(&state, agent).await?;
            let call = AgentCall::UnbindWallet { agent };
            submit(session, &submitter, agent, call, "unbind the wallet").await
        }
    }
}

async fn sign(session: &Session, args: &SignWallet) -> Result<(), Failure> {
    // Before anybody thinks of a password.
    if args.out.symlink_metadata().is_ok() {
        return Err(exists(&args.out));
    }
    let key = match &args.key_file {
        Some(path) => keyfile::read(path)?,
        None => session.key()?,
    };
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let record = find(&state, args.agent).await?;
    if let Some(owner) = args.owner.filter(|owner| *owner != record.owner) {
        let message = format!(
            "agent {} is {}'s, not {owner}'s: nothing is signed",
            args.agent, record.owner
        );
        return Err(Failure::new("not_owner", message));
    }
    let (now, most) = (state.tick().await?, state.longest_wallet_deadline()?);
    let deadline = deadline(now, args.valid_for, most)?;
    let signed = consent(&state, &key, args.agent, &record, deadline);
    let file = signed.to_json();
    write(&args.out, &format!("{file}\n"))?;
    let text = Fields::new()
        .add("agent", args.agent)
        .add("owner", record.owner)
        .add("wallet", signed.binding.wallet)
        .add("good until tick", deadline)
        .add("now", now)
        .add("file", args.out.display());
    let json = json!({ "consent": file, "tick": now, "file": args.out });
    session.output.answer(&Answer::new(text.to_string(), json))
}

/// How a wallet agrees.
enum Agrees {
    Signed(SignedBinding),
    Key(SigningKey),
}

async fn bind(session: &Session, args: &BindWallet) -> Result<(), Failure> {
    let agrees = match (&args.consent, &args.key_file) {
        (Some(path), _) => Agrees::Signed(read(path)?),
        (None, Some(path)) => Agrees::Key(keyfile::read(path)?),
        (None, None) => {
            return Err(Failure::usage(
                "say how the wallet agrees: --consent or --key-file",
            ))
        }
    };
    let (submitter, state) = begin(session).await?;
    let record = find(&state, args.agent).await?;
    let now = state.tick().await?;
    let signed = match agrees {
        Agrees::Signed(signed) => signed,
        Agrees::Key(key) => {
            let deadline = deadline(now, None, state.longest_wallet_deadline()?)?;
            consent(&state, &key, args.agent, &record, deadline)
        }
    };
    let expected = Expected {
        agent: args.agent,
        signer: submitter.account(),
        record: &record,
        genesis: state.client().genesis_hash(),
        now,
    };
    expected.check(&signed)?;
    let call = AgentCall::BindWallet {
        agent: args.agent,
        wallet: signed.binding.wallet,
        deadline: signed.binding.deadline,
        signature: signed.signature,
    };
    submit(session, &submitter, args.agent, call, "bind the wallet").await
}

/// The first tick at which a signature of now is worth nothing.
fn deadline(now: Tick, valid_for: Option<Tick>, most: Tick) -> Result<Tick, Failure> {
    match valid_for {
        Some(ticks) if ticks > most => Err(Failure::usage(format!(
            "this chain takes wallets' signatures for at most {most} ticks ahead, not {ticks}: let --valid-for be at most that"
        ))),
        ticks => Ok(now.saturating_add(ticks.unwrap_or(most))),
    }
}

/// What the wallet signs is made here, not asked of the node.
fn consent(
    state: &StateAt,
    key: &SigningKey,
    agent: u64,
    record: &AgentRecord,
    deadline: Tick,
) -> SignedBinding {
    let binding = WalletBinding {
        agent,
        owner: record.owner,
        wallet: key.account(),
        nonce: record.bindings,
        deadline,
    };
    SignedBinding::sign(key, &state.client().genesis_hash().0, binding)
}

/// What a consent must fit.
struct Expected<'a> {
    agent: u64,
    signer: AccountId,
    record: &'a AgentRecord,
    genesis: Hash,
    now: Tick,
}

impl Expected<'_> {
    /// Says what the chain would refuse, before a fee is paid for it.
    fn check(&self, signed: &SignedBinding) -> Result<(), Failure> {
        let binding = &signed.binding;
        let refused = |why: String| {
            let message = format!("the wallet's consent is not good: {why}");
            Err(Failure::new("bad_consent", message))
        };
        let again = "let the wallet sign anew with `noema agent wallet sign`";
        if self.record.owner != self.signer {
            let message = format!(
                "agent {} is {}'s; {} signs",
                self.agent, self.record.owner, self.signer
            );
            return Err(Failure::new("not_owner", message));
        }
        if binding.agent != self.agent {
            return refused(format!(
                "it is for agent {}, not {}",
                binding.agent, self.agent
            ));
        }
        if binding.owner != self.record.owner {
            return refused(format!(
                "it is to the owner {}, not {}; {again}",
                binding.owner, self.record.owner
            ));
        }
        if binding.nonce != self.record.bindings {
            return refused(format!(
                "it is number {}, and number {} is next, since a wallet was bound or unbound or the agent changed hands; {again}",
                binding.nonce, self.record.bindings
            ));
        }
        if binding.deadline <= self.now {
            return refused(format!(
                "it was good until tick {}, and now is {}; {again}",
                binding.deadline, self.now
            ));
        }
        match signed.signed_by(&self.genesis.0) {
            // Of other schemes, the chain tells.
            SignedBy::Wallet | SignedBy::Unknown => Ok(()),
            SignedBy::SomebodyElse => refused(format!(
                "it is not signed by {} for the chain with the genesis hash {}",
                binding.wallet, self.genesis
            )),
        }
    }
}

fn read(path: &Path) -> Result<SignedBinding, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    SignedBinding::from_json(&text).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(e) => Err(Failure::io("make", path, &e)),
    }
}

fn exists(path: &Path) -> Failure {
    let message = format!(
        "{} exists already: choose another name with --out",
        path.display()
    );
    Failure::new("exists", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::who;

    const GENESIS: Hash = Hash([7; 32]);

    fn record() -> AgentRecord {
        AgentRecord {
            owner: who(1),
            account: who(2),
            wallet: None,
            former: Vec::new(),
            bindings: 5,
            offered: None,
            file: None,
            endpoints: Vec::new(),
            tenure: 0,
        }
    }

    fn signed(change: impl FnOnce(&mut WalletBinding<AccountId>)) -> SignedBinding {
        let key = SigningKey::dev("Bob").unwrap();
        let mut binding = WalletBinding {
            agent: 3,
            owner: who(1),
            wallet: key.account(),
            nonce: 5,
            deadline: 101,
        };
        change(&mut binding);
        SignedBinding::sign(&key, &GENESIS.0, binding)
    }

    fn check(
        signed: &SignedBinding,
        change: impl FnOnce(&mut Expected<'_>),
    ) -> Result<(), Failure> {
        let record = record();
        let mut expected = Expected {
            agent: 3,
            signer: who(1),
            record: &record,
            genesis: GENESIS,
            now: 100,
        };
        change(&mut expected);
        expected.check(signed)
    }

    #[test]
    fn a_consent_that_fits_is_taken_until_its_deadline() {
        let good = signed(|_| ());
        check(&good, |_| ()).unwrap();
        let late = check(&good, |expected| expected.now = 101).unwrap_err();
        assert_eq!(late.code(), "bad_consent");
        assert!(late.to_string().contains("until tick 101"), "{late}");
    }

    #[test]
    fn what_the_chain_would_refuse_is_named_before_it_costs_a_fee() {
        let says = |signed: &SignedBinding, says: &str| {
            let failure = check(signed, |_| ()).unwrap_err();
            assert_eq!(failure.code(), "bad_consent");
            assert!(failure.to_string().contains(says), "{failure}");
        };
        says(&signed(|b| b.agent = 4), "for agent 4");
        says(&signed(|b| b.owner = who(9)), "to the owner");
        says(&signed(|b| b.nonce = 4), "number 5 is next");
        says(&signed(|b| b.wallet = who(9)), "not signed by");
        let mut changed = signed(|_| ());
        changed.binding.deadline += 1;
        says(&changed, "not signed by");
        let good = signed(|_| ());
        let elsewhere = check(&good, |expected| expected.genesis = Hash([8; 32]));
        assert_eq!(elsewhere.unwrap_err().code(), "bad_consent");
        let stranger = check(&good, |expected| expected.signer = who(9));
        assert_eq!(stranger.unwrap_err().code(), "not_owner");
    }

    #[test]
    fn a_deadline_is_as_far_as_the_chain_allows_or_nearer() {
        assert_eq!(deadline(100, None, 600).unwrap(), 700);
        assert_eq!(deadline(100, Some(600), 600).unwrap(), 700);
        assert_eq!(deadline(100, Some(1), 600).unwrap(), 101);
        let far = deadline(100, Some(601), 600).unwrap_err();
        assert_eq!(far.code(), "usage");
        assert!(far.to_string().contains("at most 600"));
    }

    #[test]
    fn a_consent_is_written_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("consent.json");
        let signed = signed(|_| ());
        write(&path, &signed.to_json().to_string()).unwrap();
        assert_eq!(read(&path).unwrap(), signed);
        assert_eq!(write(&path, "").unwrap_err().code(), "exists");
        assert_eq!(read(&path).unwrap(), signed);
        let other = dir.path().join("other");
        std::fs::write(&other, "{}").unwrap();
        let failure = read(&other).unwrap_err();
        assert_eq!(failure.code(), "usage");
        assert!(failure.to_string().contains("wallet's consent"));
        assert_eq!(read(&dir.path().join("none")).unwrap_err().code(), "file");
    }
}
