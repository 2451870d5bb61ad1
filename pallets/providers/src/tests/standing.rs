//! `chill`, `activate`, `jail`, `unjail`.

use super::*;
use crate::{ChillReason, Error, Event, ProviderState};
use frame_support::{assert_noop, assert_ok};
use noema_traits::{ProviderDiscipline, ProviderRegistry};

#[test]
fn chill_stops_new_work_and_keeps_old() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::reserve(STORAGE, &1, MIB));
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        assert_eq!(record(1).state, ProviderState::Chilled);
        assert_eq!(record(1).reserved, MIB);
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 0);
        assert_eq!(NoemaProviders::active_count(STORAGE), 0);
        assert_eq!(NoemaProviders::draw(STORAGE, &[0; 32]), None);
        System::assert_last_event(
            Event::Chilled {
                role: STORAGE,
                provider: 1,
                reason: ChillReason::OwnCall,
            }
            .into(),
        );
        assert_noop!(
            NoemaProviders::chill(signed(1), STORAGE),
            Error::<Test>::NotActive
        );
    });
}

#[test]
fn activate_chilled_provider_works() {
    build_and_execute(|| {
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::UnknownProvider
        );
        assert_ok!(register(1, 1_000));
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::AlreadyActive
        );
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
        assert_eq!(record(1).state, ProviderState::Active);
        assert_eq!(NoemaProviders::active_count(STORAGE), 1);
        assert_eq!(NoemaProviders::draw(STORAGE, &[0; 32]), Some(1));
        System::assert_last_event(
            Event::Activated {
                role: STORAGE,
                provider: 1,
            }
            .into(),
        );
    });
}

#[test]
fn activate_under_minimum_fails() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::slash(STORAGE, &1, 1, None));
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::BondTooSmall
        );
        assert_ok!(NoemaProviders::bond_more(signed(1), STORAGE, 1));
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
    });
}

#[test]
fn activate_leaving_provider_fails() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::Leaving
        );
        assert_noop!(
            NoemaProviders::chill(signed(1), STORAGE),
            Error::<Test>::NotActive
        );
        assert_noop!(
            NoemaProviders::unjail(signed(1), STORAGE),
            Error::<Test>::NotJailed
        );
    });
}

#[test]
fn jail_of_active_provider_lasts_until_its_end() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 10));
        System::assert_last_event(
            Event::Jailed {
                role: STORAGE,
                provider: 1,
                until: 11,
            }
            .into(),
        );
        assert_eq!(record(1).state, ProviderState::Jailed { until: 11 });
        assert_eq!(NoemaProviders::free_bytes(STORAGE, &1), 0);
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::StillJailed
        );
        assert_noop!(
            NoemaProviders::chill(signed(1), STORAGE),
            Error::<Test>::NotActive
        );
        advance(9);
        assert_noop!(
            NoemaProviders::unjail(signed(1), STORAGE),
            Error::<Test>::StillJailed
        );
        advance(1);
        // It must ask to come back.
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::StillJailed
        );
        assert_ok!(NoemaProviders::unjail(signed(1), STORAGE));
        System::assert_last_event(
            Event::Unjailed {
                role: STORAGE,
                provider: 1,
            }
            .into(),
        );
        assert_eq!(record(1).state, ProviderState::Chilled);
        assert_noop!(
            NoemaProviders::unjail(signed(1), STORAGE),
            Error::<Test>::NotJailed
        );
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
    });
}

#[test]
fn jail_twice_counts_the_later_end() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 10));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 5));
        assert_eq!(record(1).state, ProviderState::Jailed { until: 11 });
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 20));
        assert_eq!(record(1).state, ProviderState::Jailed { until: 21 });
        assert_ok!(NoemaProviders::jail(STORAGE, &1, u32::MAX));
        assert_eq!(record(1).state, ProviderState::Jailed { until: u32::MAX });
    });
}

#[test]
fn jail_of_leaving_provider_is_remembered() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::unbond(signed(1), STORAGE, 1_000));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 10));
        assert_ok!(NoemaProviders::jail(STORAGE, &1, 5));
        assert_eq!(
            record(1).state,
            ProviderState::Leaving {
                jailed_until: Some(11)
            }
        );
    });
}

#[test]
fn jail_of_unknown_provider_fails() {
    build_and_execute(|| {
        assert_noop!(
            NoemaProviders::jail(STORAGE, &1, 10),
            Error::<Test>::UnknownProvider
        );
        assert_ok!(register(1, 1_000));
        assert_noop!(
            NoemaProviders::jail(Role::Compute, &1, 10),
            Error::<Test>::UnknownProvider
        );
    });
}

#[test]
fn register_while_everything_of_an_earlier_record_is_being_taken_is_refused() {
    build_and_execute(|| {
        crate::mock::KeptOut::set(Some(1));
        assert_noop!(register(1, 1_000), Error::<Test>::BeingDropped);
        assert_ok!(register(2, 1_000));
        crate::mock::KeptOut::set(None);
        assert_ok!(register(1, 1_000));
    });
}

#[test]
fn activate_while_everything_is_being_taken_is_refused() {
    build_and_execute(|| {
        assert_ok!(register(1, 1_000));
        assert_ok!(NoemaProviders::chill(signed(1), STORAGE));
        crate::mock::KeptOut::set(Some(1));
        assert_noop!(
            NoemaProviders::activate(signed(1), STORAGE),
            Error::<Test>::BeingDropped
        );
        crate::mock::KeptOut::set(None);
        assert_ok!(NoemaProviders::activate(signed(1), STORAGE));
    });
}
