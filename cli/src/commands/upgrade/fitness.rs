//! Whether code fits a chain, as far as the code itself tells.

use std::collections::BTreeSet;

use noema_chain_client::StateAt;
use serde::Serialize;
use serde_json::Value;

use super::code::Candidate;
use crate::{failure::Failure, session::number, wasm::RuntimeCode};

/// The functions that every node of the network offers since its genesis, one name per line. An upgrade cannot add any.
const AT_GENESIS: &str = include_str!("../../../../node/src/host_functions.txt");
/// Where the chain keeps its code.
const CODE: &[u8] = b":code";
/// What a transaction has beside the code.
const AROUND: u64 = 64;
/// How many missing functions are named.
const NAMED: usize = 5;

/// What a chain is and has.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) spec_name: String,
    pub(super) spec_version: u32,
    transaction_version: u32,
    system_version: u8,
    /// Functions that its nodes surely offer.
    host_functions: BTreeSet<String>,
    /// Most bytes in a block, for the class of transactions that upgrades are of.
    block_length: u64,
}

/// An error or a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// For programs; stays the same when the wording changes.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
}

/// What is wrong with code.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Fitness {
    pub(super) errors: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
}

impl Chain {
    pub(super) async fn read(state: &StateAt) -> Result<Self, Failure> {
        let version = state.constant_named("System", "Version")?;
        let length = state.constant_named("System", "BlockLength")?;
        let unknown = |what: &str| {
            Failure::new(
                "incompatible",
                format!("the runtime does not say its {what} as this program knows it"),
            )
        };
        let field = |name: &str| version.get(name).and_then(number);
        let field = |name: &str| field(name).ok_or_else(|| unknown(name));
        let mut host_functions: BTreeSet<String> = AT_GENESIS.lines().map(str::to_owned).collect();
        // Chains that were started with another client offer at least what their runtime uses.
        if let Some(code) = state.raw(CODE).await? {
            let code = RuntimeCode::new(code).and_then(|code| code.host_functions());
            host_functions.extend(code.unwrap_or_default());
        }
        Ok(Self {
            spec_name: version
                .get("spec_name")
                .and_then(Value::as_str)
                .ok_or_else(|| unknown("spec_name"))?
                .to_owned(),
            spec_version: state.spec_version(),
            transaction_version: u32::try_from(field("transaction_version")?)
                .map_err(|_| unknown("transaction_version"))?,
            system_version: u8::try_from(field("system_version")?)
                .map_err(|_| unknown("system_version"))?,
            host_functions,
            block_length: length
                .pointer("/max/operational")
                .and_then(number)
                .and_then(|length| u64::try_from(length).ok())
                .ok_or_else(|| unknown("block length"))?,
        })
    }
}

impl Fitness {
    /// Compares code with a chain.
    pub(super) fn of(candidate: &Candidate, chain: &Chain) -> Result<Self, Failure> {
        let imports = candidate
            .code
            .host_functions()
            .map_err(|e| Failure::usage(format!("it is no runtime: {e}")))?;
        let mut found = Self::default();
        let new = &candidate.version;
        if new.spec_name != chain.spec_name {
            found.error(
                "other_spec_name",
                format!(
                    "the runtime is one of {:?}, the chain is {:?}: it belongs to another chain",
                    new.spec_name, chain.spec_name
                ),
            );
        }
        if new.spec_version <= chain.spec_version {
            found.error(
                "not_newer",
                format!(
                    "the chain runs version {}; the new runtime has version {}, which must be higher",
                    chain.spec_version, new.spec_version
                ),
            );
        }
        if new.system_version < chain.system_version {
            found.error(
                "system_version_lowered",
                format!(
                    "the system version goes down from {} to {}: state would be written in a form that was given up",
                    chain.system_version, new.system_version
                ),
            );
        }
        if new.transaction_version < chain.transaction_version {
            found.error(
                "transaction_version_lowered",
                format!(
                    "the transaction version goes down from {} to {}: signatures of long ago would be valid again",
                    chain.transaction_version, new.transaction_version
                ),
            );
        }
        if new.transaction_version > chain.transaction_version {
            found.warn(
                "transaction_version",
                format!(
                    "the transaction version goes from {} to {}: transactions are encoded in another way, and whoever signs offline or with a fixed encoding has to follow",
                    chain.transaction_version, new.transaction_version
                ),
            );
        }
        let missing: Vec<_> = imports.difference(&chain.host_functions).collect();
        if !missing.is_empty() {
            let named: Vec<_> = missing
                .iter()
                .take(NAMED)
                .map(|name| name.as_str())
                .collect();
            found.error(
                "host_functions",
                format!(
                    "the runtime wants {} functions of the nodes that the network does not have: {}{}; nodes could not run it, and the chain would stop",
                    missing.len(),
                    named.join(", "),
                    if missing.len() > NAMED { ", ..." } else { "" }
                ),
            );
        }
        if candidate.size().saturating_add(AROUND) > chain.block_length {
            found.error(
                "too_large",
                format!(
                    "the code has {} bytes, a block at most {}: it cannot be handed in; compress it",
                    candidate.size(),
                    chain.block_length
                ),
            );
        }
        Ok(found)
    }

