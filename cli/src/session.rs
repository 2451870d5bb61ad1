//! What a command works with: the way it speaks, the node, the signer.

use std::{future::Future, io::IsTerminal, path::PathBuf, time::Duration};

use noema_chain_client::{
    AccountId, Call, ChainClient, ChainError, ConnectOptions, Finalized, SigningKey, Submitter,
};
use serde_json::Value;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::{
    args::Global,
    failure::Failure,
    keystore::{KeystoreError, KeystoreFile},
    output::Output,
    progress::Shown,
};

/// Environment variable with the password of a keystore file.
pub(crate) const PASSWORD: &str = "NOEMA_PASSWORD";
const DEV: &str = "NOEMA_DEV";
const ACCOUNT: &str = "NOEMA_ACCOUNT";

/// How long a node may take to answer at first.
const CONNECT_PATIENCE: Duration = Duration::from_secs(8);
/// How long a node that does not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause before asking again.
const PAUSE: Duration = Duration::from_secs(1);

/// The surroundings of one command.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) output: Output,
    global: Global,
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Signer {
    Dev(String),
    File(PathBuf),
}

impl Session {
    pub(crate) fn new(global: Global) -> Self {
        Self {
            output: Output::new(global.json),
            global,
        }
    }

    /// Connects to the node.
    pub(crate) async fn connect(&self) -> Result<ChainClient, Failure> {
        let waiting = Shown::waiting(&self.output, &format!("connecting to {}", self.global.url));
        let options = ConnectOptions {
            connect_timeout: CONNECT_PATIENCE,
            ..ConnectOptions::default()
        };
        let client = ChainClient::connect_with(&self.global.url, options).await;
        drop(waiting);
        Ok(client?)
    }

    /// The signer's key. May ask for a password, so that it comes before anything that waits.
    pub(crate) fn key(&self) -> Result<SigningKey, Failure> {
        match self.signer()? {
            Signer::Dev(name) => Ok(SigningKey::dev(&name)?),
            Signer::File(path) => {
                let file = KeystoreFile::read(&path)?;
                let password = password(&format!("Password of {}: ", path.display()))?;
                Ok(file.open(&password, &path)?)
            }
        }
    }

    /// The signer's account, without its password.
    pub(crate) fn account(&self) -> Result<AccountId, Failure> {
        match self.signer()? {
            Signer::Dev(name) => Ok(SigningKey::dev(&name)?.account()),
            Signer::File(path) => Ok(KeystoreFile::read(&path)?.account()),
        }
    }

    /// The keystore file that the signer's key is in, unless it is a development key.
    pub(crate) fn keystore(&self) -> Result<Option<PathBuf>, Failure> {
        Ok(match self.signer()? {
            Signer::Dev(_) => None,
            Signer::File(path) => Some(path),
        })
    }

    fn signer(&self) -> Result<Signer, Failure> {
        let env = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        choose_signer(
            self.global.dev.clone(),
            self.global.account.clone(),
            env(DEV).map(|name| name.to_string_lossy().into_owned()),
            env(ACCOUNT).map(PathBuf::from),
        )
    }

    /// Submits one call and waits until it is final.
    pub(crate) async fn submit(
        &self,
        submitter: &Submitter,
        call: Call,
        what: &str,
    ) -> Result<Finalized, Failure> {
        let waiting = Shown::waiting(&self.output, &format!("{what}: waiting for finality"));
        let done = submitter.submit(call).await;
        drop(waiting);
        done.map_err(|e| Failure::from(e).while_doing(&format!("cannot {what}")))
    }
}

/// Asks the chain until it answers, for as long as a node may need to come back.
pub(crate) async fn patiently<T, Answer>(mut ask: impl FnMut() -> Answer) -> Result<T, ChainError>
where
    Answer: Future<Output = Result<T, ChainError>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            // These do not pass.
            Err(
                e @ (ChainError::BadUrl { .. }
                | ChainError::WrongGenesis { .. }
                | ChainError::Incompatible { .. }),
            ) => return Err(e),
            Err(e) if Instant::now() >= deadline => return Err(e),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// What the command line names comes before what the environment names.
