//! Calls in an agent's name. Deny by default: only leaves that the runtime lists, and of these only what a session's scope and limits allow.

use crate::{
    deposits::whole, AccountOf, AgentOf, Agents, Balance, CallOf, Config, Error, Event, Pallet,
    Sessions,
};
use codec::Encode;
use frame_support::{
    dispatch::{extract_actual_weight, GetDispatchInfo, PostDispatchInfo},
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect as _, Mutate as _},
        tokens::Preservation,
        IsType, OriginTrait,
    },
    weights::Weight,
};
use noema_agents_primitives::{AgentId, CallId, Hash, SessionId, SignedAct};
use noema_session::Covers;
use noema_traits::{CallClassifier, Leaf, Tick};
use sp_runtime::{
    traits::Dispatchable, ArithmeticError, DispatchError, DispatchResult, DispatchResultWithInfo,
};

/// How an inner call ended.
type Outcome = DispatchResultWithInfo<PostDispatchInfo>;

/// A call that a session is about to make.
pub(crate) struct Checked {
    /// Which.
    pub(crate) call: CallId,
    /// The most that it says that it spends.
    pub(crate) declared: Balance,
}

/// What a key says beside the call that it signs.
pub(crate) struct SignedMessage {
    /// The key's session.
    pub(crate) session: SessionId,
    /// How many acts it has signed before.
    pub(crate) nonce: u64,
    /// The first tick at which the message is worth nothing.
    pub(crate) expires: Tick,
}

/// Who brings an act, and how.
pub(crate) struct Bringer<'a, AccountId> {
    /// Who.
    pub(crate) account: &'a AccountId,
    /// The nonce of what the key signed, if it did not bring it itself.
    pub(crate) nonce: Option<u64>,
    /// What the agent pays for it.
    pub(crate) reward: Balance,
}

/// Names a leaf as scopes do.
pub(crate) const fn call_id<Balance>(leaf: &Leaf<Balance>) -> CallId {
    CallId {
        pallet: leaf.pallet,
        call: leaf.call,
    }
}

impl<T: Config> Pallet<T> {
    /// Returns what the inner call weighed.
    pub(crate) fn do_act(
        who: &AccountOf<T>,
        agent: AgentId,
        call: CallOf<T>,
    ) -> Result<Weight, DispatchError> {
        let record = Self::agent(agent)?;
        let session = Self::session_of_key(agent, who)?;
        let by = Bringer {
            account: who,
            nonce: None,
            reward: 0,
        };
        let weight = Self::act_within_limits(agent, &record, session, call, &by)?;
        Self::note_use(agent, session)?;
        Ok(weight)
    }

    /// Returns what the inner call weighed.
    pub(crate) fn do_act_signed(
        who: &AccountOf<T>,
        agent: AgentId,
        message: &SignedMessage,
        call: CallOf<T>,
        signature: &T::Signature,
    ) -> Result<Weight, DispatchError> {
        let SignedMessage {
            session,
            nonce,
            expires,
        } = *message;
        let record = Self::agent(agent)?;
        let mut signing = Self::session(agent, session)?;
        // First: leaves are short, and whatever else is brought may be as long as a transaction.
        Self::leaf(&call)?;
        ensure!(Self::now() < expires, Error::<T>::DeadlinePassed);
        ensure!(nonce == signing.nonce, Error::<T>::WrongNonce);
        let act = SignedAct {
            agent,
            session,
            nonce,
            expires,
            call: Self::call_hash(&call),
        };
        let payload = act.payload(&Self::genesis());
        ensure!(
            Self::is_signed(signature, &payload, &signing.session.grant().key),
            Error::<T>::BadSignature
        );
        signing.nonce = nonce.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        signing.used = true;
        Sessions::<T>::insert(agent, session, signing);
        let by = Bringer {
            account: who,
            nonce: Some(nonce),
            reward: 0,
        };
        Self::act_within_limits(agent, &record, session, call, &by)
    }

    /// Returns what the inner call weighed.
    pub(crate) fn do_act_by_owner(
        who: &AccountOf<T>,
        agent: AgentId,
        call: CallOf<T>,
    ) -> Result<Weight, DispatchError> {
        let record = Self::owned(who, agent)?;
        let leaf = Self::leaf(&call)?;
        let (outcome, weight) = Self::dispatch_as(&record.account, call, |_| true)?;
        Self::deposit_event(Event::ActedByOwner {
            agent,
            call: call_id(&leaf),
            result: ended(&outcome),
        });
        Ok(weight)
    }

    /// What a signed act names the call by.
    pub(crate) fn call_hash(call: &CallOf<T>) -> Hash {
        call.using_encoded(sp_io::hashing::blake2_256)
    }

