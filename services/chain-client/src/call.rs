//! The calls a program may submit.

mod agents;
mod compute;
mod da;
mod lease;
mod validator;

use noema_commitment::SectorProof;
use subxt::{
    ext::{
        scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter},
        scale_type_resolver::TypeResolver,
    },
    transactions::Payload,
    utils::{AccountId32, MultiAddress, H256},
};

pub use agents::{AgentCall, AgentGrant, AgentPlan};
pub use compute::ComputeCall;
pub use da::DaCall;
pub use lease::LeaseCall;
pub use validator::ValidatorCall;

use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            bounded_collections::bounded_vec::BoundedVec,
            noema_commitment::proof::SectorProof as ChainSectorProof,
        },
    },
    state::StateAt,
    types::{AccountId, Balance, FileId, Hash, Role, RoundIndex},
};

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
    /// Commits to a file: pays for its rounds, holds the deposit and starts the draw of its replicas.
    Commit {
        /// 0G Storage root.
        root: [u8; 32],
        /// Size in bytes.
        size: u64,
        /// How many providers should hold it.
        replicas: u8,
        /// For how many rounds, without those of grace.
        rounds: RoundIndex,
        /// What it may cost at most, deposit included, in the smallest unit.
        max: Balance,
    },
    /// Commits to several files: to all or to none. Those that have a deal already are left as they are.
    CommitMany {
        /// Root, size in bytes and number of replicas of each; at most [`crate::Constants::max_batch`].
        files: Vec<([u8; 32], u64, u8)>,
        /// For how many rounds, without those of grace.
        rounds: RoundIndex,
        /// What all of them may cost at most, deposits included, in the smallest unit.
        max: Balance,
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
        /// How many replicas it is charged for in advance: at least [`crate::Deal::replicas`], or it is refused.
        replicas: u8,
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
    /// Lets the provider of a slot begin to hand its replica over, for anyone, while its stake has not covered what it holds for a round. Free when it does.
    HandOver {
        /// The file.
        file: FileId,
        /// The deal's owner.
        owner: AccountId,
        /// The provider's slot.
        slot: u8,
    },
    /// Answers challenges of the running round (operator key). Free when it is accepted.
    Answer {
        /// The round.
        round: RoundIndex,
        /// Proofs with the indices of the challenges that they answer.
        answers: Vec<(u8, SectorProof)>,
    },
    /// Settles rounds of a provider that are over. Free when one of them was missed; then a part of the fee for that is the caller's.
    Poke {
        /// Whose rounds.
        provider: AccountId,
    },
    /// What is done with leases.
    Lease(LeaseCall),
    /// What is done on the compute market.
    Compute(Box<ComputeCall>),
    /// What is done about agents.
    Agent(Box<AgentCall>),
    /// What is done about data availability.
    Da(Box<DaCall>),
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
    /// What a validator submits.
    Validator(ValidatorCall),
    /// Several calls of which all take place or none does.
    BatchAll(Vec<Call>),
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

/// A call as the bytes of its arguments, for the pallet and call that its first two bytes name.
#[derive(Clone, Debug)]
pub(crate) struct EncodedCall {
    pallet: String,
    call: String,
    arguments: Arguments,
}

/// Arguments that are encoded already.
#[derive(Clone, Debug)]
pub(crate) struct Arguments(Vec<u8>);

impl EncodeAsFields for Arguments {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _fields: &mut dyn FieldIter<'_, R::TypeId>,
        _types: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

impl Payload for EncodedCall {
    type CallData = Arguments;

    fn pallet_name(&self) -> &str {
        &self.pallet
    }

    fn call_name(&self) -> &str {
        &self.call
    }

    fn call_data(&self) -> &Arguments {
        &self.arguments
    }
}

impl Call {
    /// The call in SCALE, pallet and call index first, for the runtime at `state`.
    pub(crate) fn encode(&self, state: &StateAt) -> Result<Vec<u8>, ChainError> {
        let storage = runtime::tx().storage();
        let providers = runtime::tx().providers();
        let system = runtime::tx().system();
        let account = |account: &AccountId| AccountId32::from(*account);
        match self {
            Call::Commit {
                root,
                size,
                replicas,
                rounds,
                max,
            } => {
                let call = storage.commit(*root, *size, *replicas, *rounds, *max);
                encode(state, call.unvalidated())
            }
            Call::CommitMany { files, rounds, max } => {
                let call = storage.commit_many(BoundedVec(files.clone()), *rounds, *max);
                encode(state, call.unvalidated())
            }
            Call::Ready { file, owner, slot } => encode(
                state,
                storage.ready(file.0, account(owner), *slot).unvalidated(),
            ),
            Call::Prove {
                file,
                owner,
                slot,
                proof,
            } => {
                let proof = BoundedVec(proof.iter().map(ChainSectorProof::from).collect());
                let call = storage.prove(file.0, account(owner), *slot, proof);
                encode(state, call.unvalidated())
            }
            Call::Remove { file, replicas } => {
                encode(state, storage.remove(file.0, *replicas).unvalidated())
            }
            Call::Resign { file, owner, slot } => encode(
                state,
                storage.resign(file.0, account(owner), *slot).unvalidated(),
            ),
            Call::HandOver { file, owner, slot } => {
                let call = storage.hand_over(file.0, account(owner), *slot);
                encode(state, call.unvalidated())
            }
            Call::Answer { round, answers } => {
                let answers = answers
                    .iter()
                    .map(|(index, proof)| (*index, ChainSectorProof::from(proof)));
                let answers = BoundedVec(answers.collect());
                let call = runtime::tx().audits().answer(*round, answers);
                encode(state, call.unvalidated())
            }
            Call::Poke { provider } => {
                let call = runtime::tx().audits().poke(account(provider));
                encode(state, call.unvalidated())
            }
            Call::Lease(call) => call.encode(state),
            Call::Compute(call) => call.encode(state),
            Call::Agent(call) => call.encode(state),
            Call::Da(call) => call.encode(state),
            Call::Register(provider) => {
                let call = providers.register(
                    provider.role.into(),
                    provider.bond,
                    account(&provider.operator),
                    provider.endpoint.clone().into_bytes(),
                    provider.capacity,
                );
                encode(state, call.unvalidated())
            }
            Call::BondMore { role, amount } => encode(
                state,
                providers.bond_more((*role).into(), *amount).unvalidated(),
            ),
            Call::Unbond { role, amount } => encode(
                state,
                providers.unbond((*role).into(), *amount).unvalidated(),
            ),
            Call::Rebond { role, amount } => encode(
                state,
                providers.rebond((*role).into(), *amount).unvalidated(),
            ),
            Call::Withdraw { role } => {
                encode(state, providers.withdraw((*role).into()).unvalidated())
            }
            Call::SetOperator { role, operator } => {
                let call = providers.set_operator((*role).into(), account(operator));
                encode(state, call.unvalidated())
            }
            Call::SetEndpoint { role, endpoint } => {
                let endpoint = endpoint.clone().into_bytes();
                encode(
                    state,
                    providers
                        .set_endpoint((*role).into(), endpoint)
                        .unvalidated(),
                )
            }
            Call::SetCapacity { role, capacity } => encode(
                state,
                providers
                    .set_capacity((*role).into(), *capacity)
                    .unvalidated(),
            ),
            Call::Chill { role } => encode(state, providers.chill((*role).into()).unvalidated()),
            Call::Activate { role } => {
                encode(state, providers.activate((*role).into()).unvalidated())
            }
            Call::Unjail { role } => encode(state, providers.unjail((*role).into()).unvalidated()),
            Call::Validator(call) => call.encode(state),
            Call::BatchAll(calls) => {
                let calls = calls.iter().map(|call| call.encode(state));
                validator::batch_all(calls.collect::<Result<_, _>>()?, state)
            }
            Call::TransferKeepAlive { to, amount } => {
                let to = MultiAddress::Id(account(to));
                let call = runtime::tx().balances().transfer_keep_alive(to, *amount);
                encode(state, call.unvalidated())
            }
            Call::AuthorizeUpgrade { code_hash } => encode(
                state,
                system.authorize_upgrade(H256(code_hash.0)).unvalidated(),
            ),
            Call::ApplyAuthorizedUpgrade { code } => encode(
                state,
                system.apply_authorized_upgrade(code.clone()).unvalidated(),
            ),
            Call::Remark(remark) => encode(state, system.remark(remark.clone()).unvalidated()),
            Call::Sudo(call) => {
                // The only argument is the call, as it is encoded by itself.
                let arguments = Arguments(call.encode(state)?);
                encode(
                    state,
                    EncodedCall {
                        pallet: "Sudo".into(),
                        call: "sudo".into(),
                        arguments,
                    },
                )
            }
            Call::Raw(bytes) => Ok(bytes.clone()),
        }
    }

    /// The call as a payload to sign.
    pub(crate) fn payload(&self, state: &StateAt) -> Result<EncodedCall, ChainError> {
        let bytes = self.encode(state)?;
        let (indices, arguments) = bytes
            .split_first_chunk::<2>()
            .ok_or_else(|| state.incompatible("a call", "it has no pallet and call index"))?;
        let [pallet_index, call_index] = *indices;
        let pallet = state.at().metadata_ref().pallet_by_call_index(pallet_index);
        let call = pallet
            .as_ref()
            .and_then(|pallet| pallet.call_variant_by_index(call_index));
        let (Some(pallet), Some(call)) = (&pallet, call) else {
            let what = format!("call {call_index} of pallet {pallet_index}");
            return Err(state.incompatible(&what, "there is none with these indices"));
        };
        Ok(EncodedCall {
            pallet: pallet.name().to_owned(),
            call: call.name.clone(),
            arguments: Arguments(arguments.to_vec()),
        })
    }
}

fn encode(state: &StateAt, payload: impl Payload) -> Result<Vec<u8>, ChainError> {
    state.at().tx().call_data(&payload).map_err(|e| {
        let what = format!("{}::{}", payload.pallet_name(), payload.call_name());
        state.incompatible(&what, e)
    })
}

impl From<&SectorProof> for ChainSectorProof {
    fn from(proof: &SectorProof) -> Self {
        Self {
            sector: proof.sector,
            siblings: BoundedVec(proof.siblings.to_vec()),
        }
    }
}
