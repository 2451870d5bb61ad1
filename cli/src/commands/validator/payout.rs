//! `noema validator payout`.

use std::collections::BTreeSet;

use noema_chain_client::{AccountId, Era, Eras, Finalized, Submitter, Unpaid, ValidatorCall};
use serde_json::json;

use super::in_one;
use crate::{
    amount::Amount,
    failure::Failure,
    output::{Answer, Fields},
    session::{fee_of, number, Session},
};

/// Pages that one transaction pays at most.
const PAGES: usize = 16;
/// Nominators that one transaction pays at most, unless one page has more: as many as a full page of this chain, which fits in a block.
const NOMINATORS: u32 = 256;

pub(crate) async fn run(
    session: &Session,
    validator: Option<AccountId>,
    era: Option<Era>,
) -> Result<(), Failure> {
    let key = session.key()?;
    let client = session.connect().await?;
    let submitter = Submitter::new(client.clone(), key);
    let validator = validator.unwrap_or_else(|| submitter.account());
    let state = client.at_finalized().await?;
    let history = state.staking_limits().await?.history_eras;
    if let Some(era) = era {
        check_era(era, state.eras().await?, history)?;
    }
    let mut unpaid = state.unpaid(&validator, era.unwrap_or(0)).await?;
    unpaid.retain(|page| era.is_none_or(|era| page.era == era));

    let mut paid = Paid::default();
    for pages in transactions(&unpaid) {
        let calls: Vec<_> = pages.iter().map(|page| call(&validator, page)).collect();
        let first = pages.first().map_or(0, |page| page.era);
        let done = session
            .submit(&submitter, in_one(&calls), &format!("pay era {first}"))
            .await
            .map_err(|failure| match paid.pages {
                0 => failure,
                pages => failure.and(&format!("{pages} pages were paid before")),
            })?;
        paid.add(&validator, pages, &done);
    }
    session.output.answer(&paid.answer(&validator))
}

fn check_era(era: Era, eras: Eras, history: Era) -> Result<(), Failure> {
    if era >= eras.active {
        return Err(Failure::usage(format!(
            "era {era} has not ended: now is era {}",
            eras.active
        )));
    }
    let oldest = eras.active.saturating_sub(history);
    if era < oldest {
        return Err(Failure::usage(format!(
            "the pay of era {era} is lost: the oldest that can be claimed is era {oldest}"
        )));
    }
    Ok(())
}

fn call(validator: &AccountId, page: &Unpaid) -> ValidatorCall {
    ValidatorCall::Payout {
        validator: *validator,
        era: page.era,
        page: page.page,
    }
}

/// `pages` in their order, as many together as fit in a transaction.
fn transactions(pages: &[Unpaid]) -> Vec<&[Unpaid]> {
    let mut all = Vec::new();
    let mut rest = pages;
    while !rest.is_empty() {
        let mut nominators = 0_u32;
        let fitting = rest.iter().take(PAGES).take_while(|page| {
            nominators = nominators.saturating_add(page.nominators);
            nominators <= NOMINATORS
        });
        let (now, later) = rest.split_at(fitting.count().max(1));
        all.push(now);
        rest = later;
    }
    all
}

/// What was paid.
#[derive(Clone, Debug, Default)]
struct Paid {
    eras: BTreeSet<Era>,
    pages: usize,
    /// To everybody, in the smallest unit.
    amount: u128,
    /// To the validator, its commission included, in the smallest unit.
    own: u128,
    fee: u128,
    done: Vec<Finalized>,
}

impl Paid {
    fn add(&mut self, validator: &AccountId, pages: &[Unpaid], done: &Finalized) {
        self.eras.extend(pages.iter().map(|page| page.era));
        self.pages = self.pages.saturating_add(pages.len());
        self.fee = self.fee.saturating_add(fee_of(done).unwrap_or(0));
        let validator = format!("0x{}", hex::encode(validator.as_bytes()));
        let rewards = done
            .events
            .iter()
            .filter(|event| event.is("Staking", "Rewarded"));
        for reward in rewards {
            let amount = reward.fields.get("amount").and_then(number).unwrap_or(0);
            self.amount = self.amount.saturating_add(amount);
            if reward
                .fields
                .get("stash")
                .is_some_and(|stash| *stash == validator)
            {
                self.own = self.own.saturating_add(amount);
            }
        }
        self.done.push(done.clone());
    }

