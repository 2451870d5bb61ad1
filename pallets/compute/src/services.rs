//! Services: what providers offer.

use crate::{
    deposits, Books, Config, Error, Event, NextPrice, NextService, Pallet, Service, ServiceOf,
    Services, ServicesByKind, ServicesByModel, ServicesOf,
};
use frame_support::{ensure, traits::Get};
use noema_compute_primitives::{Descriptor, DescriptorError, EndpointBytes, Price, ServiceId};
use noema_endpoint::Endpoint;
use noema_traits::{ProviderRegistry, Role, Tick, Ticks};
use sp_runtime::{ArithmeticError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The present tick.
    pub(crate) fn now() -> Tick {
        T::Ticks::now()
    }

    /// Whether the account may be asked for new work.
    pub(crate) fn is_active(provider: &T::AccountId) -> bool {
        T::Providers::is_active(Role::Compute, provider)
    }

    /// Whether the account is the provider or its operator.
    pub(crate) fn acts_for(who: &T::AccountId, provider: &T::AccountId) -> bool {
        who == provider
            || T::Providers::provider_of_operator(Role::Compute, who).as_ref() == Some(provider)
    }

    pub(crate) fn do_announce(
        who: T::AccountId,
        descriptor: Descriptor,
        key: T::AccountId,
    ) -> DispatchResult {
        ensure!(Self::is_active(&who), Error::<T>::ProviderInactive);
        Self::add_service(who, descriptor, key)
    }

    /// Adds a service of whoever it is.
    pub(crate) fn add_service(
        who: T::AccountId,
        descriptor: Descriptor,
        key: T::AccountId,
    ) -> DispatchResult {
        descriptor.check().map_err(Self::descriptor_error)?;
        Self::ensure_endpoint(&descriptor.endpoint)?;
        let mut book = Books::<T>::get(&who).unwrap_or_default();
        ensure!(
            book.services < T::MaxServices::get(),
            Error::<T>::TooManyServices
        );
        let service = NextService::<T>::get();
        let next = service.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let deposit = deposits::service::<T>();
        Self::hold_deposit(&who, deposit)?;

        NextService::<T>::put(next);
        book.services = book.services.saturating_add(1);
        Books::<T>::insert(&who, book);
        let (kind, model) = (descriptor.kind, descriptor.model.clone());
        ServicesOf::<T>::insert(&who, service, ());
        ServicesByKind::<T>::insert(kind, service, ());
        ServicesByModel::<T>::insert(&model, service, ());
        let record = Service {
            provider: who.clone(),
            key: key.clone(),
            descriptor,
            next: None,
            deposit,
        };
        Services::<T>::insert(service, record);
        Self::deposit_event(Event::ServiceAnnounced {
            service,
            provider: who,
            kind,
            model,
            key,
        });
        Ok(())
    }

    pub(crate) fn do_set_endpoint(
        who: &T::AccountId,
        service: ServiceId,
        endpoint: EndpointBytes,
    ) -> DispatchResult {
        let mut record = Self::service(service)?;
        ensure!(
            Self::acts_for(who, &record.provider),
            Error::<T>::NotYourService
        );
        Self::ensure_endpoint(&endpoint)?;
        record.descriptor.endpoint = endpoint.clone();
        Services::<T>::insert(service, record);
        Self::deposit_event(Event::EndpointSet { service, endpoint });
        Ok(())
    }

    pub(crate) fn do_set_capacity(
        who: &T::AccountId,
        service: ServiceId,
        capacity: u32,
    ) -> DispatchResult {
        let mut record = Self::service(service)?;
        ensure!(
            Self::acts_for(who, &record.provider),
            Error::<T>::NotYourService
        );
        ensure!(capacity > 0, Error::<T>::NoCapacity);
        record.descriptor.capacity = capacity;
        Services::<T>::insert(service, record);
        Self::deposit_event(Event::CapacitySet { service, capacity });
        Ok(())
    }

    pub(crate) fn do_set_price(
        who: &T::AccountId,
        service: ServiceId,
        price: Price,
    ) -> DispatchResult {
        let mut record = Self::own_service(who, service)?;
        let metering = record.descriptor.kind.metering();
        ensure!(price.metering() == metering, Error::<T>::PriceMismatch);
        let now = Self::now();
        // What was announced before and is in force by now stays in force until the new one is.
        record.descriptor.price = record.price_at(now);
        let from = now.saturating_add(T::PriceNotice::get());
        record.next = Some(NextPrice { price, from });
        Services::<T>::insert(service, record);
        Self::deposit_event(Event::PriceAnnounced {
            service,
            price,
            from,
        });
        Ok(())
    }

    pub(crate) fn do_set_key(
        who: &T::AccountId,
        service: ServiceId,
        key: T::AccountId,
    ) -> DispatchResult {
        let mut record = Self::own_service(who, service)?;
        record.key = key.clone();
        Services::<T>::insert(service, record);
        Self::deposit_event(Event::KeySet { service, key });
        Ok(())
    }

    pub(crate) fn do_retire(who: &T::AccountId, service: ServiceId) -> DispatchResult {
        let record = Self::service(service)?;
        let provider = record.provider;
        // What stands behind nothing is no offer: anybody may clear it away.
        ensure!(
            *who == provider || T::Providers::bond(Role::Compute, &provider) == 0,
            Error::<T>::NotYourService
        );
        let mut book = Books::<T>::get(&provider).ok_or(Error::<T>::Inconsistent)?;
        book.services = book
            .services
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        Self::put_book(&provider, book);
        Services::<T>::remove(service);
        ServicesOf::<T>::remove(&provider, service);
        ServicesByKind::<T>::remove(record.descriptor.kind, service);
        ServicesByModel::<T>::remove(&record.descriptor.model, service);
        Self::release_deposit(&provider, record.deposit);
        Self::deposit_event(Event::ServiceRetired { service, provider });
        Ok(())
    }

    /// Stores a provider's book; removes one in which nothing stands.
    pub(crate) fn put_book(provider: &T::AccountId, book: crate::Book) {
        if book == crate::Book::default() {
            Books::<T>::remove(provider);
        } else {
            Books::<T>::insert(provider, book);
        }
    }

    pub(crate) fn service(service: ServiceId) -> Result<ServiceOf<T>, Error<T>> {
        Services::<T>::get(service).ok_or(Error::<T>::UnknownService)
    }

    fn own_service(who: &T::AccountId, service: ServiceId) -> Result<ServiceOf<T>, Error<T>> {
        let record = Self::service(service)?;
        if *who == record.provider {
            Ok(record)
        } else {
            Err(Error::<T>::NotYourService)
        }
    }

    fn ensure_endpoint(endpoint: &EndpointBytes) -> Result<(), Error<T>> {
        match Endpoint::parse(endpoint) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::<T>::EndpointInvalid),
        }
    }

    fn descriptor_error(error: DescriptorError) -> Error<T> {
        match error {
            DescriptorError::ModelName => Error::<T>::ModelNameInvalid,
            DescriptorError::Price(_) => Error::<T>::PriceMismatch,
            DescriptorError::NoCapacity => Error::<T>::NoCapacity,
        }
    }
}
