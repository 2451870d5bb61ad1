//! The calls a program may submit.

use noema_commitment::SectorProof;

use crate::types::{AccountId, Balance, FileId, Hash, Role};

/// Registration of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterProvider {
    /// What the provider does.
    pub role: Role,
    /// Its own bond, in the smallest unit.
    pub bond: Balance,
    /// The hot key that acts for it.
    pub operator: AccountId,
    /// Where its daemon answers: `http://` or `https://`, host, optional port and path.
    pub endpoint: String,
    /// Declared capacity in bytes.
    pub capacity: u64,
}

/// A call, encoded with the metadata of the runtime that will execute it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// Commits to a file: holds the deposit and starts the draw of its replicas.
    Commit {
        /// 0G Storage root.
        root: [u8; 32],
        /// Size in bytes.
        size: u64,
        /// How many providers should hold it.
        replicas: u8,
    },
    /// Says that the provider holds the whole file (operator key).
    Ready {
        /// The file.
        file: FileId,
        /// The deal's owner.
        owner: AccountId,
        /// The provider's slot.
        slot: u8,
    },
    /// Proves the drawn sectors (operator key).
    Prove {
        /// The file.
        file: FileId,
        /// The deal's owner.
        owner: AccountId,
        /// The provider's slot.
        slot: u8,
        /// Sector proofs in the order drawn.
        proof: Vec<SectorProof>,
    },
    /// Removes the caller's deal and returns its deposit.
    Remove {
        /// The file.
        file: FileId,
    },
    /// Gives a slot up.
    Resign {
        /// The file.
        file: FileId,
        /// The deal's owner.
        owner: AccountId,
        /// The provider's slot.
        slot: u8,
    },
    /// Registers the caller as a provider.
    Register(RegisterProvider),
    /// Adds to the caller's bond.
    BondMore {
        /// The role.
        role: Role,
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Starts unbonding.
    Unbond {
        /// The role.
        role: Role,
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Takes unbonding funds back into the bond.
    Rebond {
        /// The role.
        role: Role,
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Releases what has matured.
    Withdraw {
        /// The role.
        role: Role,
    },
    /// Replaces the hot key.
    SetOperator {
        /// The role.
        role: Role,
        /// The new key.
        operator: AccountId,
    },
    /// Announces where the daemon answers (bonded account or operator key).
    SetEndpoint {
        /// The role.
        role: Role,
        /// `http://` or `https://`, host, optional port and path.
        endpoint: String,
    },
    /// Declares capacity.
    SetCapacity {
        /// The role.
        role: Role,
        /// In bytes.
        capacity: u64,
    },
    /// Stops new work (bonded account or operator key).
    Chill {
        /// The role.
        role: Role,
    },
    /// Asks for new work again.
    Activate {
        /// The role.
        role: Role,
    },
    /// Comes back after the end of a jail term.
    Unjail {
        /// The role.
        role: Role,
    },
    /// Sends funds, keeping the sender's account alive.
    TransferKeepAlive {
        /// Who gets them.
        to: AccountId,
        /// How much, in the smallest unit.
        amount: Balance,
    },
    /// Authorises the runtime with this BLAKE2b-256 hash of its code (root only).
    AuthorizeUpgrade {
        /// Hash of the WASM as it will be applied.
        code_hash: Hash,
    },
    /// Applies the authorised runtime; anyone may.
    ApplyAuthorizedUpgrade {
        /// The WASM.
        code: Vec<u8>,
    },
    /// Runs a call as root, by the sudo key.
    Sudo(Box<Call>),
    /// Does nothing but stand in a block.
    Remark(Vec<u8>),
    /// A call as SCALE bytes, pallet and call index first.
    Raw(Vec<u8>),
}

impl Call {
    /// This call as root, by the sudo key.
    pub fn sudo(self) -> Self {
        Call::Sudo(Box::new(self))
    }
}
