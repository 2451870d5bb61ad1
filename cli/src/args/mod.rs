//! The command line's grammar.

pub(crate) mod account;
pub(crate) mod agent;
pub(crate) mod compute;
pub(crate) mod compute_jobs;
pub(crate) mod da;
pub(crate) mod lease;
pub(crate) mod node;
pub(crate) mod provider;
pub(crate) mod range;
pub(crate) mod storage;
pub(crate) mod up;
pub(crate) mod upgrade;
pub(crate) mod validator;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Where a node answers when nobody says otherwise.
pub(crate) const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// Noema from the command line: run a network, store files, look after providers, validators and accounts,
/// upgrade the runtime.
#[derive(Debug, Parser)]
#[command(
    name = "noema",
    version,
    arg_required_else_help = true,
    propagate_version = true
)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted.\n\
    Answers go to standard output, everything else to standard error."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// RPC address of a node.
    #[arg(long, global = true, env = "NOEMA_URL", default_value = DEFAULT_URL, value_name = "WS_URL")]
    pub(crate) url: String,

    /// Answer with one line of JSON; amounts in it are decimal text in units of 10^-18 NOEMA.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Sign as a development account, such as Alice or Alice//stash [env: NOEMA_DEV].
    ///
    /// Everybody has these keys: for development chains only.
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "account")]
    pub(crate) dev: Option<String>,

    /// Sign with this keystore file [env: NOEMA_ACCOUNT].
    ///
    /// Made by `noema account new`, or exported by Polkadot.js. The password is asked for, or taken
    /// from the environment variable NOEMA_PASSWORD; it is never an argument, which other users of
    /// the machine could read.
    #[arg(long = "account", id = "account", global = true, value_name = "FILE")]
    pub(crate) account: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a local network: a chain and storage providers, until Ctrl-C.
    Up(up::Up),
    /// Store files and get them back.
    #[command(subcommand)]
    Storage(storage::Storage),
    /// Sell and buy inference: services, channels, claims, receipts.
    #[command(subcommand)]
    Compute(compute::Compute),
    /// Make blobs available and get them, sample them, look at the seats that hold them.
    #[command(subcommand)]
    Da(da::Da),
    /// Agents: identity, data, users, keys that act within limits, ratings.
    #[command(subcommand)]
    Agent(agent::Agent),
    /// Look after a provider: registration, bond, activity.
    #[command(subcommand)]
    Provider(provider::Provider),
    /// Look after a validator: session keys, stake, candidacy, pay.
    #[command(subcommand)]
    Validator(validator::Validator),
    /// Keys, balances and transfers.
    #[command(subcommand)]
    Account(account::Account),
    /// Ask a node how it is.
    #[command(subcommand)]
    Node(node::Node),
    /// Replace the chain's runtime: build, check, propose, apply.
    #[command(subcommand)]
    Upgrade(upgrade::Upgrade),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{error::ErrorKind, CommandFactory};

    pub(crate) fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("noema").chain(line.split_whitespace()))
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_are_taken_before_and_after_the_command() {
        for line in [
            "--json --dev Alice --url ws://h:1 storage list",
            "storage list --json --dev Alice --url ws://h:1",
        ] {
            let global = parse(line).unwrap().global;
            assert!(global.json);
            assert_eq!(global.dev.as_deref(), Some("Alice"));
            assert_eq!(global.url, "ws://h:1");
        }
    }

    #[test]
    fn one_signer_is_enough() {
        let error = parse("storage list --dev Alice --account key.json").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
    }

    #[test]
    fn no_option_takes_a_password() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                assert!(!argument.get_id().as_str().contains("password"));
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    #[test]
    fn every_command_parses() {
        const ADDRESS: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let id = "ab".repeat(32);
        for line in [
            "up --data-dir d --providers 5 --validators 2".to_owned(),
            "up --tmp".into(),
            "account new --out key.json --words 24 --name mine".into(),
            "account import --out key.json".into(),
            "account show".into(),
            format!("account balance {ADDRESS}"),
            format!("account transfer {ADDRESS} 1.5"),
            "storage put file --replicas 2 --wait all".into(),
            "storage put a b dir --recursive --parallel 8 --max-price 2".into(),
            "storage put -r dir --json".into(),
            format!("storage get {id} -o out --range 0-99 --from {ADDRESS} --exclude {ADDRESS} --force"),
            format!("storage get 0x{id} --size 10 -o -"),
            format!("storage status {id}"),
            format!("storage list {ADDRESS}"),
            format!("storage remove {id}"),
            format!("storage resign {id} --size 10"),
            format!("storage renew {id} --until 40 --max-price 2"),
            format!("storage top-up {id} --level 1.5"),
            format!("storage offer {id} --nobody"),
            format!("storage expire {id}"),
            "storage root file".into(),
            format!(
                "provider register --bond 1000 --operator {ADDRESS} --endpoint http://h:1 --capacity 1TiB"
            ),
            "da put file --bundle --days 3".into(),
            format!("da put - --namespace {} --no-wait", "07".repeat(28)),
            "da get 12 -o out --force".into(),
            format!("da get 0x{id} --member 3 --gateway http://h:1 --token-file t"),
            format!("da status {id}"),
            format!("da list {} --from 7", "07".repeat(28)),
            "da sample 12 --rows 40".into(),
            "da seats --era 4".into(),
            "provider status".into(),
            "provider list --role compute".into(),
            "provider set-endpoint http://h:1".into(),
            format!("provider set-operator {ADDRESS}"),
            "provider set-capacity 1GiB --role storage".into(),
            "provider bond-more 1".into(),
            "provider unbond all".into(),
            "provider unbond 2.5".into(),
            "provider rebond 1".into(),
            "provider withdraw".into(),
            "provider chill".into(),
            "provider activate".into(),
            "provider unjail".into(),
            "agent register".into(),
            format!("agent register --endpoint mcp=http://localhost:1 --endpoint web=https://a.example --file {id}"),
            "agent show 0 --tag speed".into(),
            format!("agent list {ADDRESS}"),
            "agent data list 0".into(),
            format!("agent data commit 0 {id} --description memory --file {id}"),
            format!("agent data commit 0 {id} --holder {ADDRESS}=0x0102 --holder {ADDRESS}=@sealed"),
            "agent data show 0 1".into(),
            format!("agent data update 0 1 {id} --file {id} --holder {ADDRESS}=01"),
            format!("agent data seal 0 1 {ADDRESS}=0x0102 {ADDRESS}=@sealed"),
            format!("agent data unseal 0 1 {ADDRESS}"),
            format!("agent data stage 0 1 {id} --holder {ADDRESS}=0x0102"),
            "agent data unstage 0 1".into(),
            "agent data drop 0 1".into(),
            "agent wallet sign 0 --out consent.json".into(),
            format!("agent wallet sign 0 --owner {ADDRESS} --valid-for 60 --key-file k --out consent.json"),
            "agent wallet bind 0 --consent consent.json".into(),
            "agent wallet bind 0 --key-file k".into(),
            "agent wallet unbind 0 --key-file k".into(),
            "agent schedule list 0".into(),
            format!("agent schedule add 0 --session 1 --send 1.5 --to {ADDRESS} --in 60 --every 3600 --times 24 --reward 0.01"),
            "agent schedule add 0 --call 0x0a0300 --at 600 --key-file k".into(),
            "agent schedule cancel 0 1 --key-file k".into(),
            "agent schedule run 0 1".into(),
            format!("agent authorize 0 {ADDRESS} --count 3 --expires-in 600 --data 1"),
            format!("agent unauthorize 0 {ADDRESS}"),
            "agent session list 0".into(),
            "agent session grant 0 --key-file k --call Compute.open --call Storage.commit --limit 10 --per-use 1 \
             --per-period 2 --period 3600 --expires-in 86400".into(),
            "agent session revoke 0 1".into(),
            format!("agent act 0 --send 1.5 --to {ADDRESS}"),
            "agent act 0 --as-owner --call 0x0a0300".into(),
            "agent act 0 --key-file k --call 0x0a0300".into(),
            format!("agent transfer 0 {ADDRESS}"),
            format!("agent offer 0 --to {ADDRESS}"),
            "agent offer 0".into(),
            "agent withdraw 0 1.5".into(),
            "agent burn 0".into(),
            "agent tag 0 speed".into(),
            format!("agent feedback 0 87.5 --amount 2 --tag speed --tag care --wallet {ADDRESS}"),
            "agent revoke-feedback 0 3".into(),
            "compute services --kind chat --model tiny/1 --max-output 0.5 --limit 5".into(),
            format!("compute services --provider {ADDRESS}"),
            "compute service 3".into(),
            "compute announce --kind chat --model tiny/1 --endpoint http://localhost:1 --input 0.1 --output 0.4 --key-file k".into(),
            format!("compute announce --kind job --model wasm --endpoint http://localhost:1 --unit 1 --key {ADDRESS} --weights {id} --capacity 8"),
            "compute price 3 --input 0.1 --cached 0.05 --output 0.4".into(),
            "compute set-endpoint 3 http://localhost:1".into(),
            "compute set-capacity 3 8".into(),
            "compute set-key 3 --key-file k".into(),
            "compute retire 3".into(),
            "compute deposit 10".into(),
            "compute withdraw all".into(),
            "compute purse".into(),
            "compute open 3 --cap 10 --key-file k --lanes 4 --per-request 0.1 --limit 5 --expires-in 3600".into(),
            "compute top-up 0 2.5".into(),
            format!("compute grant 0 --key {ADDRESS}"),
            "compute revoke 0 1".into(),
            "compute drop-session 0 1".into(),
            "compute close 0".into(),
            "compute settle 0".into(),
            "compute remove 0".into(),
            format!("compute channels --with {ADDRESS}"),
            "compute channels".into(),
            "compute channel 0".into(),
            "compute redeem a.json b.json --service-key k".into(),
            "compute report receipt.json".into(),
            "compute verify-receipt r.json --voucher v.json".into(),
            format!("compute verify-receipt r.json --voucher v.json --response a --status 200 --model m --key {ADDRESS} --genesis {id}"),
            format!("compute forget {ADDRESS}"),
            "compute new-key --out k".into(),
            "validator setup --bond 1000".into(),
            format!("validator setup --bond 1000.5 --commission 2.5 --payee {ADDRESS}"),
            "validator setup --bond 1000 --payee staked --keys 0x01 --proof 0x02".into(),
            "validator status".into(),
            format!("validator status {ADDRESS}"),
            "validator list --json".into(),
            "validator chill".into(),
            "validator unbond all".into(),
            "validator unbond 2.5".into(),
            "validator withdraw".into(),
            "validator payout".into(),
            format!("validator payout {ADDRESS} --era 7"),
            "node status".into(),
            "node status --check".into(),
            "upgrade build --commit v1 --try-runtime --out dir".into(),
            format!("upgrade build --verify 0x{id}"),
            "upgrade check runtime.wasm --try-runtime checks.wasm --strict --max-blocks 9".into(),
            "upgrade propose runtime.wasm --committee --threshold 2 --yes".into(),
            "upgrade propose runtime.wasm --by sudo --no-check --i-know-what-i-do".into(),
            "upgrade apply runtime.wasm --yes".into(),
            "upgrade status".into(),
            "upgrade status 7".into(),
        ] {
            parse(&line).unwrap_or_else(|e| panic!("`noema {line}`: {e}"));
        }
    }

    #[test]
    fn wrong_calls_are_refused_before_anything_is_done() {
        for line in [
            "storage put file --replicas 0",
            "storage put file --replicas 256",
            "storage put",
            "storage put a b --parallel 0",
            "storage get nothex",
            "account transfer 5GrwvaEF 1",
            "account transfer 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY -1",
            "provider set-capacity many",
            "agent register --endpoint ftp=x",
            "agent authorize 0",
            "agent session grant 0 --key-file k --limit 1",
            "agent act 0",
            "agent act 0 --send 1",
            "agent data seal 0 1",
            "agent data seal 0 1 nobody=01",
            "agent data unseal 0 1",
            "agent wallet sign 0",
            "agent wallet bind 0",
            "agent wallet bind 0 --consent c.json --key-file k",
            "agent schedule add 0 --call 0x00",
            "agent schedule add 0 --in 1",
            "agent schedule add 0 --call 0x00 --in 1 --at 1",
            "agent schedule add 0 --call 0x00 --in 1 --times 0",
            "agent schedule add 0 --call 0x00 --in 1 --every 5",
            "agent schedule add 0 --call 0x00 --in 1 --every 0 --times 2",
            "agent schedule add 0 --call 0x00 --in 1 --reward 1 --key-file k",
            "agent feedback 0 100.01",
            "compute announce --kind chat --model m --endpoint http://localhost:1 --input 1",
            "compute announce --kind song --model m --endpoint http://localhost:1 --input 1 --key-file k",
            "compute announce --kind chat --model m --endpoint http://localhost:1 --key-file k",
            "compute price 3",
            "compute price 3 --input 1 --unit 1",
            "compute set-capacity 3 0",
            "compute open 3 --cap 10",
            "compute open 3 --cap 10 --key-file k --key 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            "compute open 3 --cap 10 --key-file k --lanes 0",
            "compute redeem",
            "compute verify-receipt r.json",
            "compute verify-receipt r.json --voucher v --request b",
            "compute verify-receipt r.json --voucher v --genesis 00",
            "validator setup",
            "validator setup --bond -1",
            "validator setup --bond 1000 --commission 101",
            "validator setup --bond 1000 --payee somebody",
            "validator setup --bond 1000 --keys 0x01",
            "validator setup --bond 1000 --proof 0x01",
            "validator setup --bond 1000 --keys 0x --proof 0x01",
            "validator unbond",
            "validator unbond half",
            "validator payout --era -1",
            "up --tmp --data-dir d",
            "up --validators 0",
            "upgrade check",
            "upgrade check runtime.wasm --max-blocks 0",
            "upgrade propose runtime.wasm --no-check",
            "upgrade propose runtime.wasm --i-know-what-i-do",
            "upgrade build --allow-dirty --commit v1",
        ] {
            assert!(parse(line).is_err(), "`noema {line}` is accepted");
        }
    }
}
