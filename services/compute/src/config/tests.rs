//! Settings from flags and files.

use std::io::Write;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn parse(arguments: &[&str]) -> Command {
    let all = ["noema-compute"].iter().chain(arguments);
    Args::try_parse_from(all).unwrap().command
}

fn gateway(arguments: &[&str]) -> Result<GatewaySetup, ConfigError> {
    let all = [&["gateway"], arguments].concat();
    let Command::Gateway(args) = parse(&all) else {
        panic!("not the gateway");
    };
    args.into_setup()
}

fn proxy(arguments: &[&str]) -> Result<ProxySetup, ConfigError> {
    let all = [&["proxy"], arguments].concat();
    let Command::Proxy(args) = parse(&all) else {
        panic!("not the proxy");
    };
    args.into_setup()
}

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const KEYS: [&str; 4] = ["--dev-operator", "Bob", "--dev-service-key", "Charlie"];
const SERVICE: [&str; 6] = [
    "--service",
    "3",
    "--model",
    "tiny/1",
    "--engine",
    "http://127.0.0.1:8000",
];

#[test]
fn a_gateway_of_one_service_needs_no_file() {
    let arguments = [&["--provider", ALICE], &KEYS[..], &SERVICE[..]].concat();
    let setup = gateway(&arguments).unwrap();
    assert_eq!(setup.config.services.len(), 1);
    assert_eq!(setup.config.services[0].service, 3);
    assert_eq!(setup.config.max_body, 8 << 20);
    assert_eq!(setup.config.tls, noema_transport::Tls::Plain);
}

#[test]
fn a_gateway_without_what_it_needs_says_what() {
    for (left_out, missing) in [
        (0..2, "provider"),
        (2..4, "operator-key"),
        (4..6, "service-key"),
        (6..12, "service"),
    ] {
        let mut arguments = [&["--provider", ALICE], &KEYS[..], &SERVICE[..]].concat();
        arguments.drain(left_out);
        let error = gateway(&arguments).unwrap_err();
        assert!(
            matches!(error, ConfigError::Missing(name) if name == missing),
            "{error}"
        );
    }
}

#[test]
fn a_file_has_services_and_flags_go_before_it() {
    let file = file(&format!(
        "provider = \"{ALICE}\"\ndev_operator = \"Bob\"\ndev_service_key = \"Charlie\"\nmax_body = 2048\nredeem_at = \"1_000\"\n\
         [[services]]\nservice = 1\nmodel = \"a\"\nengine = \"http://localhost:1\"\nparallel = 3\n\
         [[services]]\nservice = 2\nmodel = \"b\"\nengine = \"http://localhost:2\"\n"
    ));
    let path = file.path().to_str().unwrap();
    let setup = gateway(&["--config", path, "--max-body", "4096"]).unwrap();
    assert_eq!(setup.config.services.len(), 2);
    assert_eq!(setup.config.services[0].parallel, 3);
    assert_eq!(setup.config.max_body, 4096);
    assert_eq!(setup.config.redeem.at, 1_000);
}

#[test]
fn what_is_not_known_or_out_of_range_is_refused() {
    let unknown = file("nothing = 1\n");
    let path = unknown.path().to_str().unwrap();
    let error = gateway(&["--config", path]).unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { .. }), "{error}");
    for (flag, value) in [
        ("--max-body", "1"),
        ("--stale-seconds", "0"),
        ("--margin", "0"),
        ("--request-seconds", "0"),
        ("--max-connections", "0"),
        ("--engine", "nowhere"),
        ("--model", "a b"),
    ] {
        let mut arguments = [&["--provider", ALICE], &KEYS[..], &SERVICE[..]].concat();
        if let Some(at) = arguments.iter().position(|one| *one == flag) {
            arguments[at + 1] = value;
        } else {
            arguments.extend([flag, value]);
        }
        assert!(gateway(&arguments).is_err(), "{flag} {value}");
    }
}

#[test]
fn a_proxy_pays_from_the_account_of_its_payer_key_and_opens_nothing_without_it() {
    let base = ["--dev-session-key", "Dave", "--max-request", "1000"];
    let setup = proxy(&[&base[..], &["--payer", ALICE]].concat()).unwrap();
    assert_eq!(setup.config.payer.to_string(), ALICE);
    assert_eq!(setup.config.opening, None);
    let error = proxy(&[&base[..], &["--payer", ALICE, "--channel-cap", "5"]].concat());
    assert!(matches!(error, Err(ConfigError::Missing("payer-key"))));
    let opens = ["--dev-payer", "Alice", "--channel-cap", "5_000"];
    let setup = proxy(&[&base[..], &opens].concat()).unwrap();
    assert_eq!(setup.config.payer.to_string(), ALICE);
    assert_eq!(setup.config.opening.unwrap().cap, 5_000);
    let other = ["--dev-payer", "Bob", "--payer", ALICE];
    assert!(proxy(&[&base[..], &other].concat()).is_err());
    assert!(matches!(
        proxy(&["--dev-session-key", "Dave", "--payer", ALICE]),
        Err(ConfigError::Missing("max-request"))
    ));
}

