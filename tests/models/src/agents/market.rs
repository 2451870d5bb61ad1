//! Where agents act.

use super::{Account, Balance, Data, Error, Inner, Model};

impl Model {
    /// The market's part of what is paid.
    pub const fn cut(&self, amount: Balance) -> Balance {
        (amount * self.parameters.cut_percent).div_ceil(100)
    }

    /// Pays through the market.
    pub fn pay(&mut self, who: Account, to: Account, amount: Balance) -> Result<(), Error> {
        let cut = self.cut(amount);
        self.atomically(|model| {
            for (to, amount) in [(to, amount - cut), (model.treasury, cut)] {
                model
                    .bank
                    .pay(who, to, amount)
                    .map_err(|_| Error::InsufficientFunds)?;
            }
            *model.paid.entry((who, to)).or_default() += amount;
            Ok(())
        })
    }

    /// Makes a call in an account's name.
    pub(super) fn make(&mut self, who: Account, call: &Inner) -> Result<(), Error> {
        match *call {
            Inner::Pay { to, amount } => self.pay(who, to, amount),
            Inner::Reserve(amount) => {
                self.hold(who, who, amount)?;
                *self.reserved.entry(who).or_default() += amount;
                Ok(())
            }
            Inner::Release(amount) => {
                let left = self
                    .reserved
                    .get(&who)
                    .copied()
                    .unwrap_or_default()
                    .checked_sub(amount)
                    .ok_or(Error::InsufficientFunds)?;
                self.reserved.insert(who, left);
                self.bank.release(who, amount);
                Ok(())
            }
            Inner::Lie { taken, .. } => self
                .bank
                .pay(who, self.treasury, taken)
                .map_err(|_| Error::InsufficientFunds),
            Inner::Feedback {
                agent,
                amount,
                value,
                tag,
            } => self.feedback(who, agent, amount, value, tag, None),
            Inner::SetMetadata { agent, key, value } => self.set_metadata(who, agent, key, value),
            Inner::UpdateData { agent, index, hash } => {
                let holders = Vec::new();
                self.update_data(who, agent, index, Data { hash, holders })
            }
            Inner::Exercise { agent, data } => self.exercise(who, agent, data),
            Inner::Respond { agent, feedback } => self.respond(who, agent, feedback),
            Inner::NoLeaf => Err(Error::NotALeaf),
        }
    }
}
