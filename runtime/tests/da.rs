//! Data availability, providers and audits as they are composed: seats are drawn, a blob is paid, attested, audited row by row and paid for, and goes when its window
//! is over. Rows are the coding library's, signatures another library's than the runtime's.

mod chain;

use blst::min_pk::{AggregateSignature, SecretKey};
use codec::Encode;
use frame_support::{
    assert_ok,
    dispatch::Pays,
    traits::Hooks,
    weights::{Weight, WeightMeter},
};
use noema_core::units::{GIB, NOEMA};
use noema_da_primitives::{
    Attestation, Commitment, Content, Namespace, Possession, RowProof, Shape, Standing,
};
use noema_runtime::{
    configs::ai::da::DaPotAccount, parameters, AccountId, Balances, DataAvailability, Providers,
    RowAudits, Runtime, RuntimeOrigin, System,
};
use noema_traits::{Role, Rounds};
use pallet_noema_da::{
    bls::{POSSESSION_SUITE, SIGNATURE_SUITE},
    SeatBits, SubmissionInfoOf, RULES,
};
use rsema1d::{encode_in_place, ExtendedData, Parameters, RowMatrix};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie};

/// The index of the pallet, which is signed.
const PALLET: u8 = 65;

fn signed(who: &AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who.clone())
}

fn genesis() -> [u8; 32] {
    System::block_hash(0).into()
}

/// A block with a seed, whose transactions are these.
fn block<R>(transactions: impl FnOnce() -> R) -> R {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    System::reset_events();
    let seed = sp_io::hashing::blake2_256(&number.to_le_bytes());
    pallet_noema_entropy::Seeds::<Runtime>::insert(number, seed);
    let mut meter = WeightMeter::new();
    DataAvailability::on_poll(number, &mut meter);
    RowAudits::on_poll(number, &mut meter);
    let result = transactions();
    RowAudits::on_idle(number, Weight::MAX);
    result
}

/// Blocks until something is there.
fn until<R>(what: &str, find: impl Fn() -> Option<R>) -> R {
    for _ in 0..2_000 {
        if let Some(found) = find() {
            return found;
        }
        block(|| ());
    }
    panic!("{what} never comes");
}

/// Every invariant of the pallets concerned, in builds that have them.
fn check() {
    #[cfg(feature = "try-state")]
    {
        use frame_support::traits::{TryState, TryStateSelect};
        for pallet in ["DataAvailability", "RowAudits", "Providers"] {
            let select = TryStateSelect::Only(vec![pallet.into()]);
            noema_runtime::AllPalletsWithSystem::try_state(System::block_number(), select)
                .expect("every invariant holds");
        }
    }
}

/// A provider with its key.
struct Seat {
    provider: AccountId,
    operator: AccountId,
    secret: SecretKey,
}

/// Registers five providers of data availability, each with a key.
fn seats() -> Vec<Seat> {
    let seats: Vec<Seat> = (1u8..)
        .zip([Bob, Charlie, Dave, Eve, Ferdie])
        .map(|(number, who)| Seat {
            provider: who.to_account_id(),
            operator: AccountId::new([number; 32]),
            secret: SecretKey::key_gen(&[number; 32], &[]).expect("long enough"),
        })
        .collect();
    block(|| {
        for seat in &seats {
            assert_ok!(Providers::register(
                signed(&seat.provider),
                Role::DataAvailability,
                10_000 * NOEMA,
                seat.operator.clone(),
                b"http://127.0.0.1:1".to_vec(),
                100 * GIB
            ));
            let key = seat.secret.sk_to_pk().to_bytes();
            let possession = Possession {
                genesis: genesis(),
                pallet: PALLET,
                provider: &seat.provider.encode(),
                key: &key,
            };
            let message = possession.signing_bytes();
            let proof = seat.secret.sign(&message, POSSESSION_SUITE, &[]).to_bytes();
            let operator = signed(&seat.operator);
            assert_ok!(DataAvailability::set_key(operator, key, proof, None));
        }
    });
    seats
}

/// A coded blob.
struct Coded {
    commitment: Commitment,
    rows: ExtendedData,
    parameters: Parameters,
}

impl Coded {
    fn new(size: u64) -> Self {
        let shape = Shape::of(size).expect("a size");
        let (k, rows) = (usize::from(shape.original()), usize::from(shape.rows()));
        let row_bytes = shape.row_bytes() as usize;
        let parameters = Parameters::new(k, rows - k, row_bytes).expect("a class");
        let mut matrix = RowMatrix::zeroed(rows, row_bytes).expect("memory");
        for (place, byte) in matrix.as_row_major_mut()[..k * row_bytes]
            .iter_mut()
            .enumerate()
        {
            *byte = (place * 31 % 251) as u8;
        }
        let rows = encode_in_place(matrix, &parameters).expect("a table");
        Self {
            commitment: Commitment(rows.commitment()),
            rows,
            parameters,
        }
    }

