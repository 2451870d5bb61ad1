//! All lanes of a gateway: in memory to decide, in the journal to survive. Which voucher is taken is decided in one step under one lock; what it cost counts when it is durable.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use codec::{DecodeAll, Encode};
use noema_chain_client::AccountId;
use noema_compute_primitives::{ChannelId, Hash, LaneId, SessionId, Voucher};
use noema_journal::{Change, Journal, JournalError, Table};

use super::lanes::{Answered, LaneKey, LaneRecord, LaneRefusal};

use crate::{
    chain::{ChannelInfo, ChannelSessions, SessionInfo, SessionLanes, Tick},
    SignedReceipt, SignedVoucher,
};

const LANES: Table = "lanes";

type Lanes = BTreeMap<(SessionId, LaneId), LaneRecord>;

/// Why a voucher is not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Lane(#[from] LaneRefusal),
    #[error("the chain has a redemption of the lane and this gateway has no record of it; use another lane")]
    Unknown,
    #[error("the voucher may cost {maximum}; the session allows {limit} for a request")]
    PerUse { maximum: u128, limit: u128 },
    #[error("the {of} has {left} left, of which {promised} are promised; the voucher may cost {maximum}: top up, or promise less")]
    Exposure {
        of: &'static str,
        left: u128,
        promised: u128,
        maximum: u128,
    },
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What a lane owes beyond what the chain has paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) key: LaneKey,
    /// The request that covers all that the lane owes.
    pub(crate) answered: Answered,
    /// Units that are not redeemed.
    pub(crate) due: u128,
}

/// The lanes.
#[derive(Debug)]
pub(crate) struct Ledger {
    journal: Journal,
    channels: Mutex<HashMap<ChannelId, Lanes>>,
}

