//! What the storage pallet asks of others, for a chain of known members.

use crate::{AccountId, Balance, BlockNumber, Runtime, System};
use alloc::vec::Vec;
use frame_support::traits::Get;
use noema_traits::{AgedRandomness, ProviderRegistry, Role, RoundIndex, Rounds, Seed, Tick, Ticks};
use sp_keyring::Sr25519Keyring;
use sp_runtime::DispatchResult;

/// The providers of a consortium: known from the beginning, without bond, with room for everything, each acting with its own key.
///
/// A chain whose providers come and go keeps them in a pallet, such as `pallet-noema-providers`.
pub struct Members;

impl Members {
    /// The development accounts Bob, Charlie and Dave.
    pub const ALL: [Sr25519Keyring; 3] = [
        Sr25519Keyring::Bob,
        Sr25519Keyring::Charlie,
        Sr25519Keyring::Dave,
    ];

    fn has(role: Role, who: &AccountId) -> bool {
        role == Role::Storage
            && Self::ALL
                .iter()
                .any(|member| member.to_account_id() == *who)
    }
}

impl ProviderRegistry<AccountId, Balance> for Members {
    fn is_active(role: Role, provider: &AccountId) -> bool {
        Self::has(role, provider)
    }

    fn active_count(role: Role) -> u32 {
        match role {
            Role::Storage => 3,
            Role::DataAvailability | Role::Compute => 0,
        }
    }

    fn bond(_role: Role, _provider: &AccountId) -> Balance {
        0
    }

    fn total_free(role: Role) -> u128 {
        u128::from(Self::active_count(role)).saturating_mul(u64::MAX.into())
    }

    fn endpoint(_role: Role, _provider: &AccountId) -> Option<Vec<u8>> {
        None
    }

    fn provider_of_operator(role: Role, operator: &AccountId) -> Option<AccountId> {
        Self::has(role, operator).then(|| operator.clone())
    }

    fn free_bytes(role: Role, provider: &AccountId) -> u64 {
        if Self::has(role, provider) {
            u64::MAX
        } else {
            0
        }
    }

    fn draw(role: Role, random: &[u8; 32]) -> Option<AccountId> {
        // All have the same room, so that every byte below the largest multiple of their number is as good as another.
        let pick = random.iter().find(|byte| **byte < 255)? % 3;
        let member = Self::ALL.get(usize::from(pick))?;
        (role == Role::Storage).then(|| member.to_account_id())
    }

    fn reserve(_role: Role, _provider: &AccountId, _bytes: u64) -> DispatchResult {
        Ok(())
    }

    fn release(_role: Role, _provider: &AccountId, _bytes: u64) {}
}

/// The hash of a block as its seed, known when the next block begins.
///
/// Whoever authors a block can choose its hash among as many as it can compute, so this is for chains whose authors are trusted. A chain
/// with BABE has `pallet-noema-entropy`, whose seeds nobody can choose.
pub struct BlockHashes;

impl AgedRandomness<BlockNumber> for BlockHashes {
    fn seed_from(not_before: BlockNumber) -> Option<Seed<BlockNumber>> {
        let hash = System::block_hash(not_before);
        // The hash of a block that is not there, or no longer.
        (!hash.is_zero()).then_some(Seed {
            value: hash.0,
            drawn_at: not_before.saturating_add(1),
        })
    }

    fn history() -> BlockNumber {
        <Runtime as frame_system::Config>::BlockHashCount::get()
    }
}

/// Every block is a tick, and every 3,600 of them a round: a clock for chains whose authors let everybody's transactions in.
///
/// A chain with audits has `pallet-noema-audits` count both.
pub struct Hours;

impl Hours {
    const LENGTH: Tick = 3_600;
}

impl Ticks for Hours {
    fn now() -> Tick {
        System::block_number().into()
    }
}

impl Rounds for Hours {
    fn current() -> RoundIndex {
        let round = Self::now().checked_div(Self::LENGTH).unwrap_or(0);
        RoundIndex::try_from(round).unwrap_or(RoundIndex::MAX)
    }

    fn length() -> Tick {
        Self::LENGTH
    }

    fn ends() -> Tick {
        let next = Tick::from(Self::current()).saturating_add(1);
        next.saturating_mul(Self::LENGTH)
    }
}
