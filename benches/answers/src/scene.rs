//! A round that can be answered, and right answers.

use std::collections::HashMap;

use anyhow::{ensure, Context};
use codec::Encode;
use noema_benches::built::{Files, Holder};
use noema_commitment::{sector_proof, SectorProof, Shape, Software};
use noema_runtime::{
    Audits, Runtime, RuntimeCall, SignedPayload, System, TxExtension, UncheckedExtrinsic, VERSION,
};
use noema_traits::RoundIndex;
use pallet_noema_audits::{Audited, Clock, ClockState, Round, RoundState, Running, Written};
use pallet_noema_storage::Leaves;
use sp_keyring::Sr25519Keyring;
use sp_runtime::generic::Era;

/// The hot key of the provider.
const OPERATOR: Sr25519Keyring = Sr25519Keyring::Charlie;
/// The round that runs: the first that the replicas earn in.
const RUNNING: RoundIndex = 10;

/// One answer, with the number of its challenge.
pub(crate) type Answer = (u8, SectorProof);

/// The provider and its files.
pub(crate) struct Scene {
    pub(crate) holder: Holder,
    pub(crate) files: Files,
    /// Numbers of files by their roots.
    numbers: HashMap<[u8; 32], u32>,
}

impl Scene {
    /// Of files of this size in bytes.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            holder: Holder {
                account: Sr25519Keyring::Bob.to_account_id(),
                operator: OPERATOR.to_account_id(),
                joined: RUNNING - 1,
            },
            files: Files { size },
            numbers: HashMap::new(),
        }
    }

    /// Writes the deals of the files up to this number, within a state.
    pub(crate) fn hold(&mut self, from: u32, to: u32) -> anyhow::Result<()> {
        for number in from..to {
            let root = self.files.commitment(number)?.root;
            self.numbers.insert(root, number);
        }
        self.holder.hold(&self.files, from..to)
    }

    /// Lets the round run that this seed draws, in the middle of a block, within a state.
    pub(crate) fn open_round(seed: [u8; 32]) {
        System::set_block_number(100_000);
        System::note_inherents_applied();
        Clock::<Runtime>::put(ClockState {
            tick: 90_000,
            polled: None,
        });
        Running::<Runtime>::put(Round {
            index: RUNNING,
            began_at: 99_999,
            draw_at: 100_000,
            ends: 200_000,
            answer_ticks: 1_000,
            state: RoundState::Open {
                seed,
                drawn_at: 100_000,
                until: 91_000,
            },
        });
    }

    /// Right answers to all that the provider is asked for in the open round, within a state.
    pub(crate) fn answers(&self) -> anyhow::Result<Vec<Answer>> {
        let challenges = Audits::challenges(&self.holder.account);
        let (_, _, challenges) = challenges.context("the provider is asked for nothing")?;
        challenges
            .into_iter()
            .map(|(index, item, _)| {
                let number = self.numbers.get(&item.root);
                let content = self
                    .files
                    .content(*number.context("an unknown file is challenged")?);
                let shape = Shape::new(item.size)?;
                let mut data = content;
                let segment = shape.segment_len(0).context("a file has a segment")?;
                ensure!(
                    shape.segments() == 1,
                    "files of more than a segment are not made here"
                );
                data.resize(segment, 0);
                let proof = sector_proof::<Software>(&shape, 0, &data, item.sector, &[])?;
                Ok((index, proof))
            })
            .collect()
    }

    /// A transaction with these answers, so many after the next one of the operator, within a state.
    pub(crate) fn answer(answers: &[Answer], ahead: u32) -> anyhow::Result<UncheckedExtrinsic> {
        let answers = answers.to_vec().try_into();
        let answers = answers.map_err(|_| anyhow::anyhow!("more answers than there can be"))?;
        Ok(signed(
            RuntimeCall::Audits(pallet_noema_audits::Call::answer {
                round: RUNNING,
                answers,
            }),
            ahead,
        ))
    }

    /// A transaction that does nothing, within a state.
    pub(crate) fn nothing() -> UncheckedExtrinsic {
        signed(
            RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() }),
            0,
        )
    }

    /// Fails unless the provider has passed the round, within a state.
    pub(crate) fn ensure_passed(&self) -> anyhow::Result<()> {
        let record = Audited::<Runtime>::get(&self.holder.account);
        let next = record.context("the provider has no record")?.next;
        ensure!(
            next == RUNNING + 1,
            "the next round is {next}: expected {}",
            RUNNING + 1
        );
        ensure!(
            !Written::<Runtime>::contains_key(&self.holder.account),
            "challenges are left"
        );
        Ok(())
    }

    /// The peer of a draw: the leaf that a unit belongs to, found by going through all that come before. It reads nothing but one item for each file, as if that
    /// said how large the file is.
    pub(crate) fn scan(&self, target: u128) -> anyhow::Result<u32> {
        let sectors = u128::from(Shape::new(u64::try_from(self.files.size)?)?.sectors());
        let mut left = target;
        for number in 0.. {
            let leaf = Leaves::<Runtime>::get(&self.holder.account, number);
            leaf.context("there are fewer units")?;
            match left.checked_sub(sectors) {
                Some(beyond) => left = beyond,
                None => return Ok(number),
            }
        }
        anyhow::bail!("there are fewer units")
    }
}

/// Signs a call as the operator, for the state that it is called in.
fn signed(call: RuntimeCall, ahead: u32) -> UncheckedExtrinsic {
    let who = OPERATOR.to_account_id();
    let nonce = System::account_nonce(&who).saturating_add(ahead);
    let genesis = System::block_hash(0);
    let extension: TxExtension = (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(0),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    );
    let beside = (
        (),
        VERSION.spec_version,
        VERSION.transaction_version,
        genesis,
        genesis,
        (),
        (),
        (),
        None,
        (),
    );
    let payload = SignedPayload::from_raw(call.clone(), extension.clone(), beside);
    let signature = payload.using_encoded(|bytes| OPERATOR.sign(bytes));
    UncheckedExtrinsic::new_signed(call, who.into(), signature.into(), extension)
}
