//! The whole way of an upgrade, on the state of a running chain.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Compact, Decode, Encode};
use noema_core::Hash;
use sp_core::{storage::well_known_keys, traits::CodeExecutor};
use sp_crypto_hashing::blake2_256;
use sp_runtime::DispatchError;
use sp_version::RuntimeVersion;

use crate::{
    chain::{Chain, Failed, Made},
    decode::{read_all, Reading},
    events::{events, Event},
    metadata::{key, Metadata},
    own_checks::own_checks,
    report::{BlockFacts, Report, StateFacts, Version},
    rules::compare_versions,
    state::{Proven, State, Values},
    storage::{by_pallet, compare_storage, After, Before},
    Error,
};

/// Blocks that migrations may take unless said otherwise: about a quarter of an hour.
pub const MAX_BLOCKS: u32 = 1_000;
/// Blocks made after the migrations, which take transactions again.
const AFTERWARDS: u32 = 2;
/// Blocks in which code that was handed in must come into force; two are enough for the SDK.
const FORCE_BLOCKS: u32 = 10;
/// Unreadable keys of one entry that are named.
const NAMED: usize = 3;

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The new code, as it will be handed in.
    pub code: Vec<u8>,
    /// The same runtime built with its own checks (feature `try-runtime`).
    pub with_checks: Option<Vec<u8>>,
    /// Blocks that migrations may take.
    pub max_blocks: u32,
    /// Whether a warning fails the check.
    pub strict: bool,
}

/// Puts an upgrade through on top of `state`: the present runtime takes the code as it would from the chain, the new one then executes
/// blocks until its migrations are done and some more. Nothing leaves memory. `say` is told what is being done.
///
/// # Errors
/// When the check cannot be made: the state is not whole, or the chain's present runtime fails on it. What is wrong with
/// the upgrade stands in the report.
pub fn rehearse<E: CodeExecutor>(
    executor: E,
    state: State,
    upgrade: &Upgrade,
    say: &dyn Fn(&str),
) -> Result<Report, Error> {
    say("building the trie of the state");
    let state = state.prove()?;
    let mut report = Report {
        state: facts(&state),
        code_hash: Hash::from(blake2_256(&upgrade.code)),
        code_size: upgrade.code.len(),
        ..Report::default()
    };
    Rehearsal {
        executor,
        state: &state,
        upgrade,
        say,
        report: &mut report,
    }
    .run()?;
    report.passed = report.errors.is_empty() && (report.warnings.is_empty() || !upgrade.strict);
    Ok(report)
}

struct Rehearsal<'a, E> {
    executor: E,
    state: &'a Proven,
    upgrade: &'a Upgrade,
    say: &'a dyn Fn(&str),
    report: &'a mut Report,
}

