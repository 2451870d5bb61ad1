//! Examinations without a node, and what is concluded from what a chain says.

use std::{fs, os::unix::fs::PermissionsExt};

use clap::Parser;
use noema_chain_client::{
    AccountId, AccountState, AuditLimits, AuditRound, AuditRoundState, AuditStanding, Challenge,
    Challenges, Hash, NodeInfo, ProviderRecord, ProviderStatus, Role, SigningKey, Uncovered,
};
use noema_commitment::SEGMENT_SIZE;
use noema_transport::Pin;

use super::{chain::AuditFacts, *};
use crate::{
    config::Command,
    store::StoreIdentity,
    testing::{fill, open_store, Sample, TestProvider, GENESIS},
};

const ME: AccountId = AccountId([3; 32]);

fn status(report: &Report, name: &str) -> Option<CheckStatus> {
    let check = report.checks.iter().find(|check| check.name == name);
    check.map(|check| check.status)
}

fn facts() -> Facts {
    Facts {
        genesis: GENESIS,
        node: NodeInfo {
            name: "node".into(),
            version: "1".into(),
            chain: "test".into(),
            peers: 3,
            syncing: false,
        },
        finalized: 7,
        record: Some(ProviderRecord {
            account: ME,
            role: Role::Storage,
            status: ProviderStatus::Active,
            bond: 1,
            unlocking: Vec::new(),
            operator: AccountId([4; 32]),
            endpoint: "http://127.0.0.1:8201".into(),
            capacity: 1,
            reserved: 0,
        }),
        account: Some(AccountState {
            free: 100,
            ..AccountState::default()
        }),
        existential_deposit: 10,
        ahead_ms: 900,
        audits: AuditFacts {
            round: Some(AuditRound {
                index: 8,
                tick: 1_000,
                ends: 1_060,
                answer_ticks: 30,
                state: AuditRoundState::Open {
                    drawn_at: 990,
                    until: 1_025,
                },
            }),
            standing: None,
            asked: None,
            pay: None,
            limits: AuditLimits {
                max_challenges: 32,
                max_settle: 16,
                miss_points: 24,
                drop_points: 96,
                miss_fee: 50,
                hand_over_rounds: 28,
            },
            uncovered: None,
        },
    }
}

#[test]
fn a_stake_that_does_not_cover_is_told_before_and_while_replicas_go() {
    let check = |uncovered| {
        let mut facts = facts();
        facts.audits.uncovered = uncovered;
        let mut report = Report::default();
        audits::cover(&mut report, &facts);
        (status(&report, "cover").unwrap(), report.to_string())
    };
    assert_eq!(check(None).0, CheckStatus::Ok);
    let short = |leaving, blocks| {
        Some(Uncovered {
            bytes: 3 << 20,
            leaving,
            blocks,
            grace: 24,
        })
    };
    for (uncovered, expected, part) in [
        (short(0, 10), CheckStatus::Failed, "in 14 blocks"),
        (short(1 << 20, 24), CheckStatus::Failed, "replicas of 2 MiB"),
        (short(3 << 20, 30), CheckStatus::Warning, "leaving make up"),
    ] {
        let (found, text) = check(uncovered);
        assert!(found == expected && text.contains(part), "{text}");
    }
}

#[test]
fn audits_are_in_order_until_points_open_challenges_or_a_drop_say_otherwise() {
    let check = |standing, asked| {
        let mut facts = facts();
        facts.audits.standing = standing;
        facts.audits.asked = asked;
        let mut report = Report::default();
        audits::audits(&mut report, &facts);
        (status(&report, "audits").unwrap(), report.to_string())
    };
    let standing = |points, unsettled, dropping| {
        Some(AuditStanding {
            next: 8,
            unsettled,
            points,
            dropping,
        })
    };
    let (found, text) = check(None, None);
    assert!(
        found == CheckStatus::Ok && text.contains("round 8"),
        "{text}"
    );
    let (found, text) = check(standing(0, 0, false), None);
    assert!(
        found == CheckStatus::Ok && text.contains("up to round 7"),
        "{text}"
    );
    let (found, text) = check(standing(47, 0, false), None);
    assert!(
        found == CheckStatus::Warning && text.contains("47 strike points of 96"),
        "{text}"
    );
    let (found, _) = check(standing(72, 0, false), None);
    assert_eq!(found, CheckStatus::Failed, "the next miss drops everything");
    let (found, text) = check(standing(72, 0, true), None);
    assert!(
        found == CheckStatus::Failed && text.contains("unjail"),
        "{text}"
    );
    let (found, text) = check(standing(0, 2, false), None);
    assert!(
        found == CheckStatus::Warning && text.contains("2 rounds"),
        "{text}"
    );
    let items = vec![Challenge {
        index: 0,
        root: [1; 32],
        size: 9,
        owner: ME,
        slot: 0,
        sector: 0,
        answered: false,
    }];
    let asked = Challenges {
        round: 8,
        until: 1_025,
        items,
    };
    let (found, text) = check(standing(0, 0, false), Some(asked));
    assert!(
        found == CheckStatus::Warning && text.contains("1 of 1"),
        "{text}"
    );
}

