//! Where upgrades stand, from the state of one block.

use noema_chain_client::{call_value, ChainError, Hash, StateAt, Value as Dynamic};
use serde::Serialize;
use serde_json::{json, Value};

use super::code::hash_of;
use crate::{failure::Failure, session::number};

/// Where the chain keeps code that is to come into force.
const PENDING_CODE: &[u8] = b":pending_code";
/// Referenda that are looked through for one, newest first.
const REFERENDA: u32 = 200;
/// The custom origin under which whitelisted calls run: pallet and name.
pub(super) const WHITELISTED_CALLER: (&str, &str) = ("Origins", "WhitelistedCaller");
/// The pallet of the technical committee.
pub(super) const COMMITTEE: &str = "TechnicalCommittee";
/// The pallet that runs migrations over several blocks.
pub(super) const MIGRATIONS: &str = "MultiBlockMigrations";
/// The pallet that closes the chain to ordinary calls.
const SAFE_MODE: &str = "SafeMode";

/// What the chain is about to do, whichever upgrade it is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Standing {
    /// Block whose state was read.
    pub(super) block: u32,
    /// Version of the runtime in force.
    pub(super) spec_version: u32,
    /// Hash of the code that may be handed in.
    pub(super) authorized: Option<Hash>,
    /// Code that was handed in and comes into force.
    pub(super) pending: Option<Pending>,
    /// Migrations under way.
    pub(super) migration: Migration,
    /// The last block of safe mode, while the chain is in it: a failed migration leads there.
    pub(super) safe_mode_until: Option<u32>,
}

/// Code that was handed in.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Pending {
    pub(super) code_hash: Hash,
    /// The last block that the present runtime executes.
    pub(super) in_force_after: Option<u32>,
}

/// How far migrations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Migration {
    /// None is under way.
    None,
    /// This one of the list is.
    Running { index: u32 },
    /// One got stuck, and governance has to repair it.
    Stuck,
}

/// The calls by which governance authorises an upgrade.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    /// `System.authorize_upgrade`: what the technical committee whitelists.
    pub(super) authorize: Vec<u8>,
    pub(super) authorize_hash: Hash,
    /// `Whitelist.dispatch_whitelisted_call_with_preimage` around it: what the referendum is about.
    pub(super) proposal: Vec<u8>,
    pub(super) proposal_hash: Hash,
    /// `Whitelist.whitelist_call`: what the committee votes on.
    pub(super) whitelist: Vec<u8>,
    pub(super) whitelist_hash: Hash,
    whitelist_value: Dynamic,
}

/// What the chain has of the way of one upgrade through governance.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Way {
    pub(super) preimage: bool,
    pub(super) whitelisted: bool,
    /// The committee's vote, while it goes on.
    pub(super) committee: Option<CommitteeVote>,
    pub(super) referendum: Option<Referendum>,
}

/// A vote of the technical committee.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CommitteeVote {
    pub(super) index: u32,
    pub(super) threshold: u32,
    pub(super) ayes: Vec<String>,
    pub(super) nays: Vec<String>,
}

/// A referendum.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Referendum {
    pub(super) index: u32,
    /// `Ongoing`, `Approved`, `Rejected`, `Cancelled`, `TimedOut` or `Killed`.
    pub(super) state: String,
    pub(super) has_decision_deposit: bool,
    /// Since when it is being decided.
    pub(super) deciding_since: Option<u32>,
    /// When it passes if nothing changes.
    pub(super) confirming_until: Option<u32>,
    /// When the chain looks at it next.
    pub(super) next_look: Option<u32>,
    /// Ayes in parts of ayes and nays.
    pub(super) approval: Option<f64>,
    /// Votes for it in parts of all tokens.
    pub(super) support: Option<f64>,
    /// Hash of what it is about.
    pub(super) proposal: Option<Hash>,
}

impl Standing {
    pub(super) async fn read(state: &StateAt) -> Result<Self, ChainError> {
        let authorized = state.read("System", "AuthorizedUpgrade", vec![]).await?;
        let authorized = authorized
            .as_ref()
            .and_then(|found| hash(found.get("code_hash")?));
        let pending = match state.raw(PENDING_CODE).await? {
            Some(code) => {
                let left = state.read("System", "BlocksTillUpgrade", vec![]).await?;
                let left = left.as_ref().and_then(small);
                Some(Pending {
                    code_hash: hash_of(&code),
                    in_force_after: left.map(|left| state.block().number.saturating_add(left)),
                })
            }
            None => None,
        };
        let migration = if state.has_pallet(MIGRATIONS) {
            migration(state.read(MIGRATIONS, "Cursor", vec![]).await?.as_ref())
        } else {
            Migration::None
        };
        let safe_mode_until = if state.has_pallet(SAFE_MODE) {
            let until = state.read(SAFE_MODE, "EnteredUntil", vec![]).await?;
            until.as_ref().and_then(small)
        } else {
            None
        };
        Ok(Self {
            block: state.block().number,
            spec_version: state.spec_version(),
            authorized,
            pending,
            migration,
            safe_mode_until,
        })
    }
}

