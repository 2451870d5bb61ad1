//! The tracks of referenda, as pallet-referenda asks for them: those of
//! [`parameters`](crate::parameters::TRACKS), at the pace of this chain.

use super::{
    origins::{GovernanceSpeed, Origin},
    speed::paced,
};
use crate::{parameters::TRACKS, Balance, BlockNumber, OriginCaller, Runtime};
use alloc::borrow::Cow;
use frame_system::RawOrigin;
use pallet_referenda::{Track, TrackInfo, TracksInfo};

/// The tracks.
pub struct Tracks;

impl TracksInfo<Balance, BlockNumber> for Tracks {
    type Id = u16;
    type RuntimeOrigin = OriginCaller;

    fn tracks() -> impl Iterator<Item = Cow<'static, Track<u16, Balance, BlockNumber>>> {
        let speed = GovernanceSpeed::<Runtime>::get();
        TRACKS.iter().map(move |track| match speed {
            1 => Cow::Borrowed(track),
            _ => Cow::Owned(Track {
                id: track.id,
                info: at_pace(&track.info),
            }),
        })
    }

    // Without asking for the speed.
    fn track_ids() -> impl Iterator<Item = u16> {
        TRACKS.iter().map(|track| track.id)
    }

    // Makes one track only.
    fn info(id: u16) -> Option<Cow<'static, TrackInfo<Balance, BlockNumber>>> {
        let track = TRACKS.iter().find(|track| track.id == id)?;
        Some(match GovernanceSpeed::<Runtime>::get() {
            1 => Cow::Borrowed(&track.info),
            _ => Cow::Owned(at_pace(&track.info)),
        })
    }

    fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
        match origin {
            OriginCaller::system(RawOrigin::Root) => Ok(0),
            OriginCaller::Origins(origin) => Ok(match origin {
                Origin::WhitelistedCaller => 1,
                Origin::Treasurer => 11,
                Origin::GeneralAdmin => 14,
                Origin::ReferendumCanceller => 20,
                Origin::ReferendumKiller => 21,
                Origin::SmallSpender => 32,
                Origin::MediumSpender => 33,
                Origin::BigSpender => 34,
            }),
            // No referendum acts as an account, or as the committee.
            _ => Err(()),
        }
    }
}

/// A track with its periods as they are on this chain.
fn at_pace(info: &TrackInfo<Balance, BlockNumber>) -> TrackInfo<Balance, BlockNumber> {
    TrackInfo {
        prepare_period: paced(info.prepare_period),
        decision_period: paced(info.decision_period),
        confirm_period: paced(info.confirm_period),
        min_enactment_period: paced(info.min_enactment_period),
        ..info.clone()
    }
}