/// What `doctor` says with these arguments.
async fn run(args: &[&str]) -> Report {
    let args = ["noema-storage", "doctor"].iter().chain(args);
    let mut args = Args::try_parse_from(args).unwrap();
    let Some(Command::Doctor(doctor)) = args.command.take() else {
        panic!("{args:?}")
    };
    examine(args, doctor).await
}

#[tokio::test]
async fn without_a_node_this_machine_is_still_checked() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().join("data"), dir.path().join("key"));
    fs::create_dir(&data).unwrap();
    fs::write(&key, "//Bob").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let sample = Sample::new(2 * SEGMENT_SIZE, 0);
    let store = open_store(&data, ME);
    fill(&store, &sample).await;
    let (data_name, me) = (data.display().to_string(), ME.to_string());
    let key_name = key.display().to_string();
    let args = [
        "--provider",
        &me,
        "--operator-key",
        &key_name,
        "--data-dir",
        &data_name,
        "--node",
        "ws://127.0.0.1:9",
        "--disk-reserve",
        "1MiB",
    ];
    let running = run(&args).await;
    assert_eq!(
        status(&running, "index"),
        Some(CheckStatus::Warning),
        "{running}"
    );
    drop(store);
    let deep = [&args[..], &["--deep"]].concat();
    let sound = run(&deep).await;
    for name in [
        "configuration",
        "operator-key",
        "data-directory",
        "index",
        "disk",
        "tls-key",
    ] {
        assert_eq!(
            status(&sound, name),
            Some(CheckStatus::Ok),
            "{name}: {sound}"
        );
    }
    assert_eq!(status(&sound, "node"), Some(CheckStatus::Failed), "{sound}");
    assert!(sound.has_failed() && sound.to_string().contains("ws://127.0.0.1:9"));

    // One bit on the disk, a key that others can read, and a reserve that is not there.
    let name = sample.file.file.to_string();
    let path = data
        .join("files")
        .join(&name[..2])
        .join(format!("{name}.data"));
    let mut bytes = fs::read(&path).unwrap();
    bytes[SEGMENT_SIZE + 1] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let deep = [&deep[..deep.len() - 2], &["100000TiB", "--deep"]].concat();
    let broken = run(&deep).await;
    for name in ["operator-key", "index", "disk"] {
        assert_eq!(
            status(&broken, name),
            Some(CheckStatus::Failed),
            "{name}: {broken}"
        );
    }
    let text = broken.to_string();
    assert!(
        text.contains("segment 1") && text.contains("chmod 600"),
        "{text}"
    );
    assert!(!text.contains("//Bob"));
}

#[tokio::test]
async fn settings_that_are_none_end_the_examination() {
    let report = run(&["--provider", &ME.to_string(), "--max-uploads", "0"]).await;
    assert_eq!(report.checks.len(), 1);
    assert_eq!(status(&report, "configuration"), Some(CheckStatus::Failed));
}