    fn answer(&self, validator: &AccountId) -> Answer {
        let mut text = Fields::new().add("validator", validator);
        text = match (self.eras.first(), self.eras.last()) {
            (Some(first), Some(last)) => text
                .add(
                    "eras",
                    format!("{} from {first} to {last}", self.eras.len()),
                )
                .add("paid", Amount(self.amount))
                .add("to the validator", Amount(self.own))
                .add("transactions", self.done.len())
                .add("fees", Amount(self.fee)),
            _ => text.add("paid", "nothing: there is no pay to claim"),
        };
        let transactions: Vec<_> = self
            .done
            .iter()
            .map(|done| json!({ "block": done.block, "tx": done.tx }))
            .collect();
        Answer::new(
            text.to_string(),
            json!({
                "validator": validator,
                "eras": self.eras,
                "pages": self.pages,
                "paid": self.amount.to_string(),
                "own": self.own.to_string(),
                "fees": self.fee.to_string(),
                "transactions": transactions,
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::{BlockRef, ChainEvent, Hash};

    fn page(era: Era, page: u32, nominators: u32) -> Unpaid {
        Unpaid {
            era,
            page,
            nominators,
        }
    }

    #[test]
    fn transactions_hold_as_much_as_fits_and_never_nothing() {
        let pages = [
            page(1, 0, 256),
            page(1, 1, 100),
            page(2, 0, 156),
            page(3, 0, 1),
        ];
        let sizes: Vec<_> = transactions(&pages).iter().map(|t| t.len()).collect();
        assert_eq!(sizes, [1, 2, 1]);
        let large = [page(1, 0, 1_000), page(2, 0, 1_000)];
        assert_eq!(transactions(&large).len(), 2);
        let small: Vec<_> = (0..40).map(|era| page(era, 0, 0)).collect();
        let sizes: Vec<_> = transactions(&small).iter().map(|t| t.len()).collect();
        assert_eq!(sizes, [PAGES, PAGES, 8]);
        assert!(transactions(&[]).is_empty());
    }

    #[test]
    fn an_era_that_cannot_be_paid_is_a_wrong_call() {
        let eras = Eras {
            active: 100,
            planned: 101,
        };
        assert!(check_era(99, eras, 84).is_ok());
        assert!(check_era(16, eras, 84).is_ok());
        for era in [15, 100, 101] {
            assert_eq!(check_era(era, eras, 84).unwrap_err().code(), "usage");
        }
    }

    #[test]
    fn what_was_paid_is_read_from_the_events() {
        let validator = AccountId([1; 32]);
        let reward = |stash: u8, amount: &str| ChainEvent {
            pallet: "Staking".into(),
            name: "Rewarded".into(),
            fields: json!({ "stash": format!("0x{}", hex::encode([stash; 32])), "amount": amount }),
        };
        let done = Finalized {
            block: BlockRef {
                number: 1,
                hash: Hash([0; 32]),
            },
            tx: Hash([1; 32]),
            events: vec![
                reward(1, "30000000000000000000"),
                reward(2, "12000000000000000000"),
            ],
        };
        let mut paid = Paid::default();
        paid.add(&validator, &[page(4, 0, 1), page(5, 0, 1)], &done);
        let answer = paid.answer(&validator);
        assert_eq!(answer.json()["paid"], "42000000000000000000");
        assert_eq!(answer.json()["own"], "30000000000000000000");
        assert_eq!(answer.json()["eras"], json!([4, 5]));
        assert!(answer.text().contains("42 NOEMA"), "{}", answer.text());
    }

    #[test]
    fn nothing_to_claim_is_an_answer() {
        let answer = Paid::default().answer(&AccountId([1; 32]));
        assert_eq!(answer.json()["paid"], "0");
        assert!(answer.text().contains("no pay"));
    }
}
