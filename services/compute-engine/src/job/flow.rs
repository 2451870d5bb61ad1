//! What a function costs the compiler beyond its bytes.
//!
//! The compiler turns locals into values that are assigned once. For that it may note each local in each block, and where branches meet, each
//! local that differs between them becomes an argument of every branch: every entry of a branch table has arguments of its own. So a few bytes
//! of blocks times a few bytes of locals are many of the compiler's, and a branch table is searched once for each argument of each of its
//! targets. Nobody pays for compilation by fuel, therefore these products are bounded before it begins.

use wasmparser::{FunctionBody, Operator};

use super::{
    limits::{MAX_FLOW, MAX_MODULE_FLOW, MAX_MODULE_SWITCHING, MAX_NESTING, MAX_SWITCHING},
    module::{at_most, ModuleError},
};

/// Blocks that counting calls adds to every function (`stack.rs`), and its begin.
const ADDED: u64 = 6;

/// What the functions of a module that were looked at cost together.
#[derive(Debug, Default)]
pub(super) struct Flow {
    flow: u64,
    switching: u64,
}

impl Flow {
    /// Adds a function with this many parameters, or says what is too much about it.
    pub(super) fn add(
        &mut self,
        parameters: usize,
        body: &FunctionBody<'_>,
    ) -> Result<(), ModuleError> {
        // One for a block's result.
        let mut values = parameters as u64 + 1;
        for group in body.get_locals_reader()? {
            values += u64::from(group?.0);
        }
        let (mut places, mut entries, mut depth) = (ADDED, 0, 0u64);
        let mut targets = Vec::new();
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    places += 1;
                    depth += 1;
                    at_most("blocks within each other", depth, MAX_NESTING)?;
                }
                Operator::End => {
                    places += 1;
                    depth = depth.saturating_sub(1);
                }
                Operator::Else
                | Operator::Br { .. }
                | Operator::BrIf { .. }
                | Operator::Return
                | Operator::Unreachable => places += 1,
                Operator::BrTable { targets: table } => {
                    targets.clear();
                    for target in table.targets() {
                        targets.push(target?);
                    }
                    targets.push(table.default());
                    let len = targets.len() as u64;
                    targets.sort_unstable();
                    targets.dedup();
                    places += len;
                    entries += len * targets.len() as u64;
                }
                _ => {}
            }
        }
        // Far below 2^64: a body has at most 2^17 bytes, and a function 50,000 locals and 1,000 parameters.
        let (flow, switching) = (values * places, values * entries);
        self.flow += flow;
        self.switching += switching;
        for (what, found, most) in [
            ("values times branches in one function", flow, MAX_FLOW),
            (
                "values times branches in all functions",
                self.flow,
                MAX_MODULE_FLOW,
            ),
            (
                "values times entries and targets of branch tables in one function",
                switching,
                MAX_SWITCHING,
            ),
            (
                "values times entries and targets of branch tables in all functions",
                self.switching,
                MAX_MODULE_SWITCHING,
            ),
        ] {
            at_most(what, found, most)?;
        }
        Ok(())
    }
}
