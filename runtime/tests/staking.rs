//! Staking as a whole: elections, eras, what validating pays, and what an equivocation costs whom.

mod chain;

use chain::{Chain, EPOCH};
use noema_core::units::NOEMA;
use noema_runtime::{
    configs::{
        money::TreasuryAccount,
        staking::{
            election::{MAX_CANDIDATES, MAX_NOMINATIONS, MAX_VALIDATORS, MAX_VOTERS},
            inflation::{Inflation, LONGEST_PAID_ERA},
            SESSIONS_PER_ERA, SLASH_DEFER_ERAS,
        },
    },
    genesis_presets::{DEVELOPMENT_NOMINATION, DEVELOPMENT_STAKE},
    AccountId, Balance, Balances, Historical, NominationPools, Runtime, RuntimeCall, RuntimeEvent,
    Session, Staking, System, UncheckedExtrinsic,
};
use pallet_staking::{RewardDestination, ValidatorPrefs};
use sp_keyring::Sr25519Keyring::{
    self, Alice, AliceStash, Bob, BobStash, Charlie, Dave, Eve, Ferdie,
};
use sp_runtime::Perbill;
use sp_staking::{EraPayout, StakingAccount::Stash};

const FOUR: [Sr25519Keyring; 4] = [Alice, Bob, Charlie, Dave];

fn sudo(call: impl Into<RuntimeCall>) -> RuntimeCall {
    RuntimeCall::Sudo(pallet_sudo::Call::sudo {
        call: Box::new(call.into()),
    })
}

/// Makes a call in a block of its own; it must succeed.
fn make(chain: &mut Chain, who: Sr25519Keyring, call: impl Into<RuntimeCall>) {
    let transaction = chain.signed(who, call.into());
    let (_, results) = chain.author(vec![transaction]);
    assert_eq!(results, [Ok(Ok(()))]);
}

/// Ends `count` sessions, and goes on by one block: the first of a session takes no transactions.
fn end_sessions(chain: &mut Chain, count: u32) {
    for _ in 0..count {
        chain.author_after(EPOCH, vec![]);
    }
    chain.author(vec![]);
}

fn stake(chain: &mut Chain, who: Sr25519Keyring) -> Balance {
    chain.query(|| Staking::ledger(Stash(who.to_account_id())).map_or(0, |ledger| ledger.total))
}

fn era(chain: &mut Chain) -> u32 {
    chain.query(|| {
        pallet_staking::ActiveEra::<Runtime>::get()
            .expect("there is one from the first block")
            .index
    })
}

/// Makes an era as short as a session.
fn hurry(chain: &mut Chain) {
    make(
        chain,
        Alice,
        sudo(pallet_staking::Call::<Runtime>::force_new_era_always {}),
    );
}

mod equivocation {
    //! Two blocks of one slot, both sealed by the same validator.

    use super::*;
    use noema_core::Header;
    use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest};
    use sp_runtime::{
        generic::{Digest, DigestItem},
        traits::Header as _,
    };

    /// The report of one, as a node sends it: without a signature.
    pub(super) fn report(chain: &mut Chain, offender: Sr25519Keyring) -> UncheckedExtrinsic {
        let slot = chain.slot;
        let number = chain.head.number;
        let key: sp_consensus_babe::AuthorityId = offender.public().into();
        let owner = chain.query(|| {
            use frame_support::traits::KeyOwnerProofSystem;
            Historical::prove((sp_consensus_babe::KEY_TYPE, key.clone()))
        });
        let sealed = |distinction: u8| {
            let mut header = Header::new(
                number,
                Default::default(),
                [distinction; 32].into(),
                Default::default(),
                Digest {
                    logs: vec![DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(
                        SecondaryPlainPreDigest {
                            authority_index: 0,
                            slot: slot.into(),
                        },
                    ))],
                },
            );
            let seal = offender.sign(header.hash().as_ref());
            header.digest_mut().push(DigestItem::babe_seal(seal.into()));
            header
        };
        UncheckedExtrinsic::new_bare(RuntimeCall::Babe(
            pallet_babe::Call::report_equivocation_unsigned {
                equivocation_proof: Box::new(sp_consensus_babe::EquivocationProof {
                    offender: key,
                    slot: slot.into(),
                    first_header: sealed(1),
                    second_header: sealed(2),
                }),
                key_owner_proof: owner.expect("a validator of this session"),
            },
        ))
    }
}

