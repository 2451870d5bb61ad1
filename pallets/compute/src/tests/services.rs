//! What providers offer.

use crate::{mock::*, Books, Call, Error, Services, ServicesByKind, ServicesByModel, ServicesOf};
use frame_support::{assert_noop, assert_ok};
use noema_compute_primitives::{Price, ServiceKind};

fn announce_as(who: u8, descriptor: noema_compute_primitives::Descriptor) -> Call<Test> {
    Call::announce {
        descriptor,
        key: key(who),
    }
}

#[test]
fn announce_lists_the_service_and_holds_its_deposit() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let record = Services::<Test>::get(service).unwrap();
        assert_eq!(record.provider, account(PROVIDER));
        assert_eq!(record.descriptor, descriptor());
        assert!(ServicesOf::<Test>::contains_key(account(PROVIDER), service));
        assert!(ServicesByKind::<Test>::contains_key(
            ServiceKind::Chat,
            service
        ));
        assert!(ServicesByModel::<Test>::contains_key(
            model("tiny/1"),
            service
        ));
        assert_eq!(funds(PROVIDER).2, record.deposit);
        assert!(record.deposit > 50);
        assert_eq!(Books::<Test>::get(account(PROVIDER)).unwrap().services, 1);
    });
}

#[test]
fn announce_by_nobody_active_is_refused() {
    build_and_execute(|| {
        let call = announce_as(STRANGER, descriptor());
        assert_noop!(
            dispatch(STRANGER, call.clone()),
            Error::<Test>::ProviderInactive
        );
        // Not by the operator either: a service binds the provider.
        assert_noop!(
            dispatch(operator_of(PROVIDER), call.clone()),
            Error::<Test>::ProviderInactive
        );
        Registry::set_active(PROVIDER, false);
        assert_noop!(dispatch(PROVIDER, call), Error::<Test>::ProviderInactive);
    });
}

#[test]
fn announce_what_is_no_description_is_refused() {
    build_and_execute(|| {
        let mut wrong = descriptor();
        wrong.model = model("");
        let call = announce_as(PROVIDER, wrong);
        assert_noop!(dispatch(PROVIDER, call), Error::<Test>::ModelNameInvalid);
        let mut wrong = descriptor();
        wrong.price = Price::Units { unit: 1 };
        let call = announce_as(PROVIDER, wrong);
        assert_noop!(dispatch(PROVIDER, call), Error::<Test>::PriceMismatch);
        let mut wrong = descriptor();
        wrong.capacity = 0;
        let call = announce_as(PROVIDER, wrong);
        assert_noop!(dispatch(PROVIDER, call), Error::<Test>::NoCapacity);
        let mut wrong = descriptor();
        wrong.endpoint = b"http://example.org".to_vec().try_into().unwrap();
        let call = announce_as(PROVIDER, wrong);
        assert_noop!(dispatch(PROVIDER, call), Error::<Test>::EndpointInvalid);
    });
}

#[test]
fn announce_one_too_many_or_without_funds_is_refused() {
    build_and_execute(|| {
        Registry::register(PAUPER, BOND);
        assert_noop!(
            dispatch(PAUPER, announce_as(PAUPER, descriptor())),
            Error::<Test>::InsufficientFunds
        );
        for _ in 0..3 {
            announce(PROVIDER);
        }
        assert_noop!(
            dispatch(PROVIDER, announce_as(PROVIDER, descriptor())),
            Error::<Test>::TooManyServices
        );
    });
}

#[test]
fn set_price_is_in_force_after_the_notice_and_not_before() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let dearer = Price::Tokens {
            input: 9,
            cached: 9,
            output: 9,
        };
        assert_ok!(Compute::set_price(signed(PROVIDER), service, dearer));
        let price = || Compute::service_info(service).unwrap().descriptor.price;
        advance(PriceNotice::get() - 1);
        assert_eq!(price(), PRICE);
        advance(1);
        assert_eq!(price(), dearer);
        assert_eq!(Compute::service_info(service).unwrap().next, None);
    });
}

