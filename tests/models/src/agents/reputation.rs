//! Ratings.

use super::{Account, Balance, Error, Feedback, Mean, Model, Summary};

impl Model {
    /// Lets an agent be rated for something.
    pub fn add_tag(&mut self, who: Account, agent: u64, tag: u8) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        if record.tags.contains(&tag) {
            return Err(Error::TagExists);
        }
        if record.tags.len() >= self.parameters.max_tags {
            return Err(Error::TooMany);
        }
        self.hold(who, Self::account(agent), self.parameters.tag_deposit)?;
        self.change(agent).tags.insert(tag);
        Ok(())
    }

    /// Where an agent is paid.
    pub fn payee(&self, agent: u64) -> Option<Account> {
        let record = self.agents.get(&agent)?;
        Some(record.wallet.unwrap_or(Self::account(agent)))
    }

    /// The tenure to which ratings with what was paid to somebody belong, if they are about the agent.
    fn tenure_of_payments(&self, agent: u64, payee: Account) -> Option<u32> {
        let record = self.agents.get(&agent)?;
        if payee == Self::account(agent) || record.wallet == Some(payee) {
            return Some(record.tenure);
        }
        let former = self.former_wallets(agent);
        let found = former.iter().rev().find(|former| former.wallet == payee);
        found.map(|former| former.tenure)
    }

    /// Rates an agent, with what was paid to `wallet`, or where it is paid now.
    pub fn feedback(
        &mut self,
        giver: Account,
        agent: u64,
        amount: Balance,
        value: u16,
        tag: Option<u8>,
        wallet: Option<Account>,
    ) -> Result<(), Error> {
        let record = self.agent(agent)?;
        if value > 10_000 {
            return Err(Error::RatingInvalid);
        }
        if amount < self.parameters.min_feedback {
            return Err(Error::FeedbackTooSmall);
        }
        let sister = self
            .agent_of(giver)
            .is_some_and(|other| self.agents[&other].owner == record.owner);
        let acts = record
            .sessions
            .values()
            .any(|session| session.grant.key == giver && session.used);
        let own = giver == record.owner
            || self.tenure_of_payments(agent, giver).is_some()
            || acts
            || sister;
        if own {
            return Err(Error::OwnFeedback);
        }
        let payee = wallet.unwrap_or(record.wallet.unwrap_or(Self::account(agent)));
        let tenure = self
            .tenure_of_payments(agent, payee)
            .ok_or(Error::NotItsWallet)?;
        if tag.is_some_and(|tag| !record.tags.contains(&tag)) {
            return Err(Error::UnknownTag);
        }
        let paid = self.paid.get(&(giver, payee)).copied().unwrap_or_default();
        let left = paid.checked_sub(amount).ok_or(Error::NotPaid)?;
        let given = Feedback {
            giver,
            value,
            weight: amount,
            tag,
            at: self.now,
            tenure,
            answered: false,
        };
        self.hold(giver, giver, self.parameters.feedback_deposit)?;
        self.paid.insert((giver, payee), left);
        let record = self.change(agent);
        let number = record.next_feedback;
        record.next_feedback += 1;
        self.feedbacks.insert((agent, number), given);
        Ok(())
    }

    /// Answers to a rating.
    pub fn respond(&mut self, who: Account, agent: u64, number: u64) -> Result<(), Error> {
        self.own(who, agent)?;
        let given = self
            .feedbacks
            .get_mut(&(agent, number))
            .ok_or(Error::UnknownFeedback)?;
        given.answered = true;
        Ok(())
    }

    /// Takes a rating back.
    pub fn revoke_feedback(&mut self, who: Account, agent: u64, number: u64) -> Result<(), Error> {
        let given = self
            .feedbacks
            .get(&(agent, number))
            .ok_or(Error::UnknownFeedback)?;
        if given.giver != who {
            return Err(Error::NotYourFeedback);
        }
        self.feedbacks.remove(&(agent, number));
        self.bank.release(who, self.parameters.feedback_deposit);
        Ok(())
    }

    /// What the ratings of an agent come to, all or those with a tag.
    pub fn summary(&self, agent: u64, tag: Option<u8>) -> Option<Summary> {
        let record = self.agents.get(&agent)?;
        if tag.is_some_and(|tag| !record.tags.contains(&tag)) {
            return None;
        }
        let period = |tick: u64| tick / self.parameters.period;
        let of = |counts: &dyn Fn(&Feedback) -> bool| {
            mean(
                self.feedbacks
                    .iter()
                    .filter(|((rated, _), given)| {
                        *rated == agent && (tag.is_none() || given.tag == tag) && counts(given)
                    })
                    .map(|(_, given)| given),
            )
        };
        Some(Summary {
            all: of(&|_| true),
            in_tenure: of(&|given| given.tenure == record.tenure),
            recent: of(&|given| period(given.at) + 1 >= period(self.now)),
        })
    }
}

fn mean<'a>(ratings: impl Iterator<Item = &'a Feedback>) -> Mean {
    let (mut count, mut weight, mut weighted): (u64, Balance, Balance) = (0, 0, 0);
    for given in ratings {
        count += 1;
        weight += given.weight;
        weighted += given.weight * Balance::from(given.value);
    }
    let value = weighted
        .checked_div(weight)
        .map(|mean| u16::try_from(mean).expect("a mean is not above the largest"));
    Mean {
        count,
        weight,
        value,
    }
}
