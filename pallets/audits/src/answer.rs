//! Answers: what is accepted, and with which error everything else is refused.

use crate::{
    math,
    settle::{Case, Present, TooMany, Verdict, Work},
    Config, DrawnOf, Error, Event, ItemOf, Pallet, ProofOf, RoundState, WeightInfo,
};
use frame_support::{ensure, traits::Get, weights::Weight};
use noema_traits::{Auditable, ProofFault, ProviderRegistry, RoundIndex};

impl<T, I> From<ProofFault> for Error<T, I> {
    fn from(fault: ProofFault) -> Self {
        match fault {
            ProofFault::WrongLength => Self::WrongProofLength,
            ProofFault::Malformed => Self::MalformedProof,
            ProofFault::WrongProof => Self::WrongProof,
        }
    }
}

/// A length as weights count.
pub(crate) fn number_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// What [`Pallet::answer`] with so many answers weighs at most: the first of a provider in a round, which has to settle and to draw.
    pub(crate) fn weight_of_answer(answers: usize) -> Weight {
        Self::weight_of_settling()
            .saturating_add(T::WeightInfo::write_down())
            .saturating_add(T::WeightInfo::answer(number_of(answers)))
    }

    /// Accepts a batch. Nothing that was sent is hashed before everything that can be seen without is seen. `work` is what it did
    /// until it came to its end, or to an error.
    pub(crate) fn do_answer(
        operator: &T::AccountId,
        round: RoundIndex,
        answers: &[(u8, ProofOf<T, I>)],
        work: &mut Work,
    ) -> Result<(), Error<T, I>> {
        let provider = T::Providers::provider_of_operator(T::Role::get(), operator)
            .ok_or(Error::<T, I>::NotAnOperator)?;
        let present = Present::<T, I>::read();
        Self::ensure_open(&present, round)?;
        ensure!(!answers.is_empty(), Error::<T, I>::NoAnswers);

        let mut case = Case::<T, I>::open(&provider);
        let settled = case.settle_all();
        work.settled = match &settled {
            Ok(settled) | Err(TooMany(settled)) => *settled,
        };
        let mut settled = settled?;
        ensure!(!case.record.is_dropping(), Error::<T, I>::BeingDropped);
        let was_written = case.written.is_some();
        case.write_down();
        work.drew = !was_written && case.written.is_some();
        let mut drawn = case
            .written
            .take()
            .filter(|drawn| drawn.round == round && !drawn.items.is_empty())
            .ok_or(Error::<T, I>::NothingToAnswer)?;
        drawn.answered = Self::check_answers(&drawn, answers)?;
        // From here on what was sent is hashed, and the batch is accepted if that is right.
        let number = number_of(answers.len());
        work.hashed = number;
        Self::check_proofs(&drawn, answers, T::Audited::verify)?;

        let left = (math::bits(number_of(drawn.items.len())) & !drawn.answered).count_ones();
        case.write(drawn);
        Self::deposit_event(Event::Answered {
            provider,
            round,
            answered: u8::try_from(number).unwrap_or(u8::MAX),
            left: u8::try_from(left).unwrap_or(u8::MAX),
        });
        if left == 0 {
            case.conclude(round, Verdict::Passed, None, &mut settled);
        }
        // What the pass took is in the weight of the answer, and not in `work.settled`.
        case.announce(&settled);
        case.close();
        Ok(())
    }

    /// The checks that do not depend on the provider.
    fn ensure_open(present: &Present<T, I>, round: RoundIndex) -> Result<(), Error<T, I>> {
        let running = present.round().ok_or(Error::<T, I>::RoundNotBegun)?;
        ensure!(round <= running.index, Error::<T, I>::RoundNotBegun);
        ensure!(round == running.index, Error::<T, I>::RoundOver);
        match running.state {
            RoundState::Drawing => Err(Error::<T, I>::NotDrawn),
            RoundState::Skipped => Err(Error::<T, I>::RoundSkipped),
            RoundState::Open { until, .. } if present.tick() >= until => {
                Err(Error::<T, I>::TooLate)
            }
            RoundState::Open { .. } => Ok(()),
        }
    }

    /// Checks a batch against what is drawn, as far as that takes no hash. Returns what is answered with it.
    fn check_answers(
        drawn: &DrawnOf<T, I>,
        answers: &[(u8, ProofOf<T, I>)],
    ) -> Result<u64, Error<T, I>> {
        let mut batch = 0u64;
        for (index, _) in answers {
            let known = drawn.items.get(usize::from(*index));
            let bit = math::bit(*index).filter(|_| known.is_some());
            let bit = bit.ok_or(Error::<T, I>::UnknownChallenge)?;
            ensure!(batch & bit == 0, Error::<T, I>::DuplicateIndex);
            ensure!(drawn.answered & bit == 0, Error::<T, I>::AlreadyAnswered);
            batch |= bit;
        }
        Self::check_proofs(drawn, answers, T::Audited::check)?;
        Ok(drawn.answered | batch)
    }

    /// Checks the proofs of a batch, each for what it must answer.
    fn check_proofs(
        drawn: &DrawnOf<T, I>,
        answers: &[(u8, ProofOf<T, I>)],
        check: impl Fn(&ItemOf<T, I>, &ProofOf<T, I>) -> Result<(), ProofFault>,
    ) -> Result<(), Error<T, I>> {
        for (index, proof) in answers {
            let item = drawn.items.get(usize::from(*index));
            check(item.ok_or(Error::<T, I>::UnknownChallenge)?, proof)?;
        }
        Ok(())
    }
}
