//! Tracks and curves: that their numbers keep what `docs/design/governance.md` promises.

use crate::people::on_a_chain;
use frame_support::{assert_noop, traits::Get};
use noema_core::{
    time::{DAYS, HOURS, MINUTES},
    units::NOEMA,
};
use noema_runtime::{
    governance::{
        origins::{Origin, Spender},
        tracks::Tracks,
    },
    parameters::{self, TRACKS},
    OriginCaller, Referenda, Runtime, RuntimeCall, RuntimeOrigin,
};
use pallet_referenda::{Curve, TrackInfo, TracksInfo};
use sp_keyring::Sr25519Keyring;
use sp_runtime::Perbill;

type Info = TrackInfo<u128, u32>;

fn track(id: u16) -> &'static Info {
    let found = TRACKS.iter().find(|track| track.id == id);
    &found.expect("there is such a track").info
}

/// Every origin of a referendum, with its track's number and name.
fn origins() -> [(OriginCaller, u16, &'static str); 9] {
    let ours = OriginCaller::Origins;
    [
        (crate::people::root(), 0, "root"),
        (ours(Origin::WhitelistedCaller), 1, "whitelisted_caller"),
        (ours(Origin::Treasurer), 11, "treasurer"),
        (ours(Origin::GeneralAdmin), 14, "general_admin"),
        (
            ours(Origin::ReferendumCanceller),
            20,
            "referendum_canceller",
        ),
        (ours(Origin::ReferendumKiller), 21, "referendum_killer"),
        (ours(Origin::SmallSpender), 32, "small_spender"),
        (ours(Origin::MediumSpender), 33, "medium_spender"),
        (ours(Origin::BigSpender), 34, "big_spender"),
    ]
}

#[test]
fn every_origin_has_the_track_of_its_name_and_every_track_an_origin() {
    on_a_chain(|| assert_eq!(Tracks::check_integrity(), Ok(())));
    let ids: Vec<u16> = Tracks::track_ids().collect();
    let mut named = Vec::new();
    for (origin, id, name) in origins() {
        assert_eq!(Tracks::track_for(&origin), Ok(id), "{name}");
        let padded = track(id).name;
        let found = core::str::from_utf8(&padded).expect("names are ASCII");
        assert_eq!(found.trim_end_matches('\0'), name);
        named.push(id);
    }
    assert_eq!(ids, named, "sorted, each once");
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn nothing_is_decided_with_the_rights_of_an_account_or_of_the_committee() {
    let member = pallet_collective::RawOrigin::Members(3, 3);
    on_a_chain(|| {
        for origin in [
            OriginCaller::system(frame_system::RawOrigin::Signed(
                Sr25519Keyring::Alice.to_account_id(),
            )),
            OriginCaller::system(frame_system::RawOrigin::None),
            OriginCaller::TechnicalCommittee(member),
        ] {
            use frame_support::traits::{schedule::DispatchTime, StorePreimage};
            let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
            let proposal = noema_runtime::Preimage::bound(call).expect("a preimage");
            assert_noop!(
                Referenda::submit(
                    RuntimeOrigin::signed(Sr25519Keyring::Alice.to_account_id()),
                    Box::new(origin),
                    proposal,
                    DispatchTime::After(0),
                ),
                pallet_referenda::Error::<Runtime>::NoTrack
            );
        }
    });
}

/// Steps into which a decision period is divided to look at its curves.
const STEPS: u32 = 2_000;

fn thresholds(curve: &Curve) -> Vec<Perbill> {
    (0..=STEPS)
        .map(|step| curve.threshold(Perbill::from_rational(step, STEPS)))
        .collect()
}

fn is_about(found: Perbill, per_mille: u32) -> bool {
    let expected = Perbill::from_rational(per_mille, 1_000u32);
    let apart = found.max(expected) - found.min(expected);
    apart < Perbill::from_rational(1u32, 10_000)
}

#[test]
fn curves_never_rise_and_begin_pass_and_end_where_they_should() {
    // Track, approval, support, each (start, (part of the period, level), end), all per mille.
    type Points = (u32, (u32, u32), u32);
    let expected: [(u16, Points, Points); 9] = [
        (0, (1_000, (150, 800), 500), (500, (500, 275), 50)),
        (1, (1_000, (20, 960), 500), (500, (40, 200), 50)),
        (11, (1_000, (150, 800), 500), (500, (500, 275), 50)),
        (14, (1_000, (150, 800), 500), (500, (250, 100), 30)),
        (20, (1_000, (600, 500), 500), (500, (100, 100), 20)),
        (21, (1_000, (600, 500), 500), (500, (200, 100), 30)),
        (32, (1_000, (600, 500), 500), (500, (100, 50), 10)),
        (33, (1_000, (800, 500), 500), (500, (300, 50), 20)),
        (34, (1_000, (500, 750), 500), (500, (500, 50), 30)),
    ];
    assert_eq!(expected.len(), TRACKS.len());
    for (id, approval, support) in expected {
        let info = track(id);
        for (curve, (start, (at, level), end)) in
            [(&info.min_approval, approval), (&info.min_support, support)]
        {
            let found = thresholds(curve);
            let falls = found.windows(2).all(|pair| pair[0] >= pair[1]);
            assert!(falls, "{id}: {curve:?} rises");
            let there = curve.threshold(Perbill::from_rational(at, 1_000u32));
            let ends = [found[0], there, found[STEPS as usize]];
            let close = [start, level, end].into_iter().zip(ends);
            assert!(
                close
                    .into_iter()
                    .all(|(expected, found)| is_about(found, expected)),
                "{id}: {curve:?} is at {ends:?}, not at {start}, {level}, {end}"
            );
        }
    }
}

#[test]
fn every_referendum_needs_a_majority_and_more_support_than_one_vote_at_any_time() {
    // But for the rounding of curves.
    let (half, one_percent) = (4_999u32, 99u32);
    for track in &TRACKS {
        for (curve, least) in [
            (&track.info.min_approval, half),
            (&track.info.min_support, one_percent),
        ] {
            let least = Perbill::from_rational(least, 10_000);
            let found = thresholds(curve);
            assert!(found.iter().all(|part| *part >= least), "{}", track.id);
        }
    }
}

#[test]
fn more_money_takes_more_of_everything() {
    let spenders = [32, 33, 34, 11].map(track);
    for pair in spenders.windows(2) {
        let (less, more) = (pair[0], pair[1]);
        assert!(less.decision_deposit < more.decision_deposit);
        assert!(less.confirm_period < more.confirm_period);
        let ordered = |a: &Curve, b: &Curve| {
            thresholds(a)
                .iter()
                .zip(thresholds(b))
                .all(|(a, b)| *a <= b + Perbill::from_rational(1u32, 10_000))
        };
        assert!(ordered(&less.min_support, &more.min_support));
    }
    let limit = |origin: Origin| {
        use frame_support::traits::EnsureOrigin;
        Spender::try_origin(origin.into()).ok()
    };
    let limits = [
        limit(Origin::SmallSpender),
        limit(Origin::MediumSpender),
        limit(Origin::BigSpender),
        limit(Origin::Treasurer),
    ];
    assert_eq!(
        limits,
        [1_000, 10_000, 100_000, 1_000_000].map(|tokens| Some(tokens * NOEMA))
    );
    for other in [
        Origin::WhitelistedCaller,
        Origin::GeneralAdmin,
        Origin::ReferendumCanceller,
        Origin::ReferendumKiller,
    ] {
        assert_eq!(limit(other), None, "{other:?}");
    }
}

/// From submission to approval at the soonest.
fn soonest(info: &Info) -> u32 {
    info.prepare_period + info.confirm_period
}

#[test]
fn what_goes_wrong_can_be_stopped_before_it_is_carried_out() {
    let (root, whitelisted) = (track(0), track(1));
    let carried_out = |info: &Info| soonest(info) + info.min_enactment_period;
    for canceller in [20, 21].map(track) {
        for id in [0, 11, 32, 33, 34] {
            assert!(carried_out(canceller) < soonest(track(id)), "{id}");
        }
        assert!(carried_out(canceller) < carried_out(track(14)));
    }
    // A whitelisted call takes back what another track has approved.
    for id in [0, 11, 32, 33, 34] {
        assert!(carried_out(whitelisted) < track(id).min_enactment_period);
    }
    // An emergency lever lasts for at least several such calls.
    assert!(parameters::COMMITTEE_SAFE_MODE > 5 * carried_out(whitelisted));
    assert_eq!(carried_out(whitelisted), 50 * MINUTES);
    assert_eq!(carried_out(root), 50 * HOURS);
}

#[test]
fn voters_stay_locked_until_what_they_approved_is_carried_out() {
    for track in &TRACKS {
        assert!(track.info.min_enactment_period <= parameters::VOTE_LOCKING_PERIOD);
        assert!(track.info.prepare_period < parameters::UNDECIDING_TIMEOUT);
        assert!(track.info.confirm_period < track.info.decision_period);
        assert!(track.info.max_deciding > 0);
    }
    assert_eq!(parameters::VOTE_LOCKING_PERIOD, 7 * DAYS);
}

#[test]
fn a_development_chain_runs_the_same_tracks_faster() {
    on_a_chain(|| {
        for quick in Tracks::tracks() {
            let slow = track(quick.id);
            let info = &quick.info;
            assert_eq!(Some(info), Tracks::info(quick.id).as_deref());
            assert_eq!(info.decision_period, slow.decision_period / 1_440);
            for (quick, slow) in [
                (info.prepare_period, slow.prepare_period),
                (info.confirm_period, slow.confirm_period),
                (info.min_enactment_period, slow.min_enactment_period),
            ] {
                assert_eq!(quick, (slow / 1_440).max(1));
            }
            // Nothing else differs.
            let same = Info {
                prepare_period: slow.prepare_period,
                decision_period: slow.decision_period,
                confirm_period: slow.confirm_period,
                min_enactment_period: slow.min_enactment_period,
                ..info.clone()
            };
            assert_eq!(&same, slow);
        }
        let lock = <Runtime as pallet_conviction_voting::Config>::VoteLockingPeriod::get();
        assert_eq!(lock, 7 * MINUTES);
        let undecided = <Runtime as pallet_referenda::Config>::UndecidingTimeout::get();
        assert_eq!(undecided, 14 * MINUTES);
    });
}

#[test]
#[should_panic(expected = "governance cannot stand still")]
fn a_genesis_state_in_which_governance_stands_still_is_refused() {
    use sp_runtime::BuildStorage;
    let stopped = noema_runtime::OriginsConfig {
        governance_speed: 0,
        ..Default::default()
    };
    let _ = stopped.build_storage();
}
