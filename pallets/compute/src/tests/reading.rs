//! What readers are told, in pages.

use crate::{mock::*, Browse, LaneInfo, Page, ProviderInfo, Room, ServiceInfo};
use frame_support::assert_ok;
use noema_compute_primitives::{Descriptor, Price, ServiceKind, VerificationMode};
use noema_traits::{ProviderDiscipline, Role};
use sp_runtime::Perbill;

fn announce_as(provider: u8, descriptor: Descriptor) {
    assert_ok!(Compute::announce(
        signed(provider),
        descriptor,
        key(service_key(provider))
    ));
}

/// Two chat services at different prices, one of images by another provider.
fn market() {
    announce(PROVIDER);
    announce_as(
        PROVIDER,
        Descriptor {
            model: model("big/2"),
            price: Price::Tokens {
                input: 9_000_000,
                cached: 0,
                output: 9_000_000,
            },
            ..descriptor()
        },
    );
    announce_as(
        RIVAL,
        Descriptor {
            kind: ServiceKind::Image,
            price: Price::Units { unit: 5 },
            ..descriptor()
        },
    );
}

fn numbers(wanted: &Browse) -> Vec<u64> {
    let mut numbers: Vec<_> = Compute::browse(wanted, None, 100)
        .items
        .into_iter()
        .map(|info| info.service)
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn browse_by_kind_model_price_and_mode() {
    build_and_execute(|| {
        market();
        assert_eq!(numbers(&Browse::default()), [0, 1, 2]);
        let of_kind = |kind| Browse {
            kind: Some(kind),
            ..Browse::default()
        };
        assert_eq!(numbers(&of_kind(ServiceKind::Chat)), [0, 1]);
        assert_eq!(numbers(&of_kind(ServiceKind::Image)), [2]);
        assert!(numbers(&of_kind(ServiceKind::Job)).is_empty());
        let of_model = Browse {
            model: Some(model("tiny/1")),
            ..Browse::default()
        };
        assert_eq!(numbers(&of_model), [0, 2]);
        let chat_of_model = Browse {
            kind: Some(ServiceKind::Chat),
            ..of_model
        };
        assert_eq!(numbers(&chat_of_model), [0]);
        let cheap = Browse {
            at_most: Some(PRICE),
            mode: Some(VerificationMode::None),
            ..Browse::default()
        };
        assert_eq!(numbers(&cheap), [0]);
    });
}

#[test]
fn browse_leaves_out_who_takes_no_work() {
    build_and_execute(|| {
        market();
        Registry::set_active(PROVIDER, false);
        assert_eq!(numbers(&Browse::default()), [2]);
        let info = Compute::provider_info(&account(PROVIDER));
        assert_eq!(info.room, Room::Inactive);
        assert!(!Compute::service_info(0).unwrap().active);
    });
}

#[test]
fn browse_for_nothing_finds_nothing_and_stays_where_it_is() {
    build_and_execute(|| {
        market();
        for after in [None, Some(1)] {
            let page = Compute::browse(&Browse::default(), after, 0);
            assert!(page.items.is_empty());
            assert_eq!(page.next, after);
        }
    });
}

#[test]
fn provider_info_tells_why_there_is_no_room() {
    build_and_execute(|| {
        let info = || Compute::provider_info(&account(PROVIDER));
        assert_eq!(info().room, Room::UpTo(20_000));
        let (channel, service) = alice_opens(19_000);
        assert_eq!(info().room, Room::UpTo(1_000));
        open(BOB, service, 995);
        assert_eq!(
            info(),
            ProviderInfo {
                bond: BOND,
                services: 1,
                channels: 2,
                reserved: 19_995,
                room: Room::Full,
            }
        );
        let slashed = <Registry as ProviderDiscipline<_, _, u32>>::slash(
            Role::Compute,
            &account(PROVIDER),
            1_000,
            Some((&account(STRANGER), Perbill::zero())),
        );
        assert_ok!(slashed);
        assert_eq!(info().room, Room::UnderBonded { by: 3_995 });
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert_eq!(info().room, Room::UpTo(15_005));
        let nobody = Compute::provider_info(&account(STRANGER));
        assert_eq!((nobody.bond, nobody.room), (0, Room::Inactive));
    });
}

#[test]
fn browse_in_pages_finds_everything_once() {
    build_and_execute(|| {
        market();
        let filters = [
            Browse::default(),
            Browse {
                kind: Some(ServiceKind::Chat),
                ..Browse::default()
            },
            Browse {
                model: Some(model("tiny/1")),
                ..Browse::default()
            },
        ];
        for wanted in filters {
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page: Page<ServiceInfo<AccountId>, u64> = Compute::browse(&wanted, after, 1);
                found.extend(page.items.into_iter().map(|info| info.service));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            found.sort_unstable();
            assert_eq!(found, numbers(&wanted));
        }
    });
}

#[test]
fn channels_are_found_by_payer_and_by_provider() {
    build_and_execute(|| {
        let (first, service) = alice_opens(100);
        let second = open(BOB, service, 100);
        let third = open(ALICE, service, 100);
        let sorted = |mut page: Page<u64, u64>| {
            page.items.sort_unstable();
            page.items
        };
        assert_eq!(
            sorted(Compute::channels_of(&account(ALICE), None, 9)),
            [first, third]
        );
        assert_eq!(
            sorted(Compute::channels_with(&account(PROVIDER), None, 9)),
            [first, second, third]
        );
        let page = Compute::channels_with(&account(PROVIDER), None, 2);
        let rest = Compute::channels_with(&account(PROVIDER), page.next, 2);
        assert_eq!((page.items.len(), rest.items.len()), (2, 1));
        let page = Compute::channels_of(&account(ALICE), None, 1);
        let rest = Compute::channels_of(&account(ALICE), page.next, 9);
        assert_eq!((page.items.len(), rest.items.len()), (1, 1));
        assert_eq!(rest.next, None);
    });
}

#[test]
fn channel_info_tells_sessions_and_lanes() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        assert_ok!(redeem(
            PROVIDER,
            vec![claim(voucher(channel, 4, 0, 30), 30)]
        ));
        assert_ok!(Compute::revoke(signed(ALICE), channel, 0));
        let info = Compute::channel_info(channel).unwrap();
        assert_eq!((info.left, info.redeemed), (70, 30));
        let session = &info.sessions[0];
        assert!(session.revoked);
        assert_eq!(session.ends, Tick::get() + CloseLock::get());
        assert_eq!((session.spent, session.lanes), (30, 3));
        let lane = &session.redeemed[0];
        let expected = LaneInfo {
            lane: 0,
            nonce: 4,
            maximum: 30,
            redeemed: 30,
            at: Tick::get(),
            punished: 0,
        };
        assert_eq!(*lane, expected);
        assert!(Compute::channel_info(9).is_none());
    });
}