/// What the cursor of the migrations says.
fn migration(cursor: Option<&Value>) -> Migration {
    match cursor {
        None => Migration::None,
        Some(cursor) => match cursor.pointer("/Active/index").and_then(small) {
            Some(index) => Migration::Running { index },
            None => Migration::Stuck,
        },
    }
}

impl Calls {
    /// The calls for the code with this hash. Fails on a chain without referenda and whitelist.
    pub(super) fn new(state: &StateAt, code_hash: Hash) -> Result<Self, Failure> {
        for pallet in ["Referenda", "Whitelist", "Preimage"] {
            if !state.has_pallet(pallet) {
                return Err(Failure::new(
                    "no_governance",
                    format!("this chain has no pallet {pallet}: upgrades are not decided by referendum here (`--by sudo` on a development chain)"),
                ));
            }
        }
        let authorize = call_value(
            "System",
            "authorize_upgrade",
            vec![("code_hash", Dynamic::from_bytes(code_hash.0))],
        );
        let proposal = call_value(
            "Whitelist",
            "dispatch_whitelisted_call_with_preimage",
            vec![("call", authorize.clone())],
        );
        let authorize = state.encode_value(&authorize)?;
        let proposal = state.encode_value(&proposal)?;
        let authorize_hash = hash_of(&authorize);
        let whitelist_value = call_value(
            "Whitelist",
            "whitelist_call",
            vec![("call_hash", Dynamic::from_bytes(authorize_hash.0))],
        );
        let whitelist = state.encode_value(&whitelist_value)?;
        Ok(Self {
            authorize_hash,
            proposal_hash: hash_of(&proposal),
            whitelist_hash: hash_of(&whitelist),
            authorize,
            proposal,
            whitelist,
            whitelist_value,
        })
    }

    /// The length of the proposal, which is part of its name.
    pub(super) fn proposal_length(&self) -> u128 {
        self.proposal.len() as u128
    }

    /// The call that notes the preimage.
    pub(super) fn note_preimage(&self) -> Dynamic {
        call_value(
            "Preimage",
            "note_preimage",
            vec![("bytes", Dynamic::from_bytes(&self.proposal))],
        )
    }

    /// The call that submits the referendum.
    pub(super) fn submit(&self) -> Dynamic {
        let (pallet, origin) = WHITELISTED_CALLER;
        let origin = Dynamic::unnamed_variant(pallet, [Dynamic::unnamed_variant(origin, [])]);
        let proposal = Dynamic::named_variant(
            "Lookup",
            [
                ("hash", Dynamic::from_bytes(self.proposal_hash.0)),
                ("len", Dynamic::u128(self.proposal_length())),
            ],
        );
        // As soon as the track allows.
        let enactment = Dynamic::unnamed_variant("After", [Dynamic::u128(0)]);
        call_value(
            "Referenda",
            "submit",
            vec![
                ("proposal_origin", origin),
                ("proposal", proposal),
                ("enactment_moment", enactment),
            ],
        )
    }

    /// The call that opens the committee's vote.
    pub(super) fn committee_propose(&self, threshold: u32) -> Dynamic {
        call_value(
            COMMITTEE,
            "propose",
            vec![
                ("threshold", Dynamic::u128(threshold.into())),
                ("proposal", self.whitelist_value.clone()),
                ("length_bound", Dynamic::u128(self.whitelist.len() as u128)),
            ],
        )
    }

    /// The call that votes for it.
    pub(super) fn committee_vote(&self, index: u32) -> Dynamic {
        call_value(
            COMMITTEE,
            "vote",
            vec![
                ("proposal", Dynamic::from_bytes(self.whitelist_hash.0)),
                ("index", Dynamic::u128(index.into())),
                ("approve", Dynamic::bool(true)),
            ],
        )
    }