#[test]
fn an_era_of_a_day_pays_validators_and_nominators_by_their_stake_and_the_treasury_the_rest() {
    let mut chain = Chain::of(&[Alice]);
    chain.author(vec![]);
    let before = chain.query(Balances::total_issuance);
    let treasury = chain.free(&TreasuryAccount::get());
    end_sessions(&mut chain, SESSIONS_PER_ERA);
    assert_eq!(era(&mut chain), 1, "{SESSIONS_PER_ERA} sessions are an era");

    let paid = chain
        .query(|| pallet_staking::ErasValidatorReward::<Runtime>::get(0))
        .expect("an ended era is paid");
    // A day of the year at 1.25 % of the issuance staked: 2 % and 2.5 % of what is between 2 % and 8 %.
    let staked = (DEVELOPMENT_STAKE + DEVELOPMENT_NOMINATION) as f64 / before as f64;
    let expected = before as f64 * (0.02 + 0.06 * staked / 0.5) / 365.25;
    let off = paid as f64 / expected;
    assert!((0.99..1.01).contains(&off), "{off} of what the curve says");
    let to_treasury = chain.free(&TreasuryAccount::get()) - treasury;
    let whole = (paid + to_treasury) as f64 / (before as f64 * 0.08 / 365.25);
    assert!((0.99..1.01).contains(&whole), "{whole} of 8 % a year");

    let (alice, ferdie) = (stake(&mut chain, Alice), stake(&mut chain, Ferdie));
    make(
        &mut chain,
        Bob,
        pallet_staking::Call::<Runtime>::payout_stakers_by_page {
            validator_stash: Alice.to_account_id(),
            era: 0,
            page: 0,
        },
    );
    let (alice, ferdie) = (
        stake(&mut chain, Alice) - alice,
        stake(&mut chain, Ferdie) - ferdie,
    );
    // Parts are rounded to a billionth.
    let (out, off) = (alice + ferdie, paid / 10_000_000);
    assert!(paid.abs_diff(out) < off, "{out} of {paid} is paid out");
    assert!(
        alice.abs_diff(2 * ferdie) < off,
        "two to one, as they staked: {alice} {ferdie}"
    );
}

#[test]
fn inflation_follows_its_curve_and_a_chain_that_stood_still_is_not_paid_for_it() {
    let issuance = 1_000_000_000 * NOEMA;
    let year = 365 * 24 * 3_600 * 1_000 + 6 * 3_600 * 1_000;
    let of_a_year = |percent: Balance| {
        let (stakers, rest) =
            Inflation::era_payout(issuance / 100 * percent, issuance, LONGEST_PAID_ERA);
        let scale = year as f64 / LONGEST_PAID_ERA as f64 / issuance as f64;
        (stakers as f64 * scale, (stakers + rest) as f64 * scale)
    };
    for (percent, stakers) in [(0, 0.02), (25, 0.05), (50, 0.08), (55, 0.05), (100, 0.02)] {
        let (found, whole) = of_a_year(percent);
        assert!((found - stakers).abs() < 0.005, "{percent} %: {found}");
        assert!((whole - 0.08).abs() < 0.0001, "{percent} %: {whole}");
    }
    let long = Inflation::era_payout(issuance / 2, issuance, year);
    let longest = Inflation::era_payout(issuance / 2, issuance, LONGEST_PAID_ERA);
    assert_eq!(long, longest);
}

