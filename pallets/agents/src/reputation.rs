//! Ratings that consume what was really paid.

use crate::{
    deposits::{self, whole},
    AccountOf, AgentOf, Agents, Aggregate, Balance, ByAccount, Config, Error, Event, Feedback,
    FeedbackOf, Feedbacks, FeedbacksBy, Moment, Opinion, Pallet, Reference, Reputations,
    SessionKeys, Sessions, TagRecord, TagReputations, Tags,
};
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{AgentId, FeedbackId, Rating, Tag, MAX_RATING};
use noema_traits::{PaidInteractions, Tick};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The period of a tick.
    pub(crate) fn period_of(tick: Tick) -> u64 {
        tick.checked_div(T::ReputationPeriod::get()).unwrap_or(0)
    }

    /// Now, for an agent's ratings.
    pub(crate) fn moment(record: &AgentOf<T>) -> Moment {
        Moment {
            period: Self::period_of(Self::now()),
            tenure: record.tenure,
        }
    }

    pub(crate) fn do_add_tag(who: &AccountOf<T>, agent: AgentId, tag: Tag) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        ensure!(!tag.is_empty(), Error::<T>::TagInvalid);
        ensure!(
            !TagReputations::<T>::contains_key(agent, &tag),
            Error::<T>::TagExists
        );
        ensure!(record.counts.tags < T::MaxTags::get(), Error::<T>::TooMany);
        record.counts.tags = record.counts.tags.saturating_add(1);
        let deposit = deposits::tag::<T>(&tag);
        Self::hold_deposit(who, &record.account, deposit)?;
        let kept = TagRecord {
            aggregate: Aggregate::default(),
            deposit,
        };
        TagReputations::<T>::insert(agent, &tag, kept);
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::TagAdded { agent, tag });
        Ok(())
    }

    pub(crate) fn do_feedback(
        giver: AccountOf<T>,
        agent: AgentId,
        amount: Balance,
        opinion: Opinion,
        wallet: Option<AccountOf<T>>,
    ) -> DispatchResult {
        let mut record = Self::agent(agent)?;
        ensure!(opinion.value <= MAX_RATING, Error::<T>::RatingInvalid);
        ensure!(
            amount >= T::MinFeedback::get(),
            Error::<T>::FeedbackTooSmall
        );
        if let Tags::Two(first, second) = &opinion.tags {
            ensure!(first != second, Error::<T>::TagRepeated);
        }
        ensure!(
            !Self::is_its_own(agent, &record, &giver),
            Error::<T>::OwnFeedback
        );
        let rating = Rating {
            value: opinion.value,
            weight: amount,
        };
        let wallet = wallet.unwrap_or_else(|| record.payee().clone());
        let tenure = Self::tenure_of_payments(&record, &wallet).ok_or(Error::<T>::NotItsWallet)?;
        let now = Self::moment(&record);
        Self::change_aggregates(agent, &opinion.tags, |aggregate| {
            aggregate
                .with(rating, tenure, now)
                .ok_or_else(|| ArithmeticError::Overflow.into())
        })?;
        T::Paid::consume(&giver, &wallet, amount)
            .map_err(|error| whole(error, Error::<T>::NotPaid))?;
        let deposit = deposits::feedback::<T>();
        Self::hold_deposit(&giver, &giver, deposit)?;
        let feedback = record.next_feedback;
        record.next_feedback = feedback.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let given = Feedback {
            giver: giver.clone(),
            rating,
            tags: opinion.tags,
            at: Self::now(),
            tenure,
            content: opinion.content,
            response: None,
            deposit,
        };
        Feedbacks::<T>::insert(agent, feedback, given);
        FeedbacksBy::<T>::insert(&giver, (agent, feedback), ());
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::FeedbackGiven {
            agent,
            feedback,
            giver,
            wallet,
            value: rating.value,
            weight: rating.weight,
        });
        Ok(())
    }

    /// Whether a rating by this account would be praise of oneself.
    fn is_its_own(agent: AgentId, record: &AgentOf<T>, giver: &AccountOf<T>) -> bool {
        let sister = || {
            ByAccount::<T>::get(giver)
                .and_then(Agents::<T>::get)
                .is_some_and(|other| other.owner == record.owner)
        };
        // An owner can name any key in a grant. Only that it has acted shows that it is the agent's.
        let acts = || {
            SessionKeys::<T>::get(agent, giver)
                .and_then(|session| Sessions::<T>::get(agent, session))
                .is_some_and(|record| record.used)
        };
        *giver == record.owner
            || Self::tenure_of_payments(record, giver).is_some()
            || acts()
            || sister()
    }

    /// Changes what is kept for an agent and under each of these tags.
    fn change_aggregates(
        agent: AgentId,
        tags: &Tags,
        change: impl Fn(&Aggregate) -> Result<Aggregate, DispatchError>,
    ) -> DispatchResult {
        let all = Reputations::<T>::get(agent).ok_or(Error::<T>::Inconsistent)?;
        Reputations::<T>::insert(agent, change(&all)?);
        for tag in tags.iter() {
            let mut kept = TagReputations::<T>::get(agent, tag).ok_or(Error::<T>::UnknownTag)?;
            kept.aggregate = change(&kept.aggregate)?;
            TagReputations::<T>::insert(agent, tag, kept);
        }
        Ok(())
    }

    /// What it consumed stays consumed. Of an agent that is gone, only the deposit comes back.
    pub(crate) fn do_revoke_feedback(
        who: &AccountOf<T>,
        agent: AgentId,
        feedback: FeedbackId,
    ) -> DispatchResult {
        let given = Self::given(agent, feedback)?;
        ensure!(given.giver == *who, Error::<T>::NotYourFeedback);
        if let Some(record) = Agents::<T>::get(agent) {
            let now = Self::moment(&record);
            let then = Moment {
                period: Self::period_of(given.at),
                tenure: given.tenure,
            };
            Self::change_aggregates(agent, &given.tags, |aggregate| {
                aggregate
                    .without(given.rating, then, now)
                    .ok_or_else(|| Error::<T>::Inconsistent.into())
            })?;
        }
        Feedbacks::<T>::remove(agent, feedback);
        FeedbacksBy::<T>::remove(who, (agent, feedback));
        Self::release_deposit(who, given.deposit)?;
        Self::deposit_event(Event::FeedbackRevoked { agent, feedback });
        Ok(())
    }

    pub(crate) fn do_respond(
        who: &AccountOf<T>,
        agent: AgentId,
        feedback: FeedbackId,
        response: Reference,
    ) -> DispatchResult {
        Self::own(who, agent)?;
        let mut given = Self::given(agent, feedback)?;
        given.response = Some(response);
        Feedbacks::<T>::insert(agent, feedback, given);
        Self::deposit_event(Event::Responded {
            agent,
            feedback,
            hash: response.hash,
        });
        Ok(())
    }

    fn given(agent: AgentId, feedback: FeedbackId) -> Result<FeedbackOf<T>, DispatchError> {
        Feedbacks::<T>::get(agent, feedback).ok_or_else(|| Error::<T>::UnknownFeedback.into())
    }
}