#[test]
fn set_price_again_keeps_what_is_in_force_and_begins_the_notice_anew() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let price_of = |input| Price::Tokens {
            input,
            cached: 0,
            output: 0,
        };
        let price = || Compute::service_info(service).unwrap().descriptor.price;
        assert_ok!(Compute::set_price(signed(PROVIDER), service, price_of(1)));
        advance(PriceNotice::get());
        assert_ok!(Compute::set_price(signed(PROVIDER), service, price_of(2)));
        assert_eq!(price(), price_of(1));
        advance(PriceNotice::get() - 1);
        assert_ok!(Compute::set_price(signed(PROVIDER), service, price_of(3)));
        advance(1);
        assert_eq!(price(), price_of(1));
        advance(PriceNotice::get() - 1);
        assert_eq!(price(), price_of(3));
    });
}

#[test]
fn set_price_of_another_metering_is_refused() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let price = Price::Units { unit: 1 };
        assert_noop!(
            dispatch(PROVIDER, Call::set_price { service, price }),
            Error::<Test>::PriceMismatch
        );
    });
}

#[test]
fn set_endpoint_and_capacity_are_the_operators_too_price_and_key_are_not() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let operator = operator_of(PROVIDER);
        let endpoint = b"http://127.0.0.1:1".to_vec().try_into().unwrap();
        let harmless = [
            Call::set_endpoint { service, endpoint },
            Call::set_capacity {
                service,
                capacity: 2,
            },
        ];
        for call in harmless {
            assert_ok!(dispatch(operator, call.clone()));
            for other in [STRANGER, RIVAL, operator_of(RIVAL)] {
                assert_noop!(dispatch(other, call.clone()), Error::<Test>::NotYourService);
            }
        }
        let binding = [
            Call::set_price {
                service,
                price: PRICE,
            },
            Call::set_key {
                service,
                key: key(9),
            },
            Call::retire { service },
        ];
        for call in binding {
            for other in [operator, STRANGER, RIVAL] {
                assert_noop!(dispatch(other, call.clone()), Error::<Test>::NotYourService);
            }
            assert_ok!(dispatch(PROVIDER, call));
        }
    });
}

#[test]
fn set_capacity_of_none_and_a_bad_endpoint_are_refused() {
    build_and_execute(|| {
        let service = announce(PROVIDER);
        let capacity = 0;
        assert_noop!(
            dispatch(PROVIDER, Call::set_capacity { service, capacity }),
            Error::<Test>::NoCapacity
        );
        let endpoint = Default::default();
        assert_noop!(
            dispatch(PROVIDER, Call::set_endpoint { service, endpoint }),
            Error::<Test>::EndpointInvalid
        );
    });
}

#[test]
fn set_key_leaves_open_channels_with_theirs() {
    build_and_execute(|| {
        let (channel, service) = alice_opens(100);
        assert_ok!(Compute::set_key(signed(PROVIDER), service, key(99)));
        let later = open(BOB, service, 100);
        let key_of = |channel| Compute::channel_info(channel).unwrap().key;
        assert_eq!(key_of(channel), key(service_key(PROVIDER)));
        assert_eq!(key_of(later), key(99));
    });
}

#[test]
fn retire_gives_everything_back_and_leaves_channels() {
    build_and_execute(|| {
        let before = funds(PROVIDER);
        let (channel, service) = alice_opens(100);
        assert_ok!(Compute::retire(signed(PROVIDER), service));
        assert_eq!(funds(PROVIDER), before);
        assert!(ServicesByKind::<Test>::iter().next().is_none());
        assert!(ServicesByModel::<Test>::iter().next().is_none());
        let last = voucher(channel, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(last, 40)]));
        assert_noop!(
            dispatch(PROVIDER, Call::retire { service }),
            Error::<Test>::UnknownService
        );
    });
}

#[test]
fn retire_of_a_service_without_bond_behind_it_is_anybodys_and_pays_its_provider() {
    build_and_execute(|| {
        let before = funds(PROVIDER);
        let service = announce(PROVIDER);
        let call = || Call::retire { service };
        // Jailed is not gone.
        Registry::set_active(PROVIDER, false);
        assert_noop!(dispatch(STRANGER, call()), Error::<Test>::NotYourService);
        Registry::leave(PROVIDER);
        let stranger = funds(STRANGER);
        assert_ok!(dispatch(STRANGER, call()));
        assert_eq!(funds(PROVIDER), before);
        assert_eq!(funds(STRANGER), stranger);
        assert!(Services::<Test>::get(service).is_none());
    });
}