impl Ledger {
    /// Opens the ledger of a provider in `dir`. Notes that cannot be read stop it: money is in them.
    pub(crate) fn open(
        dir: &Path,
        genesis: &Hash,
        provider: &AccountId,
    ) -> Result<Self, JournalError> {
        let owner = (b"gateway/2", genesis, provider).encode();
        let journal = Journal::open(&dir.join("gateway.redb"), &owner, &[LANES])?;
        let mut channels: HashMap<ChannelId, Lanes> = HashMap::new();
        for (key, value) in journal.read(LANES)? {
            let bad = || JournalError::Read(format!("lane {} is damaged", hex::encode(&key)));
            let name = LaneKey::from_bytes(&key).ok_or_else(bad)?;
            let record = LaneRecord::decode_all(&mut &value[..]).map_err(|_| bad())?;
            let lanes = channels.entry(name.channel).or_default();
            lanes.insert((name.session, name.lane), record);
        }
        Ok(Self {
            journal,
            channels: Mutex::new(channels),
        })
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<ChannelId, Lanes>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a lane.
    pub(crate) fn lane(&self, key: &LaneKey) -> Option<LaneRecord> {
        let channels = self.channels();
        let lanes = channels.get(&key.channel)?;
        lanes.get(&(key.session, key.lane)).cloned()
    }

    /// Channels of which something is kept.
    pub(crate) fn known(&self) -> Vec<ChannelId> {
        self.channels().keys().copied().collect()
    }

    /// Whether receipts can be noted.
    ///
    /// # Errors
    /// Why not, any more.
    pub(crate) fn works(&self) -> Result<(), JournalError> {
        self.journal.works()
    }

    /// Takes a voucher, of a session of a channel that stand so. It is not noted before its receipt is: of a request that is cut off by the end of this program nobody
    /// was shown a receipt, so that it is as one that never came.
    pub(crate) fn begin(
        &self,
        signed: SignedVoucher,
        channel: &ChannelInfo,
        session: &SessionInfo,
    ) -> Result<(), Refusal> {
        self.take(signed, session, |lanes| {
            exposure(lanes, &signed.voucher, channel, session)
        })
    }

    /// Takes a voucher of which nothing is asked but that its request be over.
    pub(crate) fn begin_to_end(
        &self,
        signed: SignedVoucher,
        session: &SessionInfo,
    ) -> Result<(), Refusal> {
        self.take(signed, session, |_| Ok(()))
    }

    fn take(
        &self,
        signed: SignedVoucher,
        session: &SessionInfo,
        allowed: impl FnOnce(&Lanes) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        // Work whose receipt could not be noted would be for nothing.
        self.works()?;
        let key = LaneKey::of(&signed.voucher);
        let place = (key.session, key.lane);
        let mut channels = self.channels();
        let empty = Lanes::new();
        let lanes = channels.get(&key.channel).unwrap_or(&empty);
        let before = lanes.get(&place);
        if before.is_none() && session.lane(key.lane).is_some() {
            return Err(Refusal::Unknown);
        }
        let before = before.cloned().unwrap_or_default();
        let after = before.begin(signed)?;
        // Whatever it is taken for: a voucher that the chain would refuse covers nothing.
        let (maximum, limit) = (signed.voucher.maximum, session.limits.per_use);
        if maximum > limit {
            return Err(Refusal::PerUse { maximum, limit });
        }
        before.prolongs(&signed.voucher, session.redeemed(key.lane))?;
        allowed(lanes)?;
        let lanes = channels.entry(key.channel).or_default();
        lanes.insert(place, after);
        Ok(())
    }

    /// Notes the receipt of the request under way in its lane. Durable when it returns; only then may the receipt be shown. After an error the lane stays busy until the
    /// next start: whether the receipt is on the disk, nobody knows.
    pub(crate) async fn end(&self, signed: SignedReceipt) -> Result<(), JournalError> {
        let receipt = &signed.receipt;
        let key = LaneKey {
            channel: receipt.channel,
            session: receipt.session,
            lane: receipt.lane,
        };
        let Some(before) = self.lane(&key) else {
            return Err(JournalError::Read("the lane is not known".to_owned()));
        };
        let after = before.end(signed);
        let note = Change {
            table: LANES,
            key: key.to_bytes(),
            value: Some(after.encode()),
        };
        self.journal.write(vec![note]).await?;
        let mut channels = self.channels();
        let lanes = channels.entry(key.channel).or_default();
        lanes.insert((key.session, key.lane), after);
        drop(channels);
        tracing::trace!(target: "noema_compute::durable", step = "receipt noted");
        Ok(())
    }

    /// What the lanes of a channel owe beyond what the chain has paid.
    pub(crate) fn due(&self, channel: ChannelId, info: &ChannelInfo) -> Vec<Due> {
        let channels = self.channels();
        let Some(lanes) = channels.get(&channel) else {
            return Vec::new();
        };
        let due = lanes.iter().filter_map(|((session, lane), record)| {
            let redeemed = info.session(*session)?.redeemed(*lane);
            let answered = record.claimable()?;
            let due = record.owed().checked_sub(redeemed).filter(|due| *due > 0)?;
            Some(Due {
                key: LaneKey {
                    channel,
                    session: *session,
                    lane: *lane,
                },
                answered: answered.clone(),
                due,
            })
        });
        due.collect()
    }

    /// Whether nothing of a channel can be redeemed at the tick `now`, whatever the chain has: its last vouchers have expired.
    pub(crate) fn is_expired(&self, channel: ChannelId, now: Tick) -> bool {
        let channels = self.channels();
        let lanes = channels
            .get(&channel)
            .into_iter()
            .flat_map(BTreeMap::values);
        let mut vouchers = lanes.flat_map(|lane| {
            let answered = lane.claimable().map(|answered| answered.voucher);
            answered.into_iter().chain(lane.working().copied())
        });
        vouchers.all(|signed| signed.voucher.expires <= now)
    }

    /// Forgets a channel that is settled or gone: nothing of it can be redeemed any more.
    pub(crate) async fn forget(&self, channel: ChannelId) -> Result<(), JournalError> {
        let places: Vec<_> = match self.channels().get(&channel) {
            Some(lanes) => lanes.keys().copied().collect(),
            None => return Ok(()),
        };
        let changes = places.into_iter().map(|(session, lane)| Change {
            table: LANES,
            key: LaneKey {
                channel,
                session,
                lane,
            }
            .to_bytes(),
            value: None,
        });
        self.journal.write(changes.collect()).await?;
        self.channels().remove(&channel);
        Ok(())
    }
}

/// Whether what is promised and not redeemed stays within what channel and session have left.
fn exposure(
    lanes: &Lanes,
    voucher: &Voucher,
    channel: &ChannelInfo,
    session: &SessionInfo,
) -> Result<(), Refusal> {
    let (mut of_channel, mut of_session) = (0_u128, 0_u128);
    for ((number, lane), record) in lanes {
        // The lanes of a session that its payer dropped can claim nothing any more.
        let Some(info) = channel.session(*number) else {
            continue;
        };
        let redeemed = info.redeemed(*lane);
        let promised = record.at_most().saturating_sub(redeemed);
        of_channel = of_channel.saturating_add(promised);
        if *number == voucher.session {
            of_session = of_session.saturating_add(promised);
        }
    }
    let maximum = voucher.maximum;
    for (of, left, promised) in [
        ("channel", channel.left, of_channel),
        ("session", session.left(), of_session),
    ] {
        if promised.saturating_add(maximum) > left {
            return Err(Refusal::Exposure {
                of,
                left,
                promised,
                maximum,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