    fn proof(&self, row: u16) -> RowProof {
        let proof = self
            .rows
            .generate_row_inclusion_proof(usize::from(row))
            .expect("the row exists");
        assert_eq!(proof.row.len(), self.parameters.row_size);
        RowProof {
            row: proof.row.to_vec().try_into().expect("no longer than a row"),
            siblings: proof.row_proof.try_into().expect("no deeper"),
            combinations_root: proof.rlc_root,
        }
    }
}

/// The seat of a provider in an era.
fn place(era: u32, seat: &Seat) -> u8 {
    DataAvailability::seat_of(era, &seat.provider).expect("it has a seat")
}

fn info(submission: u64) -> SubmissionInfoOf<Runtime> {
    DataAvailability::submission_info(submission).expect("it is on record")
}

/// What these seats sign of a submission together.
fn attestation(submission: u64, seats: &[&Seat]) -> (SeatBits, [u8; 96]) {
    let info = info(submission);
    let (Standing::Submitted { seed } | Standing::Available { seed, .. }) = info.standing else {
        panic!("it has no row seed");
    };
    let message = Attestation {
        genesis: genesis(),
        pallet: PALLET,
        rules: RULES,
        submission,
        commitment: info.commitment,
        class: info.class,
        size: info.size,
        content: info.content,
        era: info.era,
        committee: DataAvailability::committee(info.era)
            .expect("it is kept")
            .id,
        seed,
    }
    .signing_bytes();
    let mut bits = SeatBits::default();
    let signatures: Vec<_> = seats
        .iter()
        .map(|seat| {
            bits.set(place(info.era, seat));
            seat.secret.sign(&message, SIGNATURE_SUITE, &[])
        })
        .collect();
    let refs: Vec<_> = signatures.iter().collect();
    let sum = AggregateSignature::aggregate(&refs, true).expect("they are signatures");
    (bits, sum.to_signature().to_bytes())
}

/// Answers whatever a seat is asked. Returns how many rows that were.
fn answer(seat: &Seat, coded: &Coded) -> usize {
    let Some((round, _, challenges)) = RowAudits::challenges(&seat.provider) else {
        return 0;
    };
    let answers: Vec<_> = challenges
        .into_iter()
        .filter(|(_, _, answered)| !answered)
        .map(|(index, item, _)| {
            assert_eq!(item.commitment, coded.commitment);
            (index, coded.proof(item.row))
        })
        .collect();
    let count = answers.len();
    if count > 0 {
        let answers = answers.try_into().expect("they fit");
        let info =
            RowAudits::answer(signed(&seat.operator), round, answers).expect("the answer is right");
        assert_eq!(info.pays_fee, Pays::No);
    }
    count
}

fn held_by_pot() -> u128 {
    Balances::reserved_balance(DaPotAccount::get())
}