    /// The call that closes it when enough have voted.
    pub(super) fn committee_close(&self, index: u32) -> Dynamic {
        /// Enough for one call that writes two values.
        const TIME: u128 = 10_000_000_000;
        const PROOF: u128 = 1_000_000;
        let weight = Dynamic::named_composite([
            ("ref_time", Dynamic::u128(TIME)),
            ("proof_size", Dynamic::u128(PROOF)),
        ]);
        call_value(
            COMMITTEE,
            "close",
            vec![
                ("proposal_hash", Dynamic::from_bytes(self.whitelist_hash.0)),
                ("index", Dynamic::u128(index.into())),
                ("proposal_weight_bound", weight),
                ("length_bound", Dynamic::u128(self.whitelist.len() as u128)),
            ],
        )
    }
}

impl Way {
    pub(super) async fn read(state: &StateAt, calls: &Calls) -> Result<Self, ChainError> {
        let by_hash = |hash: Hash| vec![Dynamic::from_bytes(hash.0)];
        let key = Dynamic::unnamed_composite([
            Dynamic::from_bytes(calls.proposal_hash.0),
            Dynamic::u128(calls.proposal_length()),
        ]);
        let preimage = state.read("Preimage", "PreimageFor", vec![key]).await?;
        let whitelisted = state
            .read(
                "Whitelist",
                "WhitelistedCall",
                by_hash(calls.authorize_hash),
            )
            .await?;
        let committee = if state.has_pallet(COMMITTEE) {
            state
                .read(COMMITTEE, "Voting", by_hash(calls.whitelist_hash))
                .await?
        } else {
            None
        };
        Ok(Self {
            preimage: preimage.is_some(),
            whitelisted: whitelisted.is_some(),
            committee: committee.as_ref().and_then(CommitteeVote::of),
            referendum: Referendum::about(state, calls.proposal_hash).await?,
        })
    }
}

impl CommitteeVote {
    fn of(vote: &Value) -> Option<Self> {
        let accounts = |name: &str| -> Vec<String> {
            let list = match vote.get(name) {
                Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
                // A list of one is written as its only member.
                Some(Value::String(only)) => vec![only.as_str()],
                _ => Vec::new(),
            };
            list.into_iter().map(str::to_owned).collect()
        };
        Some(Self {
            index: small(vote.get("index")?)?,
            threshold: small(vote.get("threshold")?)?,
            ayes: accounts("ayes"),
            nays: accounts("nays"),
        })
    }
}

