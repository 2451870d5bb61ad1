//! `noema account`: keys, balances, transfers.

use std::{
    io::{IsTerminal, Read},
    path::PathBuf,
};

use noema_chain_client::{AccountId, Call, Submitter};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    amount::Amount,
    args::account::{Account, NewFile},
    failure::Failure,
    keystore::{KeystoreFile, Secret},
    output::{Answer, Fields},
    session::{ask_hidden, fee_of, new_password, Session},
};

pub(crate) async fn run(session: &Session, command: Account) -> Result<(), Failure> {
    match command {
        Account::New { file, words } => new(session, &file, words),
        Account::Import { file } => import(session, &file),
        Account::Show => show(session),
        Account::Balance { address } => balance(session, address).await,
        Account::Transfer { to, amount } => transfer(session, to, amount).await,
    }
}

fn new(session: &Session, file: &NewFile, words: usize) -> Result<(), Failure> {
    let (secret, phrase) = Secret::generate(words)?;
    let path = write(&secret, file)?;
    // Only where a person sees it: a phrase in a log or a script's output would be read by others.
    if !session.output.is_json() {
        if std::io::stderr().is_terminal() {
            eprintln!(
                "Recovery phrase, shown once. Write it down: whoever has it has the account.\n"
            );
            eprintln!("    {}\n", phrase.as_str());
        } else {
            session.output.warn(
                "the recovery phrase is shown on a terminal only; keep the file and its password, they \
                 are the only way to the account",
            );
        }
    }
    session.output.answer(&made(&secret, &path))
}

fn import(session: &Session, file: &NewFile) -> Result<(), Failure> {
    let text = if std::io::stdin().is_terminal() {
        ask_hidden("Recovery phrase or seed: ").unwrap_or_default()
    } else {
        let mut text = Zeroizing::new(String::new());
        let read = std::io::stdin().take(4096).read_to_string(&mut text);
        read.map_err(|e| Failure::usage(format!("cannot read the phrase: {e}")))?;
        text
    };
    let secret = Secret::parse(&text)?;
    let path = write(&secret, file)?;
    session.output.answer(&made(&secret, &path))
}

/// Seals `secret` under a new password into the file asked for.
fn write(secret: &Secret, file: &NewFile) -> Result<PathBuf, Failure> {
    let path = match &file.out {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{}.json", secret.account())),
    };
    // Before the person thinks of a password.
    if path.symlink_metadata().is_ok() {
        return Err(crate::keystore::KeystoreError::Exists(path).into());
    }
    let password = new_password()?;
    secret.seal(&password, &file.name).write(&path)?;
    Ok(path)
}

fn made(secret: &Secret, path: &std::path::Path) -> Answer {
    let address = secret.account();
    Answer::new(
        Fields::new()
            .add("address", address)
            .add("file", path.display())
            .to_string(),
        json!({ "address": address, "file": path }),
    )
}

fn show(session: &Session) -> Result<(), Failure> {
    let address = session.account()?;
    let public_key = format!("0x{}", hex::encode(address.as_bytes()));
    let file = session.keystore()?;
    let name = match &file {
        Some(path) => KeystoreFile::read(path)?.name().map(str::to_owned),
        None => None,
    };
    let mut text = Fields::new()
        .add("address", address)
        .add("public key", &public_key);
    if let Some(name) = &name {
        text = text.add("name", name);
    }
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({ "address": address, "public_key": public_key, "name": name, "file": file }),
    ))
}

async fn balance(session: &Session, address: Option<AccountId>) -> Result<(), Failure> {
    let address = match address {
        Some(address) => address,
        None => session.account()?,
    };
    let state = session.connect().await?.at_finalized().await?;
    let account = state.account(&address).await?;
    let transferable = account.transferable(state.constants()?.existential_deposit);
    let mut text = Fields::new()
        .add("address", address)
        .add("free", Amount(account.free))
        .add("held", Amount(account.reserved));
    if account.frozen > 0 {
        text = text.add("frozen", Amount(account.frozen));
    }
    text = text.add("transferable", Amount(transferable));
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "address": address,
            "free": account.free.to_string(),
            "held": account.reserved.to_string(),
            "frozen": account.frozen.to_string(),
            "transferable": transferable.to_string(),
            "nonce": account.nonce,
            "block": state.block(),
        }),
    ))
}

async fn transfer(session: &Session, to: AccountId, amount: Amount) -> Result<(), Failure> {
    if amount.0 == 0 {
        return Err(Failure::usage("an amount of 0 moves nothing"));
    }
    let key = session.key()?;
    let client = session.connect().await?;
    let submitter = Submitter::new(client.clone(), key);
    let call = Call::TransferKeepAlive {
        to,
        amount: amount.0,
    };

    let state = client.at_finalized().await?;
    let least = state.constants()?.existential_deposit;
    if state.account(&to).await?.free.saturating_add(amount.0) < least {
        return Err(Failure::new(
            "below_minimum",
            format!(
                "{to} does not exist yet and needs at least {} to begin",
                Amount(least)
            ),
        ));
    }
    let from = submitter.account();
    let can_send = state.account(&from).await?.transferable(least);
    let fee = submitter.estimate_fee(&call).await?;
    if amount.0.saturating_add(fee) > can_send {
        return Err(not_enough(&from, amount.0, fee, can_send));
    }

    let done = session.submit(&submitter, call, "transfer").await?;
    let fee = fee_of(&done);
    let mut text = Fields::new()
        .add("sent", amount)
        .add("from", from)
        .add("to", to)
        .add("block", done.block.number)
        .add("transaction", done.tx);
    if let Some(fee) = fee {
        text = text.add("fee", Amount(fee));
    }
    session.output.answer(&Answer::new(
        text.to_string(),
        json!({
            "from": from,
            "to": to,
            "amount": amount.0.to_string(),
            "fee": fee.map(|fee| fee.to_string()),
            "block": done.block,
            "tx": done.tx,
        }),
    ))
}

/// The failure of an account that cannot pay `amount` and `fee` out of `can_spend`.
pub(crate) fn not_enough(account: &AccountId, amount: u128, fee: u128, can_spend: u128) -> Failure {
    // An account that lacks the amount itself is told so without asking for the fee.
    let and_fee = match fee {
        0 => String::new(),
        fee => format!(" and a fee of about {}", Amount(fee)),
    };
    Failure::new(
        "insufficient_balance",
        format!(
            "insufficient balance: {account} can spend {}, needed are {}{and_fee}",
            Amount(can_spend),
            Amount(amount)
        ),
    )
    .with(json!({
        "account": account,
        "spendable": can_spend.to_string(),
        "needed": amount.saturating_add(fee).to_string(),
    }))
}
