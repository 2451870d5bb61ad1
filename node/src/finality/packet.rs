//! How far a node says that it is in GRANDPA's rounds.

use codec::{Decode, DecodeAll, Encode};

/// A neighbor packet as it is on the wire: what a node tells its peers when it enters a round, hears of a later finalised block, or meets a new peer.
///
/// The SDK keeps its own type for itself: `GossipMessage::Neighbor(VersionedNeighborPacket::V1(NeighborPacket))` in
/// `sc-consensus-grandpa`, `communication/gossip.rs`; the tests hold this one against bytes from a network.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
pub(super) struct Neighbor {
    pub(super) round: u64,
    pub(super) set_id: u64,
    pub(super) finalized: u32,
}

/// GRANDPA's messages, of which only this one matters here.
#[derive(Decode, Encode)]
enum Message {
    #[codec(index = 2)]
    Neighbor(Version),
}

#[derive(Decode, Encode)]
enum Version {
    #[codec(index = 1)]
    V1(Neighbor),
}

impl Neighbor {
    /// Reads a message of GRANDPA's, if it is this one.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let Message::Neighbor(Version::V1(packet)) = Message::decode_all(&mut &message[..]).ok()?;
        Some(packet)
    }

    /// Whether who says this is so far ahead of `own` that no votes bring `own` there: GRANDPA's gossip keeps those of the last two rounds.
    pub(super) fn is_out_of_reach_of(&self, own: &Self) -> bool {
        self.set_id == own.set_id && self.round > own.round.saturating_add(2)
    }
}

#[cfg(test)]
impl Neighbor {
    pub(super) fn new(round: u64) -> Self {
        Self {
            round,
            set_id: 0,
            finalized: 7,
        }
    }

    pub(super) fn message(self) -> Vec<u8> {
        Message::Neighbor(Version::V1(self)).encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_read_and_nothing_else_is() {
        // Kind, version, then round, set and block, little-endian.
        let mut bytes = vec![2, 1];
        bytes.extend(1140_u64.to_le_bytes());
        bytes.extend(3_u64.to_le_bytes());
        bytes.extend(405_u32.to_le_bytes());
        let packet = Neighbor {
            round: 1140,
            set_id: 3,
            finalized: 405,
        };
        assert_eq!(Neighbor::read(&bytes), Some(packet));
        assert_eq!(packet.message(), bytes);
        for end in 0..bytes.len() {
            assert_eq!(Neighbor::read(&bytes[..end]), None);
        }
        let vote = [&[0], &bytes[1..]].concat();
        let later_version = [&[2, 2], &bytes[2..]].concat();
        let longer = [&bytes[..], &[0]].concat();
        for other in [vote, later_version, longer] {
            assert_eq!(Neighbor::read(&other), None);
        }
    }

    #[test]
    fn two_rounds_are_within_reach_and_another_set_is_another_matter() {
        let own = Neighbor::new(10);
        for (round, out_of_reach) in [(9, false), (10, false), (12, false), (13, true)] {
            let peer = Neighbor::new(round);
            assert_eq!(peer.is_out_of_reach_of(&own), out_of_reach);
        }
        let later = Neighbor {
            set_id: 1,
            ..Neighbor::new(99)
        };
        assert!(!later.is_out_of_reach_of(&own));
    }
}