impl Referendum {
    /// The newest referendum about this proposal.
    async fn about(state: &StateAt, proposal: Hash) -> Result<Option<Self>, ChainError> {
        let count = state.read("Referenda", "ReferendumCount", vec![]).await?;
        let count = count.as_ref().and_then(small).unwrap_or_default();
        for index in (count.saturating_sub(REFERENDA)..count).rev() {
            let found = Self::read(state, index).await?;
            if let Some(found) = found.filter(|found| found.proposal == Some(proposal)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The referendum with this number.
    pub(super) async fn read(state: &StateAt, index: u32) -> Result<Option<Self>, ChainError> {
        let key = vec![Dynamic::u128(index.into())];
        let info = state.read("Referenda", "ReferendumInfoFor", key).await?;
        let Some(info) = info else { return Ok(None) };
        let issuance = state.read("Balances", "TotalIssuance", vec![]).await?;
        let issuance = issuance.as_ref().and_then(number);
        Ok(Some(Self::of(index, &info, issuance)))
    }

    fn of(index: u32, info: &Value, issuance: Option<u128>) -> Self {
        let state = match info {
            Value::Object(variant) => variant.keys().next().cloned().unwrap_or_default(),
            Value::String(variant) => variant.clone(),
            _ => String::new(),
        };
        let empty = json!({});
        let status = info.get("Ongoing").unwrap_or(&empty);
        let deciding = status.get("deciding").and_then(some);
        let vote = |name: &str| status.pointer(&format!("/tally/{name}")).and_then(number);
        let part = |part: Option<u128>, whole: Option<u128>| match (part, whole) {
            (Some(part), Some(whole)) if whole > 0 => Some(part as f64 / whole as f64),
            (Some(_), Some(_)) => Some(0.0),
            _ => None,
        };
        let (ayes, nays) = (vote("ayes"), vote("nays"));
        let all = ayes.and_then(|ayes| Some(ayes.saturating_add(nays?)));
        Self {
            index,
            state,
            has_decision_deposit: status.get("decision_deposit").and_then(some).is_some(),
            deciding_since: deciding.and_then(|d| small(d.get("since")?)),
            confirming_until: deciding.and_then(|d| small(some(d.get("confirming")?)?)),
            next_look: status
                .get("alarm")
                .and_then(some)
                .and_then(|alarm| small(alarm.get(0)?)),
            approval: part(ayes, all),
            support: part(vote("support"), issuance),
            proposal: status.pointer("/proposal/Lookup/hash").and_then(hash),
        }
    }

    /// In a line, for people.
    pub(super) fn in_words(&self, now: u32) -> String {
        if self.state != "Ongoing" {
            return format!("{}: {}", self.index, self.state.to_lowercase());
        }
        let stage = match (
            self.has_decision_deposit,
            self.deciding_since,
            self.confirming_until,
        ) {
            (_, Some(_), Some(until)) => format!(
                "passing, confirmed in block {until} ({} blocks left) if it stays so",
                until.saturating_sub(now)
            ),
            (_, Some(since), None) => format!("being decided since block {since}"),
            (false, None, _) => "waiting for its decision deposit".into(),
            (true, None, _) => "being prepared".into(),
        };
        let percent = |part: Option<f64>| {
            part.map_or_else(|| "?".to_owned(), |part| format!("{:.1} %", part * 100.0))
        };
        let next = self.next_look.map_or_else(String::new, |next| {
            format!(
                ", the chain looks at it again in block {next} ({} blocks left)",
                next.saturating_sub(now)
            )
        });
        format!(
            "{}: {stage}; approval {}, support {}{next}",
            self.index,
            percent(self.approval),
            percent(self.support)
        )
    }
}

/// What is in an `Option`.
fn some(value: &Value) -> Option<&Value> {
    value.get("Some")
}

fn small(value: &Value) -> Option<u32> {
    number(value).and_then(|n| u32::try_from(n).ok())
}

fn hash(value: &Value) -> Option<Hash> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_of_migrations_is_understood() {
        assert_eq!(migration(None), Migration::None);
        let active = json!({ "Active": { "index": 3, "inner_cursor": "None", "started_at": 9 } });
        assert_eq!(migration(Some(&active)), Migration::Running { index: 3 });
        assert_eq!(migration(Some(&json!("Stuck"))), Migration::Stuck);
    }

    #[test]
    fn referendum_under_way_is_understood() {
        let proposal = format!("0x{}", "ab".repeat(32));
        let info = json!({ "Ongoing": {
            "track": 1,
            "proposal": { "Lookup": { "hash": proposal, "len": 38 } },
            "decision_deposit": { "Some": { "who": "0x01", "amount": 5 } },
            "deciding": { "Some": { "since": 100, "confirming": { "Some": 140 } } },
            "tally": { "ayes": "3000000000000000000000", "nays": "1000000000000000000000", "support": 50 },
            "alarm": { "Some": [140, [140, 0]] },
        }});
        let referendum = Referendum::of(4, &info, Some(200));
        assert_eq!(referendum.state, "Ongoing");
        assert_eq!(
            (referendum.approval, referendum.support),
            (Some(0.75), Some(0.25))
        );
        assert_eq!(referendum.proposal, Some(Hash([0xab; 32])));
        let words = referendum.in_words(130);
        assert!(
            words.contains("confirmed in block 140 (10 blocks left)"),
            "{words}"
        );
        assert!(words.contains("approval 75.0 %, support 25.0 %"), "{words}");
    }

    #[test]
    fn referendum_at_its_beginning_and_end_is_understood() {
        let info = json!({ "Ongoing": {
            "proposal": { "Lookup": { "hash": "0x00", "len": 38 } },
            "decision_deposit": "None",
            "deciding": "None",
            "tally": { "ayes": 0, "nays": 0, "support": 0 },
            "alarm": "None",
        }});
        let words = Referendum::of(0, &info, Some(200)).in_words(1);
        assert!(
            words.contains("waiting for its decision deposit"),
            "{words}"
        );
        let ended = json!({ "Approved": [120, "None", "None"] });
        let referendum = Referendum::of(1, &ended, None);
        assert_eq!(referendum.in_words(200), "1: approved");
        assert_eq!(referendum.proposal, None);
    }

    #[test]
    fn committee_vote_is_understood() {
        let one = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
        let vote = json!({ "index": 0, "threshold": 2, "ayes": one, "nays": [], "end": 7 });
        let vote = CommitteeVote::of(&vote).unwrap();
        assert_eq!((vote.index, vote.threshold), (0, 2));
        assert_eq!((vote.ayes.len(), vote.nays.len()), (1, 0));
    }
}
