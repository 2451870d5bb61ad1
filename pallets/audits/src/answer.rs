//! Answers: what is accepted, and with which error everything else is refused.

use crate::{
    math,
    settle::{Case, Present, SettledRounds, Verdict},
    Config, DrawnOf, Error, Event, Pallet, ProofOf, RoundState, WeightInfo,
};
use frame_support::{ensure, traits::Get, weights::Weight};
use noema_traits::{Auditable, ProofFault, ProviderRegistry, RoundIndex};
use sp_runtime::DispatchError;

impl<T, I> From<ProofFault> for Error<T, I> {
    fn from(fault: ProofFault) -> Self {
        match fault {
            ProofFault::WrongLength => Self::WrongProofLength,
            ProofFault::Malformed => Self::MalformedProof,
            ProofFault::WrongProof => Self::WrongProof,
        }
    }
}

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// What [`Pallet::answer`] with so many answers weighs at most.
    pub(crate) fn weight_of_answer(answers: usize) -> Weight {
        let number = u32::try_from(answers).unwrap_or(u32::MAX);
        Self::weight_of_settling().saturating_add(T::WeightInfo::answer(number))
    }

    /// Accepts a batch. Nothing that was sent is hashed before everything that can be seen without is seen.
    pub(crate) fn do_answer(
        operator: &T::AccountId,
        round: RoundIndex,
        answers: &[(u8, ProofOf<T, I>)],
    ) -> Result<SettledRounds, DispatchError> {
        let provider = T::Providers::provider_of_operator(T::Role::get(), operator)
            .ok_or(Error::<T, I>::NotAnOperator)?;
        let present = Present::<T, I>::read();
        Self::ensure_open(&present, round)?;
        ensure!(!answers.is_empty(), Error::<T, I>::NoAnswers);

        let mut case = Case::<T, I>::open(&provider);
        let mut settled = case.settle_all().map_err(Error::<T, I>::from)?;
        ensure!(!case.record.is_dropping(), Error::<T, I>::BeingDropped);
        case.write_down();
        let mut drawn = case
            .written
            .take()
            .filter(|drawn| drawn.round == round && !drawn.items.is_empty())
            .ok_or(Error::<T, I>::NothingToAnswer)?;
        drawn.answered = Self::check_answers(&drawn, answers)?;

        let count = u32::try_from(drawn.items.len()).unwrap_or(u32::MAX);
        let left = (math::bits(count) & !drawn.answered).count_ones();
        let number = u32::try_from(answers.len()).unwrap_or(u32::MAX);
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
        case.announce(&settled);
        case.close();
        // What the pass took is in the weight of the answer.
        settled.rounds = settled.rounds.saturating_sub(u32::from(left == 0));
        Ok(settled)
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

    /// Checks a batch against what is drawn. Returns what is answered with it.
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
        // All of them before the first hash.
        for check in [T::Audited::check, T::Audited::verify] {
            for (index, proof) in answers {
                let item = drawn.items.get(usize::from(*index));
                check(item.ok_or(Error::<T, I>::UnknownChallenge)?, proof)?;
            }
        }
        Ok(drawn.answered | batch)
    }
}
