//! Who may call what: a row for every call, proven by calling it as everybody else.
//!
//! The table is published as `docs/who-may-call.md`. After an intended change:
//! `UPDATE_DOCS=1 cargo test -p noema-runtime --test who_may_call`.

mod chain;
mod who_may_call_table;

use frame_support::storage::with_transaction;
use noema_runtime::{
    configs::{governance::Committee, safety::CallFilter},
    governance::origins::Origin,
    AccountId, Assets, Runtime, RuntimeCall, RuntimeOrigin, SafeMode, System,
};
use pallet_collective::RawOrigin;
use sp_core::traits::{Externalities, ReadRuntimeVersion, ReadRuntimeVersionExt};
use sp_io::TestExternalities;
use sp_runtime::{traits::Dispatchable, DispatchError, DispatchResultWithInfo, TransactionOutcome};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
};
use who_may_call_table::{Who, ROWS};

/// The origins that a call can be made with here, with their names.
fn origins() -> [(&'static str, RuntimeOrigin); 15] {
    let committee = |origin: RawOrigin<AccountId, Committee>| RuntimeOrigin::from(origin);
    [
        ("none", RuntimeOrigin::none()),
        ("signed", RuntimeOrigin::signed(stranger())),
        ("root", RuntimeOrigin::root()),
        ("whitelisted caller", Origin::WhitelistedCaller.into()),
        ("treasurer", Origin::Treasurer.into()),
        ("general admin", Origin::GeneralAdmin.into()),
        ("referendum canceller", Origin::ReferendumCanceller.into()),
        ("referendum killer", Origin::ReferendumKiller.into()),
        ("small spender", Origin::SmallSpender.into()),
        ("medium spender", Origin::MediumSpender.into()),
        ("big spender", Origin::BigSpender.into()),
        (
            "a member of the committee",
            committee(RawOrigin::Member(stranger())),
        ),
        (
            "less of the committee",
            committee(RawOrigin::Members(13, 20)),
        ),
        ("2/3 of the committee", committee(RawOrigin::Members(2, 3))),
        ("3/4 of the committee", committee(RawOrigin::Members(3, 4))),
    ]
}

/// Whether a call was refused for its origin.
fn is_refused(result: Result<(), DispatchError>) -> bool {
    let filtered = frame_system::Error::<Runtime>::CallFiltered.into();
    result == Err(DispatchError::BadOrigin) || result == Err(filtered)
}

/// An account that has nothing and is nobody.
fn stranger() -> AccountId {
    AccountId::new([0x77; 32])
}

/// Makes a call without keeping what it does.
fn attempt(call: RuntimeCall, origin: RuntimeOrigin) -> Result<(), DispatchError> {
    with_transaction(|| {
        let result: DispatchResultWithInfo<_> = call.dispatch(origin);
        TransactionOutcome::Rollback(Ok::<_, DispatchError>(result))
    })
    .expect("one level of transactions")
    .map(|_| ())
    .map_err(|failed| failed.error)
}

/// The development chain in its first block, with an asset 0 that is Alice's. No code has a version in
/// it.
fn genesis() -> TestExternalities {
    struct NoVersion;

    impl ReadRuntimeVersion for NoVersion {
        fn read_runtime_version(
            &self,
            _code: &[u8],
            _state: &mut dyn Externalities,
        ) -> Result<Vec<u8>, String> {
            Err("there is none".into())
        }
    }

    let mut state = chain::genesis("development");
    state.register_extension(ReadRuntimeVersionExt::new(NoVersion));
    state.execute_with(|| {
        System::set_block_number(1);
        let alice = sp_keyring::Sr25519Keyring::Alice.to_account_id();
        Assets::force_create(RuntimeOrigin::root(), 0.into(), alice.into(), true, 1)
            .expect("there was none");
    });
    state
}

/// Calls of a role that do nothing for anybody as long as their amount is zero, with an amount.
fn with_an_amount(name: &str) -> Option<RuntimeCall> {
    use pallet_assets::Call;
    let (id, amount) = (0.into(), 1);
    let beneficiary = || stranger().into();
    let call = match name {
        "Assets::mint" => Call::mint {
            id,
            beneficiary: beneficiary(),
            amount,
        },
        "Assets::burn" => Call::burn {
            id,
            who: beneficiary(),
            amount,
        },
        "Assets::force_transfer" => Call::force_transfer {
            id,
            source: AccountId::new([0x66; 32]).into(),
            dest: beneficiary(),
            amount,
        },
        _ => return None,
    };
    Some(RuntimeCall::Assets(call))
}

fn rows() -> BTreeMap<&'static str, Who> {
    let rows: BTreeMap<_, _> = ROWS.iter().map(|row| (row.call, row.who)).collect();
    assert_eq!(rows.len(), ROWS.len(), "a call has two rows");
    rows
}

#[test]
fn every_call_has_a_row_and_every_row_is_a_call() {
    let calls: BTreeSet<String> = chain::every_call().into_keys().collect();
    let rows: BTreeSet<String> = rows().into_keys().map(str::to_owned).collect();
    let without: Vec<_> = calls.difference(&rows).collect();
    let of_nothing: Vec<_> = rows.difference(&calls).collect();
    assert!(
        without.is_empty() && of_nothing.is_empty(),
        "calls without a row: {without:?}; rows of no call: {of_nothing:?}; \
         the table is runtime/tests/who_may_call_table/mod.rs"
    );
}