#[test]
fn applications_have_keys_that_are_kept_as_hashes() {
    let hash = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90";
    let text = format!(
        "payer = \"{ALICE}\"\ndev_session_key = \"Dave\"\nmax_request = \"1000\"\nmodes = [\"unverified\"]\n\
         [[applications]]\nname = \"editor\"\nkey_sha256 = \"{hash}\"\nlimit = \"70\"\n"
    );
    let file = file(&text);
    let setup = proxy(&["--config", file.path().to_str().unwrap()]).unwrap();
    let [editor] = &setup.config.applications[..] else {
        panic!("one application");
    };
    assert_eq!(
        (hex::encode(editor.key_hash), editor.limit),
        (hash.to_owned(), Some(70))
    );
    let error = proxy(&[
        "--dev-session-key",
        "Dave",
        "--max-request",
        "1",
        "--payer",
        ALICE,
        "--modes",
        "sworn",
    ]);
    assert!(matches!(
        error,
        Err(ConfigError::Form { name: "modes", .. })
    ));
}

#[test]
fn applications_without_a_key_or_with_one_of_two_are_refused() {
    let refused = |applications: &str| {
        let text = format!(
            "payer = \"{ALICE}\"\ndev_session_key = \"Dave\"\nmax_request = \"1000\"\n{applications}"
        );
        let file = file(&text);
        let error = proxy(&["--config", file.path().to_str().unwrap()]).unwrap_err();
        error.to_string()
    };
    let empty = file("\n");
    let path = empty.path().to_str().unwrap();
    let entry = |name: &str, key: &str| format!("[[applications]]\nname = \"{name}\"\n{key}\n");
    assert!(refused(&entry("a", &format!("key_file = \"{path}\""))).contains("empty"));
    let nothing =
        "key_sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"";
    assert!(refused(&entry("a", nothing)).contains("empty"));
    let keys = ["1", "2"].map(|digit| format!("key_sha256 = \"{}\"", digit.repeat(64)));
    let same_name = entry("a", &keys[0]) + &entry("a", &keys[1]);
    assert!(refused(&same_name).contains("of its own"));
    let same_key = entry("a", &keys[0]) + &entry("b", &keys[0]);
    assert!(refused(&same_key).contains("of its own"));
}

#[test]
fn services_list_what_passes_to_their_engine() {
    let file = file(&format!(
        "provider = \"{ALICE}\"\ndev_operator = \"Bob\"\ndev_service_key = \"Charlie\"\n\
         [[services]]\nservice = 1\nmodel = \"a\"\nengine = \"http://localhost:1\"\nmembers = [\"top_k\"]\nremote_media = true\n\
         [[services]]\nservice = 2\nmodel = \"b\"\nengine = \"http://localhost:2\"\n"
    ));
    let setup = gateway(&["--config", file.path().to_str().unwrap()]).unwrap();
    let [first, second] = &setup.config.services[..] else {
        panic!("two services");
    };
    assert_eq!(first.passes.members, ["top_k"]);
    assert!(first.passes.remote_media);
    assert_eq!(second.passes, Default::default());
}

#[test]
fn a_service_may_have_the_engine_that_is_built_in() {
    let built_in = ["--service", "3", "--model", "mini", "--engine", "built-in"];
    let arguments = [&["--provider", ALICE], &KEYS[..], &built_in].concat();
    let setup = gateway(&arguments).unwrap();
    assert_eq!(setup.config.services[0].model[..], *b"mini");
}

#[test]
fn a_service_of_jobs_has_its_settings_in_a_table_of_their_own() {
    let file = file(
        "[jobs]\nslots = 3\nmemory = 1073741824\n[[services]]\nservice = 4\nmodel = \"wasm/1\"\nengine = \"job\"\n",
    );
    let path = file.path().to_str().unwrap();
    let arguments = [&["--provider", ALICE, "--config", path], &KEYS[..]].concat();
    let config = gateway(&arguments).unwrap().config;
    let behind = &config.services[0].behind;
    assert!(matches!(behind, crate::gateway::Behind::Jobs));
    assert_eq!((config.jobs.slots, config.jobs.memory), (3, 1 << 30));
    assert_eq!(config.jobs.cache_dir, config.data_dir.join("files"));
    // A flag counts more than the file.
    let flags = [&arguments[..], &["--job-slots", "5"]].concat();
    assert_eq!(gateway(&flags).unwrap().config.jobs.slots, 5);
    let little = [&arguments[..], &["--job-memory", "1000"]].concat();
    let error = gateway(&little).unwrap_err().to_string();
    assert!(error.contains("job-memory is 1000"), "{error}");
}