impl<E: CodeExecutor> Rehearsal<'_, E> {
    fn run(mut self) -> Result<(), Error> {
        let mut chain = Chain::from_state(self.executor.clone(), self.state);
        let from = version(chain.version()?);
        let old = chain.metadata()?;
        if chain.values().get(&key("Babe", "CurrentSlot")).is_none() {
            return Err(Error::Missing {
                what: "slot of BABE",
            });
        }
        (self.say)("reading every value with the present runtime's types");
        let before = read_all(&old, chain.values());

        (self.say)("compiling the new runtime");
        let Some((to, new)) = self.start(&chain) else {
            return Ok(());
        };
        compare_versions(&from, &to, self.report);
        self.report.from = Some(from);
        self.report.to = Some(to);
        if !self.report.errors.is_empty() {
            return Ok(());
        }

        (self.say)("handing the code in");
        if let Err(reason) = self.hand_in(&mut chain, &old) {
            let error = format!("the chain would not take the code: {reason}");
            self.report.error("not_taken", error);
            return Ok(());
        }
        let values = chain.values().clone();
        let Some(wrote) = self.migrate(&mut chain, &new) else {
            return Ok(());
        };
        self.report.writes = by_pallet(&wrote.changed, &[&old, &new]);
        compare_storage(
            &Before {
                metadata: &old,
                values: &values,
            },
            &After {
                metadata: &new,
                values: chain.values(),
                touched: &wrote.touched,
            },
            self.report,
        );
        (self.say)("reading every value with the new runtime's types");
        let after = read_all(&new, chain.values());
        self.compare_readings(&before, &after);
        if let Some(code) = &self.upgrade.with_checks {
            own_checks(
                Chain::from_state(self.executor.clone(), self.state),
                code,
                self.upgrade.max_blocks,
                self.say,
                self.report,
            );
        }
        Ok(())
    }

    /// Has the new runtime say what it is, which it can only if the client has everything that it imports.
    fn start(&mut self, chain: &Chain<E>) -> Option<(Version, Metadata)> {
        let mut probe = chain.clone();
        probe.set(well_known_keys::CODE.to_vec(), self.upgrade.code.clone());
        let started = probe
            .version()
            .and_then(|version| Ok((version, probe.metadata()?)));
        match started {
            Ok((to, metadata)) => Some((version(to), metadata)),
            Err(failed) => {
                let error = format!("the new runtime does not start: {}", failed.reason);
                self.report.error("does_not_start", error);
                None
            }
        }
    }

    /// Has the present runtime take the code, as if root had authorised it, until it is in force.
    fn hand_in(&self, chain: &mut Chain<E>, old: &Metadata) -> Result<(), String> {
        let code = &self.upgrade.code;
        let hash = Hash::from(blake2_256(code));
        let [pallet, call] = old
            .call("System", "apply_authorized_upgrade")
            .ok_or("it has no call System.apply_authorized_upgrade")?;
        // With the check of the version, as `authorize_upgrade` has it.
        chain.set(key("System", "AuthorizedUpgrade"), (hash, true).encode());
        let mut transaction = vec![old.extrinsic_version(), pallet, call];
        code.encode_to(&mut transaction);
        chain
            .make_block(&[transaction])
            .map_err(|failed| in_words(&failed, old))?;
        let rejected = events(old, chain.values())?
            .into_iter()
            .find(|event| event.is("System", "RejectedInvalidAuthorizedUpgrade"));
        if let Some(event) = rejected {
            return Err(event.to_string());
        }
        for _ in 0..FORCE_BLOCKS {
            if chain.code() == Some(code) {
                return Ok(());
            }
            chain
                .make_block(&[])
                .map_err(|failed| in_words(&failed, old))?;
        }
        Err(format!("it is not in force after {FORCE_BLOCKS} blocks"))
    }

    /// Has the new runtime execute blocks until the migrations are done, and some more. `None` if it came to no good end.
    fn migrate(&mut self, chain: &mut Chain<E>, new: &Metadata) -> Option<Wrote> {
        let pallet = new.migrations_pallet().map(str::to_owned);
        let limit = new
            .constant("System", "BlockWeights")
            .and_then(weight_limit);
        let mut wrote = Wrote::default();
        let mut blocks = 0_u32;
        loop {
            blocks += 1;
            (self.say)(&format!("block {blocks} of the new runtime"));
            let made = match chain.make_block(&[]) {
                Ok(made) => made,
                Err(failed) => {
                    let number = chain.head().number.saturating_add(1);
                    self.report.error(
                        "block_failed",
                        format!(
                            "no block can be made after the upgrade: block {number} fails at {}: {}",
                            failed.call,
                            in_words(&failed, new)
                        ),
                    );
                    return None;
                }
            };
            let migrating = self.report.migration_blocks.is_none();
            self.note(&made, chain.values(), limit, migrating);
            let raised = match events(new, chain.values()) {
                Ok(raised) => raised,
                Err(reason) => {
                    let error = format!(
                        "the events of block {} cannot be read: {reason}",
                        made.number
                    );
                    self.report.error("events_unreadable", error);
                    return None;
                }
            };
            if migrating {
                wrote.add(made);
                self.judge_events(&raised, pallet.as_deref());
                let cursor = pallet
                    .as_deref()
                    .and_then(|pallet| chain.values().get(&key(pallet, "Cursor")));
                match cursor.map(|cursor| Cursor::decode(&mut &cursor[..])) {
                    None => self.report.migration_blocks = Some(blocks),
                    Some(Ok(Cursor::Active(at))) if blocks >= self.upgrade.max_blocks => {
                        self.report.error(
                            "too_many_blocks",
                            format!(
                                "migration {} is not done after {blocks} blocks, while which the chain takes no transactions; allow more with --max-blocks if that is as it should be",
                                at.index
                            ),
                        );
                    }
                    Some(Ok(Cursor::Active(_))) => {}
                    Some(Ok(Cursor::Stuck)) => self.report.error(
                        "stuck",
                        "a migration is stuck: the chain would take no transactions until governance repairs it",
                    ),
                    Some(Err(e)) => {
                        let error = format!("the cursor of the migrations cannot be read: {e}");
                        self.report.error("cursor_unreadable", error);
                    }
                }
                let harmed = [
                    "stuck",
                    "too_many_blocks",
                    "cursor_unreadable",
                    "migration_failed",
                ];
                if self.report.errors.iter().any(|e| harmed.contains(&e.code)) {
                    return None;
                }
            } else if made.inherents_only {
                self.report.error(
                    "takes_no_transactions",
                    format!(
                        "block {} takes no transactions, though no migration is under way",
                        made.number
                    ),
                );
                return None;
            }
            let done = self.report.migration_blocks;
            if done.is_some_and(|done| blocks >= done.saturating_add(AFTERWARDS)) {
                return Some(wrote);
            }
        }
    }

    fn note(&mut self, made: &Made, values: &Values, limit: Option<u64>, migrating: bool) {
        let weight = values
            .get(&key("System", "BlockWeight"))
            .and_then(|weight| used_weight(weight))
            .unwrap_or_default();
        let used = limit.map_or(0.0, |limit| weight as f64 / limit.max(1) as f64);
        let millis = u64::try_from(made.took.as_millis()).unwrap_or(u64::MAX);
        if used > 1.0 {
            self.report.error(
                "overweight",
                format!(
                    "block {} weighs {:.1} times what a block may: such a migration has to go over several blocks",
                    made.number, used
                ),
            );
        }
        // The length of a slot is not in question here: weights are picoseconds of the reference hardware.
        let limit_millis = limit.map(|limit| limit / 1_000_000_000);
        if limit_millis.is_some_and(|limit| limit > 0 && millis > limit) {
            self.report.warn(
                "slow",
                format!(
                    "executing block {} took {millis} ms here, a block may take {} ms",
                    made.number,
                    limit_millis.unwrap_or_default()
                ),
            );
        }
        let written = made.changed.values().filter(|is_there| **is_there).count();
        self.report.blocks.push(BlockFacts {
            number: made.number,
            migrating: migrating && made.inherents_only,
            weight,
            used,
            millis,
            written,
            removed: made.changed.len().saturating_sub(written),
            child_writes: made.child_writes,
        });
    }

    fn judge_events(&mut self, raised: &[Event], migrations: Option<&str>) {
        for event in raised {
            let of_migrations = migrations == Some(event.pallet.as_str());
            // One for each inherent, and one for each block of a migration.
            let usual = event.is("System", "ExtrinsicSuccess")
                || of_migrations && event.name == "MigrationAdvanced";
            if usual {
                continue;
            }
            self.report.events.push(event.to_string());
            if of_migrations && ["MigrationFailed", "UpgradeFailed"].contains(&event.name.as_str())
            {
                self.report
                    .error("migration_failed", format!("a migration failed: {event}"));
            }
            if event.is("SafeMode", "Entered") {
                self.report
                    .warn("safe_mode", format!("the chain enters safe mode: {event}"));
            }
        }
    }

    /// What can be read no longer is an error; what could not be read before is not the upgrade's fault.
    fn compare_readings(&mut self, before: &Reading, after: &Reading) {
        self.report.readable = after.values.saturating_sub(after.unreadable.len());
        let mut grouped = BTreeMap::<(bool, &str, &str), Vec<(&Vec<u8>, &str)>>::new();
        for (key, unreadable) in &after.unreadable {
            let was_so = before
                .unreadable
                .get(key)
                .is_some_and(|before| before.value == unreadable.value);
            grouped
                .entry((was_so, &unreadable.pallet, &unreadable.entry))
                .or_default()
                .push((key, &unreadable.reason));
        }
        for ((was_so, pallet, entry), keys) in grouped {
            let named: Vec<_> = keys
                .iter()
                .take(NAMED)
                .map(|(key, reason)| format!("0x{} ({reason})", hex::encode(key)))
                .collect();
            let what = format!("{} values of {pallet}.{entry}", keys.len());
            let named = named.join(", ");
            if was_so {
                self.report.warn(
                    "was_unreadable",
                    format!("{what} cannot be read, now as before: {named}"),
                );
            } else {
                self.report.error(
                    "unreadable",
                    format!("after the upgrade {what} cannot be read: {named}"),
                );
            }
        }
    }
}

