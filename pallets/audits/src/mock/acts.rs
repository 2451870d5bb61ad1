//! What providers and others do, and what a test reads.

use super::*;

/// Gives a provider replicas of so many sectors each, now. Their names are their places in the order in which they come.
pub(crate) fn give(provider: u64, sectors: &[u64]) {
    for sectors in sectors {
        let replica =
            u64::from(System::block_number()) * 1_000 + u64::from(LeafCount::get(provider));
        Replicas::insert(
            provider,
            Leaf {
                replica,
                sectors: *sectors,
            },
        )
        .unwrap();
    }
}

/// What a provider is asked for and has not answered.
pub(crate) fn open_challenges(provider: u64) -> Vec<(u8, Item)> {
    let (_, _, challenges) = Audits::challenges(&provider).expect("it is challenged");
    challenges
        .into_iter()
        .filter_map(|(index, item, answered)| (!answered).then_some((index, item)))
        .collect()
}

/// Right answers to everything that is open.
pub(crate) fn right(provider: u64) -> Vec<(u8, Proof)> {
    open_challenges(provider)
        .into_iter()
        .map(|(index, item)| (index, Proof::of(item)))
        .collect()
}

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Makes a call as the runtime does: undone when it fails.
pub(crate) fn dispatch(who: u64, call: crate::Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::from(call).dispatch(signed(who))
}

/// A provider answers with its operator key.
pub(crate) fn answer(
    provider: u64,
    round: RoundIndex,
    answers: &[(u8, Proof)],
) -> DispatchResultWithPostInfo {
    let answers = answers
        .to_vec()
        .try_into()
        .expect("no more than there can be");
    dispatch(
        operator_of(provider),
        crate::Call::answer { round, answers },
    )
}

/// Answers everything that is open, which passes the round.
pub(crate) fn answer_all(provider: u64) {
    answer(provider, round(), &right(provider)).unwrap();
    assert!(Audits::challenges(&provider).is_none());
}

/// Somebody pokes.
pub(crate) fn poke(provider: u64) -> DispatchResultWithPostInfo {
    dispatch(POKER, crate::Call::poke { provider })
}

/// Whoever pokes.
pub(crate) const POKER: u64 = 99;

pub(crate) fn record(provider: u64) -> crate::RecordOf<Test> {
    Audited::<Test>::get(provider).expect("it is on record")
}

pub(crate) fn written(provider: u64) -> Option<DrawnOf<Test>> {
    Written::<Test>::get(provider)
}

/// Sets another pace, for the rounds to come.
pub(crate) fn set_pace(pace: Pace) {
    PaceInForce::<Test>::put(pace);
}

/// To where so many more rounds have begun, the last of which is being drawn.
pub(crate) fn pass_rounds(rounds: u32) {
    for _ in 0..rounds {
        let before = round();
        pass_until(|| round() > before);
    }
}

/// Misses so many rounds, the one that is open included, and has each settled.
pub(crate) fn miss(provider: u64, rounds: u32) {
    for _ in 0..rounds {
        if Audits::challenges(&provider).is_none() {
            to_open();
        }
        to_close();
        poke(provider).unwrap();
    }
}

/// The pallet's events of this block, then none.
pub(crate) fn take_events() -> Vec<crate::Event<Test>> {
    let events = System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Audits(event) => Some(event),
            _ => None,
        })
        .collect();
    System::reset_events();
    events
}

/// What the runtime's tests run.
pub(crate) fn integrity_test() {
    <Pallet<Test> as Hooks<u32>>::integrity_test();
    <AllPalletsWithSystem as IntegrityTest>::integrity_test();
}
