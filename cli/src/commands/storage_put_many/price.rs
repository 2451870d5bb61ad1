//! What all files cost together, and whether that may and can be paid: asked and told once, before anything is committed.

use std::collections::HashMap;

use futures::{stream, StreamExt, TryStreamExt};
use noema_chain_client::{Balance, Call, LeaseQuote, RoundIndex, StateAt, Submitter};
use noema_storage::client::FileRef;

use super::batches::{Batches, Waiting};
use crate::{amount::Amount, commands::account::not_enough, failure::Failure, output::Output};

/// Questions under way at the same time.
const PARALLEL: usize = 16;

/// Prices of files, of one block.
#[derive(Debug, Default)]
pub(super) struct Prices {
    /// By what a replica takes of a provider's capacity, of which alone the price depends. Should that change, the chain refuses what
    /// costs more than it was asked for.
    by_bytes: HashMap<u64, LeaseQuote>,
}

impl Prices {
    /// Asks what these files cost.
    pub(super) async fn ask(
        state: &StateAt,
        files: impl Iterator<Item = FileRef>,
        replicas: u8,
        rounds: RoundIndex,
    ) -> Result<Self, Failure> {
        let sizes: HashMap<u64, u64> = files
            .map(|file| (file.shape.padded_bytes(), file.size()))
            .collect();
        let by_bytes = stream::iter(sizes)
            .map(|(bytes, size)| async move {
                let quote = state.storage_quote(size, replicas, rounds).await?;
                Ok::<_, Failure>((bytes, quote.ok_or(size)))
            })
            .buffer_unordered(PARALLEL)
            .and_then(|(bytes, quote)| async move {
                let quote = quote.map_err(|size| not_sold(state, size, rounds))?;
                Ok((bytes, quote))
            })
            .try_collect()
            .await?;
        Ok(Self { by_bytes })
    }

    pub(super) fn of(&self, file: &FileRef) -> Option<&LeaseQuote> {
        self.by_bytes.get(&file.shape.padded_bytes())
    }

    /// Shows what all of `files` cost, and refuses what may not be paid. Answers with what may.
    pub(super) fn limit<'a>(
        &self,
        output: &Output,
        files: impl Iterator<Item = &'a FileRef>,
        rounds: RoundIndex,
        max: Option<Amount>,
    ) -> Result<Balance, Failure> {
        let (mut count, mut escrow, mut placement, mut deposit) = (0_usize, 0, 0, 0);
        let mut total: Balance = 0;
        for quote in files.filter_map(|file| self.of(file)) {
            count = count.saturating_add(1);
            escrow = quote.escrow.saturating_add(escrow);
            placement = quote.placement.saturating_add(placement);
            deposit = quote.deposit.saturating_add(deposit);
            total = quote.total.saturating_add(total);
        }
        output.note(format!(
            "{rounds} rounds of {count} files cost {}, the placement {}, {} is held as deposits",
            Amount(escrow),
            Amount(placement),
            Amount(deposit)
        ));
        match max {
            Some(max) if total > max.0 => Err(Failure::new(
                "price_above_maximum",
                format!(
                    "the {count} files cost {} together, more than the {max} that you pay at most",
                    Amount(total)
                ),
            )),
            max => Ok(max.map_or(total, |max| max.0)),
        }
    }
}

fn not_sold(state: &StateAt, size: u64, rounds: RoundIndex) -> Failure {
    let constants = match state.constants() {
        Ok(constants) => constants,
        Err(error) => return error.into(),
    };
    let most = constants.max_rounds.saturating_sub(constants.grace_rounds);
    Failure::usage(format!(
        "the chain does not sell {rounds} rounds of a file of {size} bytes: it sells {} to {most}",
        constants.min_rounds
    ))
}

/// Refuses when the signer cannot pay for everything, fees included. `first` is the first transaction, as large as any.
pub(super) async fn check_balance(
    state: &StateAt,
    submitter: &Submitter,
    batches: &Batches,
    first: &Call,
    price: Balance,
) -> Result<(), Failure> {
    let owner = submitter.account();
    let account = state.account(&owner).await?;
    let spendable = account.transferable(state.constants()?.existential_deposit);
    // A node does not estimate a fee for an account that has nothing.
    if price > spendable {
        return Err(not_enough(&owner, price, 0, spendable));
    }
    let each = submitter.estimate_fee(first).await?;
    let count = Balance::try_from(batches.count()).unwrap_or(Balance::MAX);
    let fees = each.saturating_mul(count);
    if price.saturating_add(fees) > spendable {
        return Err(not_enough(&owner, price, fees, spendable));
    }
    Ok(())
}

/// The call that commits to a batch.
pub(super) fn call_of<'a>(
    batch: &[Waiting],
    file: impl Fn(usize) -> Option<&'a FileRef>,
    replicas: u8,
    rounds: RoundIndex,
    max: Balance,
) -> Call {
    let files = batch.iter().filter_map(|waiting| file(waiting.index));
    Call::CommitMany {
        files: files
            .map(|file| (file.root, file.size(), replicas))
            .collect(),
        rounds,
        max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64) -> FileRef {
        FileRef::new([size as u8; 32], size).unwrap()
    }

    fn prices(files: &[FileRef]) -> Prices {
        let quote = |file: &FileRef| {
            let bytes = file.shape.padded_bytes();
            let escrow = Balance::from(bytes);
            let quote = LeaseQuote {
                round: 1,
                rent: 1,
                escrow,
                placement: 2,
                deposit: 3,
                total: escrow + 5,
                end: 9,
            };
            (bytes, quote)
        };
        Prices {
            by_bytes: files.iter().map(quote).collect(),
        }
    }

    #[test]
    fn the_limit_is_for_all_files_together() {
        let output = Output::new(true);
        let files = [file(4096), file(4096), file(256)];
        let prices = prices(&files);
        let ask = |max| prices.limit(&output, files.iter(), 12, max);
        let total = 4096 + 4096 + 256 + 15;
        assert_eq!(ask(None).unwrap(), total);
        assert_eq!(ask(Some(Amount(total))).unwrap(), total);
        assert_eq!(ask(Some(Amount(total + 9))).unwrap(), total + 9);
        let refused = ask(Some(Amount(total - 1))).unwrap_err();
        assert_eq!(refused.code(), "price_above_maximum");
        assert!(refused.to_string().contains("3 files"), "{refused}");
    }

    #[test]
    fn a_batch_is_one_call() {
        let files = [file(1), file(2), file(3)];
        let batch: Vec<_> = [2, 0]
            .map(|index| Waiting {
                index,
                size: 1,
                price: 1,
            })
            .into();
        assert_eq!(
            call_of(&batch, |index| files.get(index), 2, 12, 99),
            Call::CommitMany {
                files: vec![(files[2].root, 3, 2), (files[0].root, 1, 2)],
                rounds: 12,
                max: 99
            }
        );
    }
}