/// What the blocks wrote until the migrations were done.
#[derive(Default)]
struct Wrote {
    touched: BTreeSet<Vec<u8>>,
    changed: BTreeMap<Vec<u8>, bool>,
}

impl Wrote {
    fn add(&mut self, made: Made) {
        self.touched.extend(made.touched);
        self.changed.extend(made.changed);
    }
}

/// Where the migrations are, as `pallet-migrations` keeps it.
#[derive(Decode)]
pub(crate) enum Cursor {
    Active(Active),
    Stuck,
}

/// The migration under way.
#[derive(Decode)]
pub(crate) struct Active {
    pub(crate) index: u32,
    _inner: Option<Vec<u8>>,
    _started_at: u32,
}

fn facts(state: &Proven) -> StateFacts {
    StateFacts {
        genesis: state.genesis,
        number: state.header.number,
        hash: state.header.hash(),
        values: state.top.len().saturating_add(state.child_values),
        bytes: state.top.iter().map(|(k, v)| k.len() + v.len()).sum(),
    }
}

fn version(version: RuntimeVersion) -> Version {
    Version {
        spec_name: version.spec_name.into_owned(),
        spec_version: version.spec_version,
        transaction_version: version.transaction_version,
        system_version: version.system_version,
    }
}

/// Why it failed, with the runtime's own name for it.
fn in_words(failed: &Failed, metadata: &Metadata) -> String {
    match &failed.dispatch {
        Some(DispatchError::Module(module)) => metadata
            .error(module.index, module.error[0])
            .unwrap_or_else(|| failed.reason.clone()),
        _ => failed.reason.clone(),
    }
}

/// The time of execution that a block may use, in picoseconds: `BlockWeights` begins with the weights of an empty and of a full block.
fn weight_limit(mut constant: &[u8]) -> Option<u64> {
    let weights = <[Compact<u64>; 4]>::decode(&mut constant).ok()?;
    Some(weights[2].0)
}

/// The time of execution that the newest block used, of all three classes.
fn used_weight(mut value: &[u8]) -> Option<u64> {
    let weights = <[Compact<u64>; 6]>::decode(&mut value).ok()?;
    let times = weights.iter().step_by(2).map(|weight| weight.0);
    Some(times.fold(0, u64::saturating_add))
}

#[cfg(test)]
mod tests;