#[test]
fn a_new_validator_is_elected_and_takes_its_seat_when_a_session_ends() {
    use codec::Encode;
    use sp_core::Pair;
    let mut chain = Chain::of(&[Alice]);
    chain.author(vec![]);
    make(
        &mut chain,
        Bob,
        pallet_staking::Call::<Runtime>::bond {
            value: DEVELOPMENT_STAKE,
            payee: RewardDestination::Staked,
        },
    );
    make(
        &mut chain,
        Bob,
        pallet_staking::Call::<Runtime>::validate {
            prefs: ValidatorPrefs::default(),
        },
    );
    let grandpa = sp_core::ed25519::Pair::from_string("//Bob", None).expect("a key");
    let keys = noema_runtime::SessionKeys {
        babe: Bob.public().into(),
        grandpa: grandpa.public().into(),
        authority_discovery: Bob.public().into(),
    };
    let owner = Bob.to_account_id();
    let statement = sp_core::proof_of_possession::statement_of_ownership(&owner.encode());
    let proof = (
        Bob.pair().sign(&statement),
        grandpa.sign(&statement),
        Bob.pair().sign(&statement),
    )
        .encode();
    make(
        &mut chain,
        Bob,
        pallet_session::Call::<Runtime>::set_keys { keys, proof },
    );
    make(
        &mut chain,
        Alice,
        sudo(pallet_staking::Call::<Runtime>::set_validator_count { new: 2 }),
    );
    assert_eq!(chain.query(Session::validators).len(), 1);
    end_sessions(&mut chain, SESSIONS_PER_ERA);
    let mut validators = chain.query(Session::validators);
    validators.sort();
    let mut expected = vec![Alice.to_account_id(), owner];
    expected.sort();
    assert_eq!(validators, expected);
    assert_eq!(chain.query(noema_runtime::Babe::authorities).len(), 2);
}

#[test]
fn an_equivocation_disables_its_validator_and_slashes_it_and_its_nominators_pro_rata() {
    let mut chain = Chain::of(&FOUR);
    chain.author(vec![]);
    hurry(&mut chain);
    end_sessions(&mut chain, 2);
    let exposed = chain.query(|| {
        let now = pallet_staking::ActiveEra::<Runtime>::get()
            .expect("running")
            .index;
        Staking::eras_stakers(now, &Bob.to_account_id())
    });
    let nominated = exposed.others.iter().map(|one| one.value).sum::<Balance>();
    assert_eq!(exposed.others.len(), 1, "Ferdie nominates");
    let before: Vec<Balance> = FOUR.iter().map(|who| stake(&mut chain, *who)).collect();
    let (ferdie, treasury) = (
        stake(&mut chain, Ferdie),
        chain.free(&TreasuryAccount::get()),
    );
    let issuance = chain.query(Balances::total_issuance);

    let report = equivocation::report(&mut chain, Bob);
    let (_, results) = chain.author(vec![report.clone()]);
    assert_eq!(results, [Ok(Ok(()))]);
    let events: Vec<RuntimeEvent> = chain.query(|| {
        System::read_events_no_consensus()
            .map(|record| record.event)
            .collect()
    });
    // One of four: (3 · 1 / 4)².
    let fraction = Perbill::from_rational(9u32, 16);
    assert!(events.iter().any(|event| matches!(
        event,
        RuntimeEvent::Staking(pallet_staking::Event::SlashReported { validator, fraction: of, .. })
            if *validator == Bob.to_account_id() && *of == fraction
    )));
    assert!(events.iter().any(|event| matches!(
        event,
        RuntimeEvent::Session(pallet_session::Event::ValidatorDisabled { validator })
            if *validator == Bob.to_account_id()
    )));
    let bob = chain
        .query(Session::validators)
        .iter()
        .position(|who| *who == Bob.to_account_id())
        .expect("still of the set");
    assert_eq!(
        chain.query(Session::disabled_validators),
        [u32::try_from(bob).expect("few")]
    );
    // The same again tells nothing new.
    let (_, results) = chain.author(vec![report]);
    assert!(results.iter().all(Result::is_err), "{results:?}");

    assert_eq!(stake(&mut chain, Bob), before[1], "governance has a week");
    end_sessions(&mut chain, SLASH_DEFER_ERAS + 1);
    let lost = before[1] - stake(&mut chain, Bob);
    let nominator_lost = ferdie - stake(&mut chain, Ferdie);
    assert_eq!(lost, fraction * exposed.own);
    assert_eq!(nominator_lost, fraction * nominated);
    for (who, before) in FOUR.iter().zip(&before) {
        if *who != Bob {
            assert_eq!(stake(&mut chain, *who), *before, "{who:?} did nothing");
        }
    }
    // Rewards of the eras in between are paid to the treasury in part, so it has at least what was lost; nobody else was paid
    // out of it.
    assert!(chain.free(&TreasuryAccount::get()) - treasury >= lost + nominator_lost);
    assert!(chain.query(Balances::total_issuance) >= issuance);
}