#[test]
fn a_blob_is_paid_attested_audited_and_gone_when_its_window_is_over() {
    chain::genesis("development").execute_with(|| {
        let seats = seats();
        let payer = Alice.to_account_id();
        until("a committee", || {
            DataAvailability::committee(RowAudits::current())
        });
        check();
        let coded = Coded::new(3_000);
        let namespace = Namespace([7; 28]);
        let quote = DataAvailability::quote(3_000, &namespace, 1).expect("it is sold");
        let reserved = Balances::reserved_balance(&payer);
        let before = (Balances::free_balance(&payer), reserved);
        block(|| {
            assert_ok!(DataAvailability::submit(
                signed(&payer),
                coded.commitment,
                3_000,
                Content::Plain,
                namespace,
                1,
                quote.total
            ));
        });
        assert_eq!(
            before.0 - Balances::free_balance(&payer),
            quote.total + quote.deposit
        );
        assert_eq!(Balances::reserved_balance(&payer) - before.1, quote.deposit);
        assert_eq!(
            held_by_pot(),
            quote.base + quote.fee,
            "all comes back if there is no seed"
        );
        check();
        until("the row seed", || {
            matches!(info(0).standing, Standing::Submitted { .. }).then_some(())
        });
        assert_eq!(held_by_pot(), quote.fee);
        let era = info(0).era;
        // Three of five are less than two thirds; four are enough; the fifth comes late, and pays.
        let (bits, signature) = attestation(0, &[&seats[0], &seats[1], &seats[2]]);
        block(|| {
            let eve = signed(&Eve.to_account_id());
            assert!(DataAvailability::attest(eve, 0, bits, signature).is_err());
        });
        let early: Vec<_> = seats.iter().take(4).collect();
        let (bits, signature) = attestation(0, &early);
        let done = block(|| DataAvailability::attest(signed(&payer), 0, bits, signature));
        assert_eq!(done.expect("it is right").pays_fee, Pays::No);
        assert_eq!(
            DataAvailability::entries_of(&namespace, 0, 10).entries[0].commitment,
            coded.commitment
        );
        let until_round = info(0).until;
        assert_eq!(
            until_round,
            era + 5,
            "a day of four rounds from the second after the era"
        );
        check();
        let (bits, signature) = attestation(0, &[&seats[4]]);
        let done = block(|| DataAvailability::attest(signed(&payer), 0, bits, signature));
        assert_eq!(done.expect("it is right").pays_fee, Pays::Yes);
        check();
        // All but the last answer, in each of the four rounds.
        let rich = |seat: &Seat| Balances::free_balance(&seat.provider);
        let before: Vec<_> = seats.iter().map(rich).collect();
        let mut asked = vec![0; seats.len()];
        while RowAudits::current() <= until_round {
            block(|| {
                for (count, seat) in asked.iter_mut().zip(&seats).take(4) {
                    *count += answer(seat, &coded);
                }
            });
        }
        for (count, seat) in asked.iter().zip(&seats).take(4) {
            assert_eq!(
                *count,
                4 * 8,
                "four rounds of eight rows of {:?}",
                place(era, seat)
            );
        }
        check();
        let earned: Vec<_> = seats
            .iter()
            .zip(&before)
            .map(|(seat, before)| rich(seat) - before)
            .collect();
        assert!(
            earned[0] > 0 && earned[..4].iter().all(|one| *one == earned[0]),
            "{earned:?}"
        );
        assert_eq!(earned[4], 0, "who never answers earns nothing");
        assert!(earned[..4].iter().sum::<u128>() < quote.fee);
        // It is judged when somebody asks, and slashed.
        let bond = |seat: &Seat| {
            use noema_traits::ProviderRegistry;
            <Providers as ProviderRegistry<AccountId, u128>>::bond(
                Role::DataAvailability,
                &seat.provider,
            )
        };
        let before = bond(&seats[4]);
        let eve = Eve.to_account_id();
        block(|| {
            assert_ok!(RowAudits::poke(signed(&eve), seats[4].provider.clone()));
        });
        // Four misses: a fee each, and of all that stands behind it a hundredth, four, ten with the last, which drops it.
        let expected = [0, 1, 4, 10].into_iter().fold(before, |bond, percent| {
            bond - parameters::AUDIT_MISS_FEE - bond * percent / 100
        });
        assert_eq!(bond(&seats[4]), expected);
        check();
        // Everything goes: the record with its deposit, the books, what the pot held.
        until("the end", || {
            DataAvailability::submission_info(0).is_none().then_some(())
        });
        assert_eq!(Balances::reserved_balance(&payer), reserved);
        for _ in 0..200 {
            block(|| {
                for seat in &seats {
                    RowAudits::poke(signed(&eve), seat.provider.clone()).ok();
                }
            });
        }
        assert_eq!(held_by_pot(), 0, "nobody's money is stuck");
        assert!(
            DataAvailability::committee(era).is_none(),
            "it is asked for nothing more"
        );
        check();
    });
}

#[test]
fn a_blob_that_nobody_attests_is_refunded() {
    chain::genesis("development").execute_with(|| {
        seats();
        let payer = Alice.to_account_id();
        until("a committee", || {
            DataAvailability::committee(RowAudits::current())
        });
        let coded = Coded::new(100);
        let quote = DataAvailability::quote(100, &Namespace([1; 28]), 2).expect("it is sold");
        let before = Balances::free_balance(&payer);
        block(|| {
            assert_ok!(DataAvailability::submit(
                signed(&payer),
                coded.commitment,
                100,
                Content::Plain,
                Namespace([1; 28]),
                2,
                quote.total
            ));
        });
        until("the refund", || {
            DataAvailability::submission_info(0).is_none().then_some(())
        });
        assert_eq!(
            before - Balances::free_balance(&payer),
            quote.base + quote.namespace,
            "what was done for it is kept, the fee comes back"
        );
        assert_eq!(held_by_pot(), 0);
        check();
    });
}