#[test]
fn what_the_chain_says_is_judged() {
    let judge = |change: &dyn Fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        let mut report = Report::default();
        let operator = AccountId([4; 32]);
        chain::node(&mut report, &facts);
        chain::registration(&mut report, &facts, &ME, Some(&operator));
        chain::balance(&mut report, &facts, Some(&operator));
        chain::clock(&mut report, &facts);
        report
    };
    let worst = |change: &dyn Fn(&mut Facts)| judge(change).status;
    let record = |facts: &mut Facts, status| {
        facts.record.as_mut().unwrap().status = status;
    };
    assert_eq!(worst(&|_| {}), CheckStatus::Ok);
    assert_eq!(worst(&|f| f.node.syncing = true), CheckStatus::Warning);
    assert_eq!(worst(&|f| f.record = None), CheckStatus::Failed);
    assert_eq!(
        worst(&|f| f.record.as_mut().unwrap().operator = ME),
        CheckStatus::Failed
    );
    assert_eq!(
        worst(&|f| record(f, ProviderStatus::Chilled)),
        CheckStatus::Warning
    );
    assert_eq!(
        worst(&|f| record(f, ProviderStatus::Jailed { until: 9 })),
        CheckStatus::Warning
    );
    assert_eq!(
        worst(&|f| f.account.as_mut().unwrap().free = 9),
        CheckStatus::Failed
    );
    assert_eq!(
        worst(&|f| f.account.as_mut().unwrap().free = 12),
        CheckStatus::Warning
    );
    for (ahead, expected) in [
        (0, CheckStatus::Ok),
        (9_000, CheckStatus::Ok),
        (-2_000, CheckStatus::Ok),
        (15_000, CheckStatus::Warning),
        (-4_000, CheckStatus::Warning),
        (60_000, CheckStatus::Failed),
        (-60_000, CheckStatus::Failed),
    ] {
        assert_eq!(worst(&|f| f.ahead_ms = ahead), expected, "{ahead}");
    }
}

#[test]
fn the_chain_of_the_directory_and_the_pinned_key_are_compared() {
    let seen = |genesis| {
        Directory::Seen(Box::new(Examination {
            owner: Some(StoreIdentity {
                genesis,
                provider: ME,
            }),
            ..Examination::default()
        }))
    };
    let judge = |directory: &Directory| {
        let mut report = Report::default();
        chain::genesis(&mut report, &facts(), directory);
        report.status
    };
    assert_eq!(judge(&seen(GENESIS)), CheckStatus::Ok);
    assert_eq!(judge(&seen(Hash([8; 32]))), CheckStatus::Failed);
    assert_eq!(judge(&Directory::InUse), CheckStatus::Ok);

    let pinned = |endpoint: String, own| {
        let mut facts = facts();
        facts.record.as_mut().unwrap().endpoint = endpoint;
        let mut report = Report::default();
        chain::pinned(&mut report, &facts, own);
        report.status
    };
    let (own, other) = (Pin([5; 32]), Pin([6; 32]));
    let https = |pin| format!("https://a#{pin}");
    assert_eq!(pinned(https(own), Some(own)), CheckStatus::Ok);
    assert_eq!(pinned(https(other), Some(own)), CheckStatus::Failed);
    assert_eq!(
        pinned("http://127.0.0.1:1".into(), Some(own)),
        CheckStatus::Failed
    );
    assert_eq!(pinned("http://127.0.0.1:1".into(), None), CheckStatus::Ok);
    assert_eq!(pinned(https(other), None), CheckStatus::Warning);
    assert_eq!(pinned("nonsense".into(), None), CheckStatus::Failed);
}

#[tokio::test]
async fn the_endpoint_is_asked_who_it_is() {
    let provider = TestProvider::start(3, &[]).await;
    let mut record = facts().record.unwrap();
    record.endpoint = provider.endpoint.clone();
    let alice = SigningKey::dev("Alice").unwrap();
    let config = |account: AccountId| {
        let args = [
            "noema-storage",
            "--dev-operator",
            "Alice",
            "--provider",
            &account.to_string(),
        ];
        Args::try_parse_from(args).unwrap().into_config().unwrap()
    };
    let mut report = Report::default();
    let directory = Directory::InUse;
    let genesis = Some(GENESIS);
    let store = endpoint::reach(&mut report, &config(ME), &record, genesis, &directory).await;
    assert_eq!(
        (report.status, store.is_some()),
        (CheckStatus::Ok, true),
        "{report}"
    );
    let other = config(alice.account());
    let store = endpoint::reach(&mut report, &other, &record, genesis, &directory).await;
    assert_eq!((report.status, store), (CheckStatus::Failed, None));
    record.endpoint = "http://127.0.0.1:9".into();
    for (directory, expected) in [
        (Directory::InUse, CheckStatus::Failed),
        (Directory::Unknown, CheckStatus::Warning),
    ] {
        let mut report = Report::default();
        endpoint::reach(&mut report, &config(ME), &record, genesis, &directory).await;
        assert_eq!(report.status, expected);
    }
}
