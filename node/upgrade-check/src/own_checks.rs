//! The checks that a runtime built with the feature `try-runtime` brings along.

use codec::{Decode, Encode};
use sp_core::{storage::well_known_keys, traits::CodeExecutor};

use crate::{chain::Chain, metadata::key, rehearsal::Cursor, report::Report};

/// `UpgradeCheckSelect` of the SDK: all checks.
const ALL: u8 = 1;
/// `UpgradeCheckSelect` of the SDK: those before and after migrations.
const PRE_AND_POST: u8 = 2;
/// `TryStateSelect` of the SDK: all pallets.
const ALL_PALLETS: u8 = 1;
/// What the SDK says when values cannot be read, which comes after the checks around the migrations.
const UNREADABLE: &str = "`try_decode_entire_state` failed";

/// Runs the checks of `code` on the chain as it was before the upgrade.
pub(crate) fn own_checks<E: CodeExecutor>(
    mut chain: Chain<E>,
    code: &[u8],
    max_blocks: u32,
    say: &dyn Fn(&str),
    report: &mut Report,
) {
    say("running the runtime's own checks");
    chain.set(well_known_keys::CODE.to_vec(), code.to_vec());
    match chain.version() {
        Ok(version)
            if report.to.as_ref().is_some_and(|to| {
                to.spec_name == version.spec_name && to.spec_version == version.spec_version
            }) => {}
        Ok(version) => {
            return report.error(
                "other_version",
                format!(
                    "the runtime with checks is {} {}, which is not the one to be checked",
                    version.spec_name, version.spec_version
                ),
            );
        }
        Err(failed) => {
            let error = format!("the runtime with checks does not start: {}", failed.reason);
            return report.error("does_not_start", error);
        }
    }
    // While a migration goes over several blocks, values that it has not come to cannot be read, and invariants over them do not hold.
    let in_steps = report.migration_blocks.is_some_and(|blocks| blocks > 1);
    let select = if in_steps { PRE_AND_POST } else { ALL };
    match chain.ask("TryRuntime_on_runtime_upgrade", &[select]) {
        Ok(_) => report
            .own_checks
            .push("checks before and after the migrations".into()),
        Err(failed) if in_steps && failed.reason.contains(UNREADABLE) => report
            .own_checks
            .push("checks before and after the migrations of the first block".into()),
        Err(failed) => {
            let error = format!("the runtime's own checks fail: {}", failed.reason);
            return report.error("own_check", error);
        }
    }
    // Steps are checked as well in such a runtime. The blocks end where the migrations do.
    let mut blocks = 0_u32;
    loop {
        let migrating = chain.metadata().ok().and_then(|metadata| {
            let pallet = metadata.migrations_pallet()?.to_owned();
            let cursor = chain.values().get(&key(&pallet, "Cursor"))?.clone();
            Cursor::decode(&mut &cursor[..]).ok()
        });
        match migrating {
            Some(Cursor::Stuck) => {
                let error = "with its own checks a migration is stuck; the log says which check";
                return report.error("own_check", error);
            }
            None if blocks > 0 => break,
            _ if blocks >= max_blocks => {
                let error = format!(
                    "with its own checks the migrations are not done after {blocks} blocks"
                );
                return report.error("own_check", error);
            }
            _ => {}
        }
        blocks = blocks.saturating_add(1);
        say(&format!("block {blocks} of the runtime with checks"));
        if let Err(failed) = chain.make_block(&[]) {
            let error = format!(
                "with its own checks, {} fails: {}",
                failed.call, failed.reason
            );
            return report.error("own_check", error);
        }
    }
    // The next block, made on a copy, is executed with the check of every pallet's invariants.
    let block = match chain.clone().make_block(&[]) {
        Ok(made) => made.block,
        Err(failed) => {
            let error = format!(
                "with its own checks, {} fails: {}",
                failed.call, failed.reason
            );
            return report.error("own_check", error);
        }
    };
    let mut data = block;
    (true, true, ALL_PALLETS).encode_to(&mut data);
    match chain.ask("TryRuntime_execute_block", &data) {
        Ok(_) => report.own_checks.push(
            "every value is readable and every pallet's invariants hold after the migrations"
                .into(),
        ),
        Err(failed) => {
            let error = format!(
                "after the migrations the runtime's own checks fail: {}",
                failed.reason
            );
            report.error("own_check", error);
        }
    }
}