    pub(crate) fn leaf(call: &CallOf<T>) -> Result<Leaf<Balance>, DispatchError> {
        T::Classifier::classify(call).ok_or_else(|| Error::<T>::NotALeaf.into())
    }

    /// What a session may be asked for before anything is done: that it is not over, the scope, and what one use may cost, with `reward` on top of what the call
    /// declares.
    pub(crate) fn check(
        agent: AgentId,
        session: SessionId,
        call: &CallOf<T>,
        reward: Balance,
    ) -> Result<Checked, DispatchError> {
        let leaf = Self::leaf(call)?;
        let declared = leaf
            .spends
            .checked_add(reward)
            .ok_or(ArithmeticError::Overflow)?;
        let call = call_id(&leaf);
        Self::session(agent, session)?
            .session
            .authorise(Self::now(), &call, declared)
            .map_err(Self::refused)?;
        Ok(Checked { call, declared })
    }

    /// Makes a call under the limits of a session, and pays the reward to whoever brought it. Fails, so that everything is undone, if a limit is passed; a call that
    /// fails by itself is told in the event. Returns what it weighed.
    pub(crate) fn act_within_limits(
        agent: AgentId,
        record: &AgentOf<T>,
        session: SessionId,
        call: CallOf<T>,
        by: &Bringer<'_, AccountOf<T>>,
    ) -> Result<Weight, DispatchError> {
        let Checked { call: id, declared } = Self::check(agent, session, &call, by.reward)?;
        let scope = Self::session(agent, session)?.session.grant().scope.clone();
        let before = T::Currency::balance(&record.account);
        let (outcome, weight) =
            Self::dispatch_as(&record.account, call, move |inner| scope.covers(inner))?;
        if by.reward > 0 {
            let (from, to) = (&record.account, by.account);
            T::Currency::transfer(from, to, by.reward, Preservation::Preserve)
                .map_err(|error| whole(error, Error::<T>::InsufficientFunds))?;
        }
        // What is held leaves the free balance, too: a reservation counts when it is made.
        let lost = before.saturating_sub(T::Currency::balance(&record.account));
        let spent = match &outcome {
            Ok(_) => declared.max(lost),
            Err(_) => by.reward.max(lost),
        };
        Self::charge(agent, session, spent)?;
        Self::deposit_event(Event::Acted {
            agent,
            session,
            by: by.account.clone(),
            nonce: by.nonce,
            call: id,
            spent,
            result: ended(&outcome),
        });
        Ok(weight)
    }

    /// Makes a call in the name of an account. Calls that it makes with the same origin meet `covers` again; of those that the runtime lists, there are none.
    ///
    /// # Errors
    /// When the call was not made at all: the runtime refuses it now (paused, in safe mode), or it was nested so deeply that no layer of storage was left. That is not how it
    /// ended, and must cost neither a nonce nor an occurrence nor a reward.
    fn dispatch_as(
        account: &AccountOf<T>,
        call: CallOf<T>,
        covers: impl Fn(&CallId) -> bool + 'static,
    ) -> Result<(Outcome, Weight), DispatchError> {
        let mut origin: T::RuntimeOrigin = frame_system::RawOrigin::Signed(account.clone()).into();
        origin.add_filter(move |inner: &<T as frame_system::Config>::RuntimeCall| {
            T::Classifier::classify(CallOf::<T>::from_ref(inner))
                .is_some_and(|leaf| covers(&call_id(&leaf)))
        });
        let info = call.get_dispatch_info();
        let outcome = with_storage_layer(|| call.dispatch(origin));
        if let Err(failed) = &outcome {
            let closed: DispatchError = frame_system::Error::<T>::CallFiltered.into();
            let made =
                failed.error != closed && !matches!(failed.error, DispatchError::Transactional(_));
            ensure!(made, failed.error);
        }
        let weight = extract_actual_weight(&outcome, &info);
        Ok((outcome, weight))
    }

    /// The agent, if `who` is its owner or the key of this session.
    pub(crate) fn owned_or_session(
        who: &AccountOf<T>,
        agent: AgentId,
        session: SessionId,
    ) -> Result<AgentOf<T>, DispatchError> {
        let record = Agents::<T>::get(agent).ok_or(Error::<T>::UnknownAgent)?;
        let acting =
            Self::is_owner(&record, who) || Self::session_of_key(agent, who) == Ok(session);
        ensure!(acting, Error::<T>::NotYourAgent);
        Ok(record)
    }
}

fn ended(outcome: &Outcome) -> DispatchResult {
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(error.error),
    }
}
