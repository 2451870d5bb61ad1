//! The state machine: who has how much.

use std::collections::BTreeMap;

use codec::{Decode, Encode};
use sha2::{Digest, Sha256};

use crate::batch::Batch;

/// Balances, and how far batches were executed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Ledger {
    balances: BTreeMap<String, u64>,
    /// Number of the next batch.
    next: u64,
    /// Hash of the last batch.
    last: [u8; 32],
}

impl Ledger {
    /// Executes a batch if it is the next. Transactions that make no sense change nothing: everybody skips the same.
    pub fn apply(&mut self, batch: &Batch) -> bool {
        if (batch.number, batch.parent) != (self.next, self.last) {
            return false;
        }
        for transaction in &batch.transactions {
            let _ = self.execute(transaction);
        }
        self.next += 1;
        self.last = batch.hash();
        true
    }

    fn execute(&mut self, transaction: &str) -> Option<()> {
        let words: Vec<&str> = transaction.split_whitespace().collect();
        match words[..] {
            ["mint", name, amount] => self.give(name, amount.parse().ok()?),
            ["pay", from, to, amount] => {
                let amount = amount.parse().ok()?;
                let before = self.clone();
                let left = self.balances.get(from)?.checked_sub(amount)?;
                self.balances.insert(from.to_owned(), left);
                let given = self.give(to, amount);
                if given.is_none() {
                    *self = before;
                }
                given
            }
            _ => None,
        }
    }

    fn give(&mut self, name: &str, amount: u64) -> Option<()> {
        let had = self.balances.get(name).copied().unwrap_or(0);
        let with = had.checked_add(amount)?;
        self.balances.insert(name.to_owned(), with);
        Some(())
    }

    /// Number of the next batch, and the hash of the last.
    pub fn head(&self) -> (u64, [u8; 32]) {
        (self.next, self.last)
    }

    /// What everybody has.
    pub fn balances(&self) -> &BTreeMap<String, u64> {
        &self.balances
    }

    /// Names the whole state: equal states have equal roots.
    pub fn root(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(of: &Ledger, transactions: &[&str]) -> Batch {
        let (number, parent) = of.head();
        Batch {
            number,
            parent,
            transactions: transactions.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn batches_are_executed_in_order_and_once() {
        let mut ledger = Ledger::default();
        let first = batch(&ledger, &["mint ann 10", "pay ann bob 3", "pay bob ann 9"]);
        assert!(ledger.apply(&first));
        let balances = BTreeMap::from([("ann".to_owned(), 7), ("bob".to_owned(), 3)]);
        assert_eq!(ledger.balances(), &balances);
        let root = ledger.root();
        assert!(!ledger.apply(&first), "the same again");
        let early = Batch {
            number: 2,
            ..batch(&ledger, &[])
        };
        assert!(!ledger.apply(&early));
        let stranger = Batch {
            parent: [7; 32],
            ..batch(&ledger, &[])
        };
        assert!(!ledger.apply(&stranger));
        assert_eq!(ledger.root(), root);
    }

    proptest! {
        #[test]
        fn whatever_is_posted_mints_what_it_says_and_no_more(lines in prop::collection::vec("(mint|pay) [ab] [ab]? ?[0-9]{1,20}", 0..20)) {
            let mut ledger = Ledger::default();
            let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
            let all = batch(&ledger, &texts);
            prop_assert!(ledger.apply(&all));
            let minted: u128 = lines
                .iter()
                .filter_map(|line| {
                    let words: Vec<_> = line.split_whitespace().collect();
                    match words[..] {
                        ["mint", _, amount] => amount.parse::<u64>().ok().map(u128::from),
                        _ => None,
                    }
                })
                .sum();
            let held: u128 = ledger.balances().values().map(|held| u128::from(*held)).sum();
            prop_assert!(held <= minted);
        }
    }
}
