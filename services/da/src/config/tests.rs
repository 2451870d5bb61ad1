//! Settings from flags and files.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use noema_transport::Tls;

use super::*;

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

fn parse(arguments: &[&str]) -> Command {
    let all = ["noema-da"].iter().chain(arguments);
    Args::try_parse_from(all).unwrap().command
}

fn seat(arguments: &[&str]) -> Result<SeatSetup, ConfigError> {
    let Command::Seat(args) = parse(&[&["seat"], arguments].concat()) else {
        panic!("not the seat");
    };
    args.into_setup()
}

fn gateway(arguments: &[&str]) -> Result<GatewaySetup, ConfigError> {
    let Command::Gateway(args) = parse(&[&["gateway"], arguments].concat()) else {
        panic!("not the gateway");
    };
    args.into_setup()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_seat_makes_its_key_once_and_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let arguments = [
        "--provider",
        ALICE,
        "--dev-operator",
        "Bob",
        "--data-dir",
        text(&data),
    ];
    let first = seat(&arguments).unwrap();
    assert_eq!(first.config.listen.to_string(), "127.0.0.1:8401");
    assert_eq!(first.config.tls, Tls::Plain);
    let again = seat(&arguments).unwrap();
    let key = |setup: &SeatSetup| setup.config.keys[0].public();
    assert_eq!(key(&first), key(&again));
    let mode = fs::metadata(data.join("seat.key")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn a_seat_keeps_keys_of_before_behind_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let file = crate::bls::SeatKeyFile::at(dir.path().join(name));
        (file.create().unwrap().public(), file.path().to_owned())
    };
    let ((new, new_file), (old, old_file)) = (file("new.key"), file("old.key"));
    let config = dir.path().join("seat.toml");
    let lines = format!(
        "provider = {ALICE:?}\ndev_operator = \"Bob\"\nold_seat_key = [{old_file:?}]\ncapacity = 4000000000\n"
    );
    fs::write(&config, lines).unwrap();
    let setup = seat(&["--config", text(&config), "--seat-key", text(&new_file)]).unwrap();
    let publics: Vec<_> = setup.config.keys.iter().map(|key| key.public()).collect();
    assert_eq!(publics, [new, old]);
    assert_eq!(setup.config.budget.total, 4_000_000_000);
    assert_eq!(setup.config.budget.waiting, 1_000_000_000);
}

#[test]
fn a_seat_without_what_it_needs_says_what() {
    let error = seat(&["--provider", ALICE]).unwrap_err();
    assert!(matches!(error, ConfigError::Missing("operator-key")));
    let error = seat(&["--dev-operator", "Bob"]).unwrap_err();
    assert!(matches!(error, ConfigError::Missing("provider")));
    let missing = [
        "--provider",
        ALICE,
        "--dev-operator",
        "Bob",
        "--seat-key",
        "/nowhere/key",
    ];
    let error = seat(&missing).unwrap_err().to_string();
    assert!(
        error.starts_with("seat-key: ") && error.contains("/nowhere/key"),
        "{error}"
    );
}

#[test]
fn a_gateway_takes_flags_before_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("gateway.toml");
    let namespace = "07".repeat(28);
    let lines = format!(
        "dev_payer = \"Alice\"\ndays = 3\nnamespace = \"0x{namespace}\"\nmax_fee = \"5_000\"\nbundle_size = 2048\n"
    );
    fs::write(&config, lines).unwrap();
    let setup = gateway(&[
        "--config",
        text(&config),
        "--days",
        "5",
        "--dev-payer",
        "Bob",
    ])
    .unwrap();
    assert_eq!(
        setup.payer.account().to_string(),
        noema_chain_client::SigningKey::dev("Bob")
            .unwrap()
            .account()
            .to_string()
    );
    assert_eq!(setup.config.days, 5);
    assert_eq!(setup.config.namespace.0, [7; 28]);
    assert_eq!(setup.config.max_fee, Some(5_000));
    assert_eq!(setup.config.bundles.size, 2_048);
    assert_eq!(setup.config.bundles.largest_member, 2_048);
    assert!(setup.config.token.is_none());
}

#[test]
fn a_gateway_refuses_what_makes_no_sense() {
    let with = |more: &[&str]| gateway(&[&["--dev-payer", "Alice"], more].concat());
    for (more, word) in [
        (&["--days", "0"][..], "days"),
        (&["--namespace", "0x12"], "namespace"),
        (
            &["--bundle-size", "5000", "--bundle-member", "5001"],
            "bundle-member",
        ),
        (&["--tls", "off", "--listen", "0.0.0.0:1"], "loopback"),
    ] {
        let error = with(more).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    let written = |text: &str, mode| {
        fs::write(&token, text).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
    };
    written("0123456789abcdef\n", 0o644);
    let error = with(&["--token-file", text(&token)]).unwrap_err();
    assert!(matches!(error, ConfigError::Secret(_)));
    written("short\n", 0o600);
    let error = with(&["--token-file", text(&token)]).unwrap_err();
    assert!(matches!(error, ConfigError::Unusable { .. }));
    written("0123456789abcdef\n", 0o600);
    let setup = with(&["--token-file", text(&token)]).unwrap();
    assert_eq!(setup.config.token.as_deref(), Some("0123456789abcdef"));
}

#[test]
fn a_file_with_unknown_names_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("seat.toml");
    fs::write(&config, "providr = \"x\"\n").unwrap();
    let error = seat(&["--config", text(&config)]).unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { .. }));
}