    fn error(&mut self, code: &'static str, message: String) {
        self.errors.push(Finding { code, message });
    }

    fn warn(&mut self, code: &'static str, message: String) {
        self.warnings.push(Finding { code, message });
    }

    /// The first error as that of a command.
    pub(super) fn failure(&self) -> Option<Failure> {
        let first = self.errors.first()?;
        let more = self.errors.get(1..).unwrap_or_default();
        let mut message = first.message.clone();
        for finding in more {
            message.push_str("; ");
            message.push_str(&finding.message);
        }
        Some(Failure::new(first.code, message))
    }
}

#[cfg(test)]
mod tests {
    use codec::Encode;

    use super::*;
    use crate::wasm::testing::module_with;

    fn chain() -> Chain {
        Chain {
            spec_name: "noema".into(),
            spec_version: 100,
            transaction_version: 2,
            system_version: 3,
            host_functions: ["ext_a", "ext_b"].map(str::to_owned).into(),
            block_length: 1_000,
        }
    }

    fn candidate(name: &str, spec: u32, transaction: u32, system: u8, bytes: usize) -> Candidate {
        let version = (
            (name, name, 1_u32, spec, 1_u32),
            Vec::<([u8; 8], u32)>::new(),
            transaction,
            system,
        )
            .encode();
        let bytes = module_with(&version, &["ext_b", "ext_a"], bytes);
        let code = RuntimeCode::new(bytes).unwrap();
        Candidate {
            version: code.version().unwrap(),
            hash: super::super::code::hash_of(code.bytes()),
            code,
        }
    }

    fn errors(candidate: &Candidate, chain: &Chain) -> Vec<&'static str> {
        let fitness = Fitness::of(candidate, chain).unwrap();
        fitness.errors.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn code_that_fits_has_no_errors() {
        let fit = candidate("noema", 101, 2, 3, 0);
        assert!(errors(&fit, &chain()).is_empty());
        let fitness = Fitness::of(&candidate("noema", 101, 3, 3, 0), &chain()).unwrap();
        assert!(fitness.errors.is_empty() && fitness.failure().is_none());
        assert_eq!(fitness.warnings[0].code, "transaction_version");
    }

    #[test]
    fn code_that_does_not_fit_is_refused_for_each_reason() {
        let chain = chain();
        let refused = |candidate: &Candidate| errors(candidate, &chain);
        assert_eq!(
            refused(&candidate("other", 101, 2, 3, 0)),
            ["other_spec_name"]
        );
        assert_eq!(refused(&candidate("noema", 100, 2, 3, 0)), ["not_newer"]);
        assert_eq!(
            refused(&candidate("noema", 101, 2, 2, 0)),
            ["system_version_lowered"]
        );
        assert_eq!(
            refused(&candidate("noema", 101, 1, 3, 0)),
            ["transaction_version_lowered"]
        );
        assert_eq!(
            refused(&candidate("noema", 101, 2, 3, 1_000)),
            ["too_large"]
        );
    }

    #[test]
    fn code_that_wants_a_function_the_network_lacks_is_refused_with_its_name() {
        let mut chain = chain();
        chain.host_functions.remove("ext_b");
        let candidate = candidate("noema", 101, 2, 3, 0);
        let failure = Fitness::of(&candidate, &chain).unwrap().failure().unwrap();
        assert_eq!(failure.code(), "host_functions");
        assert!(failure.to_string().contains("ext_b"), "{failure}");
        assert!(!failure.to_string().contains("ext_a"), "{failure}");
    }

    #[test]
    fn list_of_the_node_is_read() {
        let names: BTreeSet<_> = AT_GENESIS.lines().collect();
        assert!(names.contains("ext_storage_get_version_1"));
        assert!(names.len() > 100);
    }
}
