//! Blocks and rounds: what happens by itself.

use super::{Account, Model, Seed};

impl Model {
    /// The next block, which may have a seed and take a tick, and in which hooks run or not.
    pub fn next_block(&mut self, has_seed: bool, hooks: bool) {
        self.block += 1;
        self.tick += 1;
        if has_seed {
            self.seeds.insert(self.block);
        }
        if hooks {
            self.hooks();
        }
    }

    /// All that is due.
    fn hooks(&mut self) {
        self.fix_price();
        self.draw_seeds();
        self.close_lists();
        for provider in self.dropping.clone() {
            self.end_drop(provider);
        }
        self.pass_deadlines();
        let over: Vec<u64> = self
            .submissions
            .iter()
            .filter(|(_, one)| one.available.is_some() && one.until() < self.round)
            .map(|(id, _)| *id)
            .collect();
        over.into_iter().for_each(|id| self.remove(id, 0));
        let over: Vec<_> = self
            .members
            .iter()
            .filter(|(_, one)| one.until < self.round)
            .map(|(key, _)| *key)
            .collect();
        over.into_iter().for_each(|key| self.remove_member(key));
    }

    /// The price of a round follows what every block of the one before saw.
    fn fix_price(&mut self) {
        let stored = self.stored();
        let free = self.capacity.saturating_sub(stored);
        if self.priced == Some(self.round) {
            self.usage.see(stored, free);
            return;
        }
        if self.priced.is_some() {
            self.price = self.price.moved(self.usage.utilisation());
        }
        self.priced = Some(self.round);
        self.usage = Default::default();
        self.usage.see(stored, free);
    }

    /// Row seeds that are there, or never will be. Base fees are kept from then on, but for those whose seed is lost.
    fn draw_seeds(&mut self) {
        let (delay, gap) = (self.parameters.draw_delay, self.parameters.seed_gap);
        let mut kept = 0;
        for one in self.submissions.values_mut() {
            if one.seed != Seed::Awaited {
                continue;
            }
            let from = one.block + delay;
            let until = self.block.min(from + gap);
            if from <= until && self.seeds.range(from..=until).next().is_some() {
                one.seed = Seed::Drawn;
                kept += one.base;
            } else if self.block > from + gap {
                one.seed = Seed::Lost;
            }
        }
        self.bank.pay_held(self.pot, self.fund, kept);
    }

    fn close_lists(&mut self) {
        let due: Vec<_> = self
            .lists
            .keys()
            .filter(|(era, list)| list.closes(*era) <= self.round)
            .copied()
            .collect();
        due.into_iter().for_each(|key| self.close(key));
    }

    /// Submissions are looked at in their order, each when its time is over, or its seed lost.
    fn pass_deadlines(&mut self) {
        while self.passed < self.next_submission {
            if let Some(record) = self.submissions.get(&self.passed).cloned() {
                if record.available.is_none() {
                    let Some(due) = self.refund_due(&record) else {
                        return;
                    };
                    self.remove(self.passed, due);
                } else if self.tick < record.deadline {
                    return;
                }
            }
            self.passed += 1;
        }
    }

    /// The next round begins.
    pub fn next_round(&mut self) {
        self.round += 1;
    }

    /// Everything is to be taken from a provider.
    pub fn begin_drop(&mut self, provider: Account) {
        self.dropping.insert(provider);
    }
}
