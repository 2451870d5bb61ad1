//! What providers offer.

use super::{Account, Error, Key, Model, Service};

impl Model {
    /// Offers a service.
    pub fn announce(&mut self, who: Account, key: Key) -> Result<(), Error> {
        if !self.is_active(who) {
            return Err(Error::ProviderInactive);
        }
        let own = self
            .services
            .values()
            .filter(|service| service.provider == who);
        if own.count() >= self.parameters.max_services {
            return Err(Error::TooManyServices);
        }
        self.hold(who, self.parameters.service_deposit)?;
        let service = Service { provider: who, key };
        self.services.insert(self.next_service, service);
        self.next_service += 1;
        Ok(())
    }

    /// Ends an offer: one's own, or one of a provider that has no bond.
    pub fn retire(&mut self, who: Account, service: u64) -> Result<(), Error> {
        let offered = *self.services.get(&service).ok_or(Error::UnknownService)?;
        let bond = self.providers.get(&offered.provider);
        if who != offered.provider && bond.is_some_and(|record| record.bond > 0) {
            return Err(Error::NotYourService);
        }
        self.services.remove(&service);
        self.bank
            .release(offered.provider, self.parameters.service_deposit);
        Ok(())
    }

    /// Sets the key for channels to come.
    pub fn set_key(&mut self, who: Account, service: u64, key: Key) -> Result<(), Error> {
        self.own_service(who, service)?;
        self.services
            .insert(service, Service { provider: who, key });
        Ok(())
    }

    fn own_service(&self, who: Account, service: u64) -> Result<(), Error> {
        let offered = self.services.get(&service).ok_or(Error::UnknownService)?;
        if offered.provider == who {
            Ok(())
        } else {
            Err(Error::NotYourService)
        }
    }
}