#[test]
fn in_development_an_era_is_a_session_and_a_slash_is_executed_at_once() {
    let mut chain = Chain::development();
    chain.author(vec![]);
    // The first is planned at genesis and lasts two.
    end_sessions(&mut chain, 3);
    assert_eq!(era(&mut chain), 2);
    let before = (stake(&mut chain, Alice), stake(&mut chain, Ferdie));
    let report = equivocation::report(&mut chain, Alice);
    let (_, results) = chain.author(vec![report]);
    assert_eq!(results, [Ok(Ok(()))]);
    // One of one: everything.
    assert_eq!(stake(&mut chain, Alice), 0);
    assert_eq!(stake(&mut chain, Ferdie), 0);
    assert!(before.0 > 0 && before.1 > 0);
}

#[test]
fn a_slash_can_be_cancelled_by_root_before_it_is_executed() {
    let mut chain = Chain::of(&FOUR);
    chain.author(vec![]);
    hurry(&mut chain);
    end_sessions(&mut chain, 2);
    let before = stake(&mut chain, Bob);
    let report = equivocation::report(&mut chain, Bob);
    let (_, results) = chain.author(vec![report]);
    assert_eq!(results, [Ok(Ok(()))]);
    let due = chain.query(|| {
        pallet_staking::UnappliedSlashes::<Runtime>::iter_keys()
            .next()
            .expect("it waits")
    });
    assert_eq!(due, era(&mut chain) + SLASH_DEFER_ERAS + 1);
    make(
        &mut chain,
        Alice,
        sudo(pallet_staking::Call::<Runtime>::cancel_deferred_slash {
            era: due,
            slash_indices: vec![0],
        }),
    );
    end_sessions(&mut chain, SLASH_DEFER_ERAS + 2);
    assert_eq!(stake(&mut chain, Bob), before);
}

#[test]
fn keys_that_changed_within_an_era_can_be_held_to_account() {
    use codec::Encode;
    use sp_core::Pair;
    let mut chain = Chain::of(&FOUR);
    chain.author(vec![]);
    // Bob takes Eve's keys.
    let grandpa = sp_core::ed25519::Pair::from_string("//Eve", None).expect("a key");
    let keys = noema_runtime::SessionKeys {
        babe: Eve.public().into(),
        grandpa: grandpa.public().into(),
        authority_discovery: Eve.public().into(),
    };
    let statement =
        sp_core::proof_of_possession::statement_of_ownership(&Bob.to_account_id().encode());
    let proof = (
        Eve.pair().sign(&statement),
        grandpa.sign(&statement),
        Eve.pair().sign(&statement),
    )
        .encode();
    make(
        &mut chain,
        Bob,
        pallet_session::Call::<Runtime>::set_keys { keys, proof },
    );
    end_sessions(&mut chain, 2);
    let authorities = chain.query(noema_runtime::Babe::authorities);
    assert!(authorities
        .iter()
        .any(|(key, _)| *key == Eve.public().into()));
    let report = equivocation::report(&mut chain, Eve);
    let (_, results) = chain.author(vec![report]);
    assert_eq!(results, [Ok(Ok(()))]);
    assert_eq!(chain.query(Session::disabled_validators).len(), 1);
}

