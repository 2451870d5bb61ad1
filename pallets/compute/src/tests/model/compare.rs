//! Whether both sides have come to the same, and what holds of any state that was reached.

use super::*;

impl Both {
    /// Everything that both have is the same.
    pub(super) fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.model.broken(), None);
        Pallet::<Test>::do_try_state()
            .map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        for who in ACCOUNTS {
            let money = self.model.bank.money(who.into());
            let (free, purse, deposits) = funds(who);
            prop_assert_eq!(
                (free, purse + deposits),
                (money.free, money.held),
                "{}",
                who
            );
            let in_purse = self.model.purses.get(&u64::from(who)).copied();
            prop_assert_eq!(
                Purses::<Test>::get(account(who)).map(|purse| purse.balance),
                in_purse
            );
        }
        prop_assert_eq!(self.model.bank.issuance(), Balances::total_issuance());
        for provider in [PROVIDER, RIVAL] {
            prop_assert_eq!(
                bond_of(provider),
                self.model.providers[&u64::from(provider)].bond
            );
            prop_assert_eq!(
                Registry::may_leave(provider),
                self.model.may_leave(provider.into())
            );
        }
        prop_assert_eq!(Channels::<Test>::iter().count(), self.model.channels.len());
        for (number, expected) in &self.model.channels {
            let found = Channels::<Test>::get(number).unwrap();
            prop_assert_eq!(
                (found.left, found.redeemed),
                (expected.left(), expected.paid())
            );
            let state = match found.state {
                ChannelState::Open => model::State::Open,
                ChannelState::Closing { until } => model::State::Closing(until),
                ChannelState::Settled { at } => model::State::Settled(at),
            };
            prop_assert_eq!(state, expected.state);
            for (session, expected) in &expected.sessions {
                for lane in 0..expected.lanes {
                    let found = Lanes::<Test>::get((number, session), lane).unwrap_or_default();
                    let expected = expected.paid.get(&lane).copied().unwrap_or_default();
                    prop_assert_eq!(
                        (
                            found.nonce,
                            found.maximum,
                            found.redeemed,
                            found.at,
                            found.punished
                        ),
                        (
                            expected.nonce,
                            expected.maximum,
                            expected.paid,
                            expected.at,
                            expected.punished
                        )
                    );
                    self.check_exposure((*number, *session, lane), expected.paid)?;
                }
            }
        }
        for ((payer, provider), unconsumed) in &self.model.pairs {
            let pair = Pairs::<Test>::get(by_number(*payer), by_number(*provider)).unwrap();
            prop_assert_eq!(pair.unconsumed, *unconsumed);
        }
        Ok(())
    }

    /// Nobody ever lost more than one request in a lane, whatever the provider tried.
    fn check_exposure(&self, lane: (u64, u32, u16), paid: u128) -> Result<(), TestCaseError> {
        let most = self.party.owed(lane) + self.party.largest_maximum(lane);
        prop_assert!(paid <= most, "{:?} paid {} of at most {}", lane, paid, most);
        Ok(())
    }

    /// Payers alone, and then providers alone, have everything back that was not redeemed, after one lock.
    pub(super) fn everybody_leaves(mut self) -> Result<(), TestCaseError> {
        let channels: Vec<u64> = self.model.channels.keys().copied().collect();
        let payer =
            |both: &Self, channel: &u64| u8::try_from(both.model.channels[channel].payer).unwrap();
        for channel in &channels {
            let (who, channel) = (payer(&self, channel), *channel);
            self.call(who, &Act::Close { channel })?;
        }
        advance(CloseLock::get());
        self.model.now += CloseLock::get();
        for channel in &channels {
            let (who, channel) = (payer(&self, channel), *channel);
            self.call(who, &Act::Settle { channel })?;
            self.call(who, &Act::Remove { channel })?;
        }
        for (who, balance) in self.model.purses.clone() {
            let who = u8::try_from(who).unwrap();
            self.call(who, &Act::Withdraw { amount: balance })?;
        }
        for (payer, provider) in self.model.pairs.clone().into_keys() {
            let provider = u8::try_from(provider).unwrap();
            self.call(u8::try_from(payer).unwrap(), &Act::Forget { provider })?;
        }
        for (service, offered) in self.model.services.clone() {
            let who = u8::try_from(offered.provider).unwrap();
            self.call(who, &Act::Retire { service })?;
        }
        self.compare()?;
        for who in ACCOUNTS {
            prop_assert_eq!(
                (funds(who).1, funds(who).2),
                (0, 0),
                "{} has something held",
                who
            );
        }
        prop_assert_eq!(Purses::<Test>::iter().count(), 0);
        prop_assert_eq!(Books::<Test>::iter().count(), 0);
        prop_assert_eq!(Pairs::<Test>::iter().count(), 0);
        prop_assert_eq!(Sessions::<Test>::iter().count(), 0);
        prop_assert_eq!(Lanes::<Test>::iter().count(), 0);
        Ok(())
    }
}
