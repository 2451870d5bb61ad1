//! Settings from flags, environment and file.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn parse(args: &[&str]) -> Result<Config, ConfigError> {
    let args = std::iter::once("noema-storage").chain(args.iter().copied());
    Args::try_parse_from(args).unwrap().into_config()
}

fn alice() -> String {
    SigningKey::dev("Alice").unwrap().account().to_string()
}

fn key_file(dir: &Path, secret: &str, mode: u32) -> String {
    let path = dir.join("key");
    fs::write(&path, secret).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

#[test]
fn flags_override_the_file_and_defaults_fill_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path(), "//Bob\n", 0o600);
    let file = dir.path().join("config.toml");
    let text = format!(
        "node = \"ws://n:1\"\nprovider = \"{}\"\nmax_uploads = 5\n",
        alice()
    );
    fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let config = parse(&[
        "--config",
        &file,
        "--operator-key",
        &key,
        "--node",
        "ws://m:2",
    ])
    .unwrap();
    assert_eq!(config.node, "ws://m:2");
    assert_eq!(config.provider.to_string(), alice());
    assert_eq!(config.max_uploads, 5);
    assert_eq!(config.grace, Duration::from_secs(3600));
    assert_eq!(config.store.reserve, Reserve::Usual);
    let usual = Rates {
        scrub: 8 << 20,
        ..Rates::default()
    };
    assert_eq!(config.rates, usual);
    assert_eq!(config.scrub_interval, Duration::from_secs(86_400));
    assert_eq!(
        config.operator.account(),
        SigningKey::dev("Bob").unwrap().account()
    );
}

#[test]
fn rates_and_reserve_come_from_flags_and_file_and_have_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let text = "upload_rate = 2097152\nscrub_rate = 0\ndisk_reserve = \"7%\"\nscrub_interval_seconds = 60\n";
    fs::write(&file, text).unwrap();
    let (file, alice) = (file.display().to_string(), alice());
    let given = |more: &[&str]| {
        let usual = [
            "--config",
            &file,
            "--provider",
            &alice,
            "--dev-operator",
            "Alice",
        ];
        parse(&[&usual, more].concat())
    };
    let config = given(&["--download-rate", "3MiB", "--upload-rate", "4MiB"]).unwrap();
    let expected = Rates {
        upload: 4 << 20,
        download: 3 << 20,
        pull: 0,
        scrub: 0,
    };
    assert_eq!(config.rates, expected);
    assert_eq!(config.store.reserve, Reserve::Percent(7));
    assert_eq!(config.scrub_interval, Duration::from_secs(60));
    for (flag, bad) in [
        ("--upload-rate", "1000"),
        ("--pull-rate", "1"),
        ("--scrub-rate", "1KiB"),
        ("--scrub-interval-seconds", "0"),
    ] {
        let error = given(&[flag, bad]).unwrap_err().to_string();
        assert!(error.contains(flag.trim_start_matches('-')), "{error}");
    }
}

#[test]
fn others_are_poked_only_if_that_is_asked_for() {
    let alice = alice();
    let given = |more: &[&str]| {
        let usual = ["--provider", &alice, "--dev-operator", "Alice"];
        parse(&[&usual, more].concat()).unwrap().poke_others
    };
    assert!(!given(&[]));
    assert!(given(&["--poke-others"]));
    assert!(!given(&["--poke-others=false"]));
}

#[test]
fn what_is_not_covered_is_handed_over_unless_that_is_turned_off() {
    let alice = alice();
    let given = |more: &[&str]| {
        let usual = ["--provider", &alice, "--dev-operator", "Alice"];
        parse(&[&usual, more].concat()).unwrap().hand_over
    };
    assert!(given(&[]) && given(&["--hand-over"]));
    assert!(!given(&["--hand-over=false"]));
}

#[test]
fn doctor_takes_the_settings_before_and_behind_its_name() {
    let alice = alice();
    let parse = |args: &[&str]| {
        let mut args = Args::try_parse_from(args).unwrap();
        let Some(Command::Doctor(doctor)) = args.command.take() else {
            panic!("{args:?}")
        };
        (doctor.deep, args.into_examined(doctor).unwrap())
    };
    let (deep, examined) = parse(&[
        "noema-storage",
        "--provider",
        &alice,
        "doctor",
        "--deep",
        "--node",
        "ws://n:1",
    ]);
    assert!(deep);
    assert_eq!(examined.config.node, "ws://n:1");
    assert_eq!(examined.config.provider.to_string(), alice);
    assert!(matches!(
        examined.operator,
        Err(ConfigError::Missing("operator-key"))
    ));
    let (deep, examined) = parse(&[
        "noema-storage",
        "doctor",
        "--provider",
        &alice,
        "--dev-operator",
        "Bob",
    ]);
    assert!(!deep && examined.is_dev);
    let bob = SigningKey::dev("Bob").unwrap().account();
    assert_eq!(examined.operator.unwrap(), bob);
}

#[test]
fn key_file_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path(), "//Bob", 0o644);
    let error = parse(&["--provider", &alice(), "--operator-key", &key]).unwrap_err();
    assert!(error.to_string().contains("644"), "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn wrong_secret_is_refused_without_showing_it() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path(), "my secret words", 0o600);
    let error = parse(&["--provider", &alice(), "--operator-key", &key]).unwrap_err();
    assert!(!error.to_string().contains("secret words"), "{error}");
}

#[test]
fn what_is_missing_doubled_unknown_or_out_of_range_is_named() {
    let error = parse(&["--provider", &alice()]).unwrap_err();
    assert!(matches!(error, ConfigError::Missing("operator-key")));
    let error = parse(&["--dev-operator", "Alice"]).unwrap_err();
    assert!(matches!(error, ConfigError::Missing("provider")));
    let both = [
        "--provider",
        &alice(),
        "--dev-operator",
        "Alice",
        "--operator-key",
        "x",
    ];
    assert!(matches!(parse(&both).unwrap_err(), ConfigError::TwoKeys));
    let zero = [
        "--provider",
        &alice(),
        "--dev-operator",
        "Alice",
        "--max-uploads",
        "0",
    ];
    assert!(parse(&zero)
        .unwrap_err()
        .to_string()
        .contains("max-uploads"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, "nodde = \"ws://n:1\"\n").unwrap();
    let error = parse(&["--config", &file.display().to_string()]).unwrap_err();
    assert!(error.to_string().contains("nodde"), "{error}");
}