fn choose_signer(
    dev: Option<String>,
    file: Option<PathBuf>,
    env_dev: Option<String>,
    env_file: Option<PathBuf>,
) -> Result<Signer, Failure> {
    match (dev, file) {
        (Some(name), _) => return Ok(Signer::Dev(name)),
        (None, Some(path)) => return Ok(Signer::File(path)),
        (None, None) => {}
    }
    match (env_dev, env_file) {
        (Some(_), Some(_)) => Err(Failure::usage(format!(
            "{DEV} and {ACCOUNT} are both set: say which to use with --dev or --account"
        ))),
        (Some(name), None) => Ok(Signer::Dev(name)),
        (None, Some(path)) => Ok(Signer::File(path)),
        (None, None) => Err(Failure::usage(
            "this command needs an account: --account FILE (make one with `noema account new`), or \
             --dev Alice on a development chain",
        )),
    }
}

/// The password from the environment, else asked for on the terminal.
pub(crate) fn password(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if let Ok(password) = std::env::var(PASSWORD) {
        return Ok(Zeroizing::new(password));
    }
    ask_hidden(prompt).ok_or_else(|| {
        Failure::usage(format!(
            "there is no terminal to ask for the password at: set {PASSWORD}"
        ))
    })
}

/// A new password: from the environment, else asked for twice.
pub(crate) fn new_password() -> Result<Zeroizing<String>, Failure> {
    let password = password("New password: ")?;
    if password.is_empty() {
        return Err(Failure::usage(
            "the password is empty; a keystore file needs one",
        ));
    }
    if std::env::var_os(PASSWORD).is_none() {
        let again = ask_hidden("The same again: ").unwrap_or_default();
        if again != password {
            return Err(Failure::usage("the two passwords differ"));
        }
    }
    Ok(password)
}

/// Asks on the terminal without showing what is typed. `None` without a terminal.
pub(crate) fn ask_hidden(prompt: &str) -> Option<Zeroizing<String>> {
    rpassword::prompt_password(prompt).ok().map(Zeroizing::new)
}

/// Asks for a yes on the terminal. `None` without a terminal.
pub(crate) fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    eprint!("{question} [y/N] ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).ok()?;
    Some(matches!(
        line.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

impl From<KeystoreError> for Failure {
    fn from(error: KeystoreError) -> Self {
        let code = match &error {
            KeystoreError::WrongPassword(_) => "wrong_password",
            KeystoreError::Exists(_) => "exists",
            KeystoreError::Malformed { .. } => "keystore",
            KeystoreError::Io { .. } => "file",
            KeystoreError::BadSecret => return Self::usage(error.to_string()),
        };
        Self::new(code, error.to_string())
    }
}

/// What a finalised transaction cost, in the smallest unit, if its events say so.
pub(crate) fn fee_of(done: &Finalized) -> Option<u128> {
    let paid = done.event("TransactionPayment", "TransactionFeePaid")?;
    number(paid.fields.get("actual_fee")?)
}

/// A number in an event: large ones are decimal text.
pub(crate) fn number(value: &Value) -> Option<u128> {
    match value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(
        dev: Option<&str>,
        file: Option<&str>,
        env_dev: Option<&str>,
        env_file: Option<&str>,
    ) -> Result<Signer, Failure> {
        choose_signer(
            dev.map(str::to_owned),
            file.map(PathBuf::from),
            env_dev.map(str::to_owned),
            env_file.map(PathBuf::from),
        )
    }

    #[test]
    fn the_command_line_comes_before_the_environment() {
        let dev = |name: &str| Signer::Dev(name.into());
        let file = |path: &str| Signer::File(path.into());
        assert_eq!(
            choose(Some("A"), None, Some("B"), Some("c")).unwrap(),
            dev("A")
        );
        assert_eq!(choose(None, Some("a"), Some("B"), None).unwrap(), file("a"));
        assert_eq!(choose(None, None, Some("B"), None).unwrap(), dev("B"));
        assert_eq!(choose(None, None, None, Some("c")).unwrap(), file("c"));
    }

    #[test]
    fn no_signer_or_two_in_the_environment_is_a_wrong_call() {
        assert_eq!(choose(None, None, None, None).unwrap_err().code(), "usage");
        assert_eq!(
            choose(None, None, Some("A"), Some("b")).unwrap_err().code(),
            "usage"
        );
    }

    #[test]
    fn numbers_of_events_come_in_two_forms() {
        assert_eq!(number(&serde_json::json!(5)), Some(5));
        assert_eq!(
            number(&serde_json::json!(
                "340282366920938463463374607431768211455"
            )),
            Some(u128::MAX)
        );
        assert_eq!(number(&serde_json::json!({})), None);
    }
}
