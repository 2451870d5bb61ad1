//! Whether both sides have come to the same, and what holds of any state that was reached.

use super::*;
use frame_support::traits::fungible::InspectHold;
use noema_agents_primitives::Mean;

impl Both {
    /// Everything that both have is the same.
    pub(super) fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.model.broken(), None);
        Pallet::<Test>::do_try_state()
            .map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let accounts = (0..self.model.next_agent).map(Model::account);
        for who in PEOPLE.into_iter().chain(accounts) {
            let money = self.model.bank.money(who);
            let found = person(who);
            prop_assert_eq!(
                (
                    Balances::free_balance(&found),
                    Balances::total_balance_on_hold(&found)
                ),
                (money.free, money.held),
                "{}",
                who
            );
        }
        prop_assert_eq!(self.model.bank.issuance(), Balances::total_issuance());
        prop_assert_eq!(
            crate::Agents::<Test>::iter().count(),
            self.model.agents.len()
        );
        for (number, expected) in &self.model.agents {
            self.compare_agent(*number, expected)?;
        }
        prop_assert_eq!(
            Feedbacks::<Test>::iter().count(),
            self.model.feedbacks.len()
        );
        for ((agent, feedback), expected) in &self.model.feedbacks {
            let found = Feedbacks::<Test>::get(agent, feedback).unwrap();
            prop_assert_eq!(
                (found.response.is_some(), found.tenure),
                (expected.answered, expected.tenure)
            );
        }
        Ok(())
    }

    fn compare_agent(&self, number: u64, expected: &model::Agent) -> Result<(), TestCaseError> {
        let found = crate::Agents::<Test>::get(number).unwrap();
        prop_assert_eq!(&found.owner, &person(expected.owner));
        prop_assert_eq!(&found.wallet, &expected.wallet.map(person));
        prop_assert_eq!(&found.offered, &expected.offered.map(person));
        let info = Pallet::<Test>::read_agent(number).unwrap();
        prop_assert_eq!(info.file, expected.file.map(|name| [name; 32]));
        prop_assert_eq!(!info.endpoints.is_empty(), expected.endpoints);
        let former: Vec<_> = info.former.into_iter().map(|f| f.wallet).collect();
        let expected_former: Vec<_> = self
            .model
            .former_wallets(number)
            .into_iter()
            .map(|f| person(f.wallet))
            .collect();
        prop_assert_eq!(former, expected_former);
        prop_assert_eq!(
            (found.tenure, found.bindings),
            (expected.tenure, expected.bindings)
        );
        for (session, expected) in &expected.sessions {
            let found = Sessions::<Test>::get(number, session).unwrap();
            let now = self.model.now;
            prop_assert_eq!(
                (
                    found.session.spent(),
                    found.window.spent(&found.allowance, now),
                    found.nonce,
                    found.used
                ),
                (
                    expected.spent(),
                    expected.spent_in_period(now),
                    expected.nonce,
                    expected.used
                )
            );
        }
        for (index, expected) in &expected.data {
            let found = DataEntries::<Test>::get(number, index).unwrap();
            prop_assert_eq!(found.commitment.hash, [expected.hash; 32]);
        }
        for (user, expected) in &expected.usages {
            let found = Usages::<Test>::get(number, person(*user)).unwrap();
            prop_assert_eq!(
                (found.left, found.expires),
                (expected.left, expected.expires)
            );
        }
        for (schedule, expected) in &expected.scheduled {
            let found = ScheduledActs::<Test>::get(number, schedule).unwrap();
            prop_assert_eq!(
                (found.due, found.times),
                (expected.plan.due, expected.plan.times)
            );
        }
        for tag in [None, Some(0), Some(1), Some(2)] {
            let found = Pallet::<Test>::read_summary(number, tag.map(tag_of));
            let expected = self.model.summary(number, tag).map(|expected| Summary {
                all: mean(&expected.all),
                in_tenure: mean(&expected.in_tenure),
                recent: mean(&expected.recent),
            });
            prop_assert_eq!(found, expected);
        }
        Ok(())
    }

    /// Whatever was done: givers take their ratings back, owners give back what is reserved and burn their agents, and nothing is left.
    pub(super) fn everybody_leaves(mut self) -> Result<(), TestCaseError> {
        for (agent, record) in self.model.agents.clone() {
            let account = Model::account(agent);
            let reserved = self
                .model
                .reserved
                .get(&account)
                .copied()
                .unwrap_or_default();
            let call = model::Inner::Release(reserved);
            self.call(record.owner, &Deed::ActByOwner { agent, call })?;
        }
        for ((agent, feedback), given) in self.model.feedbacks.clone() {
            // An agent's account takes its own back by a leaf that the model does not have.
            if given.giver < model::FIRST_ACCOUNT {
                self.call(given.giver, &Deed::RevokeFeedback { agent, feedback })?;
                continue;
            }
            self.model
                .revoke_feedback(given.giver, agent, feedback)
                .unwrap();
            let giver = given.giver - model::FIRST_ACCOUNT;
            let owner = self.model.agents[&giver].owner;
            let call = crate::Call::revoke_feedback { agent, feedback };
            let carried = crate::Call::act_by_owner {
                agent: giver,
                call: Box::new(call.into()),
            };
            let done = dispatch(RuntimeOrigin::signed(person(owner)), carried);
            prop_assert!(done.is_ok());
        }
        self.compare()?;
        for (agent, record) in self.model.agents.clone() {
            self.call(record.owner, &Deed::Burn { agent })?;
        }
        self.compare()?;
        for who in PEOPLE {
            prop_assert_eq!(
                Balances::total_balance_on_hold(&person(who)),
                0,
                "{} has something held",
                who
            );
        }
        let left = [
            crate::Agents::<Test>::iter_keys().count(),
            Metadata::<Test>::iter_keys().count(),
            DataEntries::<Test>::iter_keys().count(),
            StagedEntries::<Test>::iter_keys().count(),
            Usages::<Test>::iter_keys().count(),
            Sessions::<Test>::iter_keys().count(),
            SessionKeys::<Test>::iter_keys().count(),
            ScheduledActs::<Test>::iter_keys().count(),
            Reputations::<Test>::iter_keys().count(),
            TagReputations::<Test>::iter_keys().count(),
            Feedbacks::<Test>::iter_keys().count(),
            FeedbacksBy::<Test>::iter_keys().count(),
        ];
        prop_assert_eq!(left, [0; 12]);
        Ok(())
    }
}

fn mean(expected: &model::Mean) -> Mean {
    Mean {
        count: expected.count,
        weight: expected.weight,
        value: expected.value,
    }
}