#[test]
fn every_call_refuses_exactly_the_origins_that_its_row_leaves_out() {
    let rows = rows();
    let mut wrong = Vec::new();
    genesis().execute_with(|| {
        for (name, call) in chain::every_call() {
            let who = rows[name.as_str()];
            for (origin_name, origin) in origins() {
                let result = attempt(call.clone(), origin);
                if is_refused(result) == who.accepts(origin_name) {
                    wrong.push(format!("{name} as {origin_name}: {result:?}, row {who:?}"));
                }
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn calls_of_the_sudo_key_refuse_every_other_account() {
    let error = DispatchError::from(pallet_sudo::Error::<Runtime>::RequireSudo);
    let mut tried = 0;
    genesis().execute_with(|| {
        for (name, call) in chain::every_call() {
            if rows()[name.as_str()] == Who::SudoKey {
                let result = attempt(call, RuntimeOrigin::signed(stranger()));
                assert_eq!(result, Err(error), "{name}");
                tried += 1;
            }
        }
    });
    assert!(tried > 0);
}

/// Outside safe mode and inside, whichever the call is for.
#[test]
fn calls_that_are_switched_off_serve_nobody() {
    use pallet_safe_mode::Error;
    // No deposit is configured, so that none can ever be released.
    let expected = [Error::<Runtime>::NotConfigured, Error::NoDeposit].map(DispatchError::from);
    let alice = sp_keyring::Sr25519Keyring::Alice.to_account_id();
    let mut tried = 0;
    genesis().execute_with(|| {
        for (name, call) in chain::every_call() {
            if rows()[name.as_str()] != Who::Nobody {
                continue;
            }
            let outside = attempt(call.clone(), RuntimeOrigin::signed(alice.clone()));
            SafeMode::force_enter(RuntimeOrigin::root()).expect("root enters safe mode");
            let inside = attempt(call, RuntimeOrigin::signed(alice.clone()));
            SafeMode::force_exit(RuntimeOrigin::root()).expect("root ends safe mode");
            assert!(outside.is_err() && inside.is_err(), "{name}");
            assert!(
                expected
                    .iter()
                    .any(|error| [outside, inside].contains(&Err(*error))),
                "{name}: {outside:?}, {inside:?}"
            );
            tried += 1;
        }
    });
    assert!(tried > 0);
}

/// A stranger gets nothing done with a call that asks for more than a signature.
#[test]
fn calls_of_a_role_fail_for_a_stranger() {
    let mut tried = 0;
    genesis().execute_with(|| {
        for (name, call) in chain::every_call() {
            let who = rows()[name.as_str()];
            if matches!(who, Who::Role | Who::GovernanceOrRole(_)) {
                let call = with_an_amount(&name).unwrap_or(call);
                let result = attempt(call, RuntimeOrigin::signed(stranger()));
                assert!(result.is_err(), "{name} succeeds for anybody");
                tried += 1;
            }
        }
    });
    assert!(tried > 0);
}

// --- The document -------------------------------------------------------------------------------

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/who-may-call.md")
}

/// Calls that a filter leaves open in safe mode.
fn open_in_safe_mode() -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    genesis().execute_with(|| {
        SafeMode::force_enter(RuntimeOrigin::root()).expect("root enters safe mode");
        for (name, call) in chain::every_call() {
            if <CallFilter as frame_support::traits::Contains<RuntimeCall>>::contains(&call) {
                open.insert(name);
            }
        }
    });
    open
}

fn rendered() -> String {
    let open = open_in_safe_mode();
    let mut text = String::from(
        "# Who may call what\n\n\
         Every call of the runtime with the origin it takes. Written by the test that proves it \
         (`runtime/tests/who_may_call.rs`, which makes each call as everybody else); after a change: \
         `make who-may-call`.\n\n\
         Origins: **none** is no account: inherents, which block authors put in, and unsigned \
         transactions that the pallet validates itself. **Signed** is any account that pays the fee. \
         **Root** is a referendum on the track of that name, or the sudo key where a preset sets one. The \
         **treasurer**, the **general admin** and the others that are not accounts are referenda on theirs, \
         see [governance](governance.md). **2/3** and **3/4 of the committee** are motions of the technical \
         committee that so many members voted for. A call made through a multisig, a proxy or a batch has \
         the origin that those give it. Calls that are not open in safe mode can be made again when it \
         ends.\n",
    );
    let mut pallet = "";
    for row in ROWS {
        let (this, call) = row.call.split_once("::").expect("Pallet::call");
        if this != pallet {
            pallet = this;
            let _ = write!(
                text,
                "\n## {pallet}\n\n| call | origin | who, beyond the origin | in safe mode |\n|---|---|---|---|\n"
            );
        }
        let safe = if open.contains(row.call) {
            "open"
        } else {
            "closed"
        };
        let _ = writeln!(
            text,
            "| `{call}` | {} | {} | {safe} |",
            row.who.name(),
            row.beyond
        );
    }
    text
}

#[test]
fn published_table_is_that_of_the_runtime() {
    let path = document();
    let current = rendered();
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        fs::write(&path, &current).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let found = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        found == current,
        "{} is not the table of this runtime: run `make who-may-call` and commit the file",
        path.display()
    );
}