#[test]
fn members_of_a_pool_nominate_together_and_share_its_slashes() {
    let mut chain = Chain::of(&FOUR);
    chain.author(vec![]);
    let account = |who: Sr25519Keyring| who.to_account_id();
    make(
        &mut chain,
        AliceStash,
        pallet_nomination_pools::Call::<Runtime>::create {
            amount: 300_000 * NOEMA,
            root: account(AliceStash).into(),
            nominator: account(AliceStash).into(),
            bouncer: account(AliceStash).into(),
        },
    );
    make(
        &mut chain,
        BobStash,
        pallet_nomination_pools::Call::<Runtime>::join {
            amount: 100_000 * NOEMA,
            pool_id: 1,
        },
    );
    make(
        &mut chain,
        AliceStash,
        pallet_nomination_pools::Call::<Runtime>::nominate {
            pool_id: 1,
            validators: vec![account(Bob)],
        },
    );
    hurry(&mut chain);
    end_sessions(&mut chain, 3);
    let pool: AccountId = chain.query(|| NominationPools::api_pool_accounts(1)).0;
    let now = era(&mut chain);
    let exposed = chain.query(|| Staking::eras_stakers(now, &account(Bob)));
    let pooled = exposed.others.iter().find(|one| one.who == pool);
    let pooled = pooled.expect("the pool nominates").value;
    // Votes are coarser than tokens.
    assert!(pooled.abs_diff(400_000 * NOEMA) < NOEMA / 1_000, "{pooled}");

    let report = equivocation::report(&mut chain, Bob);
    chain.author(vec![report]);
    // The pallet's own check does not know that the members' parts of a slashed pool are rounded down, each by less than a unit.
    chain.checked = false;
    end_sessions(&mut chain, SLASH_DEFER_ERAS + 1);
    let fraction = Perbill::from_rational(9u32, 16);
    let due = |chain: &mut Chain, member| {
        chain.query(|| NominationPools::api_member_pending_slash(account(member)))
    };
    for (member, joined) in [(AliceStash, 300_000 * NOEMA), (BobStash, 100_000 * NOEMA)] {
        let (due, expected): (Balance, Balance) = (due(&mut chain, member), fraction * joined);
        assert!(expected.abs_diff(due) < NOEMA / 1_000, "{member:?}: {due}");
    }
    // Anybody executes it, and is paid a hundredth of it; not for all members here, since the pallet complains of the roundings
    // left over at the end.
    let total = |chain: &mut Chain| {
        chain.query(|| {
            <Balances as frame_support::traits::Currency<AccountId>>::total_balance(&account(
                BobStash,
            ))
        })
    };
    let (before, due) = (total(&mut chain), due(&mut chain, BobStash));
    make(
        &mut chain,
        Eve,
        pallet_nomination_pools::Call::<Runtime>::apply_slash {
            member_account: account(BobStash).into(),
        },
    );
    assert_eq!(before - total(&mut chain), due);
}

#[test]
fn the_largest_election_takes_a_quarter_of_a_block_at_most() {
    use frame_election_provider_support::WeightInfo as _;
    use noema_runtime::weights::{
        block::MAX_BLOCK_WEIGHT, pallet_election_provider_support_benchmarking,
    };
    use pallet_staking::WeightInfo as _;
    type Staking = <Runtime as pallet_staking::Config>::WeightInfo;
    type Solver = pallet_election_provider_support_benchmarking::WeightInfo<Runtime>;
    let nominators = MAX_VOTERS - MAX_CANDIDATES;
    // From the snapshot of voters and candidates to the record of what stands behind each winner; measured with few of them.
    let whole = Staking::new_era(MAX_CANDIDATES, nominators);
    // The parts, each measured with as many as there can be.
    let parts = Staking::get_npos_voters(MAX_CANDIDATES, nominators)
        .saturating_add(Staking::get_npos_targets(MAX_CANDIDATES))
        .saturating_add(Solver::phragmen(
            MAX_VOTERS,
            MAX_CANDIDATES,
            MAX_NOMINATIONS,
        ))
        .saturating_add(
            <Runtime as frame_system::Config>::DbWeight::get()
                .writes(3 + 3 * u64::from(MAX_VALIDATORS)),
        );
    for (what, weight) in [("whole", whole), ("parts", parts)] {
        let millis = weight.ref_time() as f64 / 1e9;
        println!("the largest election, {what}: {millis:.1} ms");
        assert!(
            weight.ref_time() <= MAX_BLOCK_WEIGHT.ref_time() / 4,
            "{what}: {millis:.1} ms",
        );
    }
}
