//! Validators: what stands behind them, who is elected, who misbehaved, who is not paid yet.

use futures::{stream, StreamExt, TryStreamExt};
use subxt::{
    error::StorageError,
    storage::{Address, StaticAddress},
    utils::AccountId32,
};

use super::{entry_name, StateAt, PARALLEL};
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            pallet_staking::{RewardDestination, ValidatorPrefs},
            sp_arithmetic::per_things::Perbill,
            sp_staking::PagedExposureMetadata,
        },
    },
    types::{
        AccountId, Candidacy, Era, EraPoints, Eras, Exposure, Payee, PendingSlash, SessionKeys,
        Stake, StakingLimits, Unbonding, Unpaid,
    },
};

impl StateAt {
    /// What the chain wants of those who stand for election.
    pub async fn staking_limits(&self) -> Result<StakingLimits, ChainError> {
        let storage = runtime::storage().staking();
        let (staking, session) = (
            runtime::constants().staking(),
            runtime::constants().session(),
        );
        let what = "the limits of staking";
        let min_commission = self.fetch(what, storage.min_commission(), ()).await?;
        Ok(StakingLimits {
            min_validator_bond: self
                .fetch(what, storage.min_validator_bond(), ())
                .await?
                .unwrap_or_default(),
            min_commission: min_commission.map_or(0, |Perbill(billionths)| billionths),
            validators: self
                .fetch(what, storage.validator_count(), ())
                .await?
                .unwrap_or_default(),
            candidates: self
                .fetch(what, storage.counter_for_validators(), ())
                .await?
                .unwrap_or_default(),
            max_candidates: self.fetch(what, storage.max_validators_count(), ()).await?,
            key_deposit: self.constant("Session::KeyDeposit", session.key_deposit())?,
            bonding_eras: self.constant("Staking::BondingDuration", staking.bonding_duration())?,
            history_eras: self.constant("Staking::HistoryDepth", staking.history_depth())?,
        })
    }

    /// What `account` has at stake.
    pub async fn stake(&self, account: &AccountId) -> Result<Option<Stake>, ChainError> {
        let storage = runtime::storage().staking();
        let (what, stash) = ("a stake", AccountId32::from(*account));
        let Some(keeper) = self.fetch(what, storage.bonded(), (stash,)).await? else {
            return Ok(None);
        };
        let Some(ledger) = self.fetch(what, storage.ledger(), (keeper,)).await? else {
            return Ok(None);
        };
        let payee = self.fetch(what, storage.payee(), (stash,)).await?;
        Ok(Some(Stake {
            account: *account,
            total: ledger.total,
            active: ledger.active,
            unbonding: ledger
                .unlocking
                .0
                .into_iter()
                .map(|chunk| Unbonding {
                    amount: chunk.value,
                    era: chunk.era,
                })
                .collect(),
            // The chain pays who says nothing into its stake.
            payee: payee.map_or(Payee::Staked, |payee| payee_of(payee, account)),
        }))
    }

    /// With what `account` stands for election, if it does.
    pub async fn candidacy(&self, account: &AccountId) -> Result<Option<Candidacy>, ChainError> {
        let address = runtime::storage().staking().validators();
        let (what, stash) = ("a candidate", AccountId32::from(*account));
        // The entry has a default: what it holds says nothing about whether it is there.
        if self.bytes_at(what, &address, (stash,)).await?.is_none() {
            return Ok(None);
        }
        Ok(self
            .fetch(what, address, (stash,))
            .await?
            .map(Candidacy::from))
    }

    /// Everybody who stands for election.
    pub async fn candidates(&self) -> Result<Vec<(AccountId, Candidacy)>, ChainError> {
        let address = runtime::storage().staking().validators();
        let all = self.list("the candidates", address, ()).await?;
        Ok(all
            .into_iter()
            .map(|((account,), preferences)| (account.into(), preferences.into()))
            .collect())
    }

    /// Whether `account` nominates others.
    pub async fn nominates(&self, account: &AccountId) -> Result<bool, ChainError> {
        let address = runtime::storage().staking().nominators();
        let keys = (AccountId32::from(*account),);
        Ok(self
            .bytes_at("a nominator", &address, keys)
            .await?
            .is_some())
    }

    /// The session keys that `account` registered last.
    pub async fn session_keys(
        &self,
        account: &AccountId,
    ) -> Result<Option<SessionKeys>, ChainError> {
        let address = runtime::storage().session().next_keys();
        let keys = (AccountId32::from(*account),);
        let found = self.bytes_at("session keys", &address, keys).await?;
        Ok(found.map(SessionKeys))
    }

    /// Which eras the chain is in.
    pub async fn eras(&self) -> Result<Eras, ChainError> {
        let storage = runtime::storage().staking();
        let active = self
            .fetch("the active era", storage.active_era(), ())
            .await?;
        let planned = self
            .fetch("the planned era", storage.current_era(), ())
            .await?;
        let active = active.map_or(0, |era| era.index);
        Ok(Eras {
            active,
            planned: planned.unwrap_or(active),
        })
    }

    /// The validators of this session, in the order in which the chain numbers them.
    pub async fn session_validators(&self) -> Result<Vec<AccountId>, ChainError> {
        let address = runtime::storage().session().validators();
        let all = self.fetch("the validators", address, ()).await?;
        Ok(all
            .unwrap_or_default()
            .into_iter()
            .map(AccountId::from)
            .collect())
    }

    /// Those of this session's validators that may not author for the rest of the era.
    pub async fn disabled_validators(&self) -> Result<Vec<AccountId>, ChainError> {
        let address = runtime::storage().session().disabled_validators();
        let disabled = self
            .fetch("the disabled validators", address, ())
            .await?
            .unwrap_or_default();
        let all = self.session_validators().await?;
        let place = |place: u32| usize::try_from(place).ok().and_then(|place| all.get(place));
        Ok(disabled
            .into_iter()
            .filter_map(|(index, _)| place(index).copied())
            .collect())
    }

    /// What stands behind `account` in an era for which it was elected.
    pub async fn exposure(
        &self,
        era: Era,
        account: &AccountId,
    ) -> Result<Option<Exposure>, ChainError> {
        let address = runtime::storage().staking().eras_stakers_overview();
        let keys = (era, AccountId32::from(*account));
        let found = self.fetch("an exposure", address, keys).await?;
        Ok(found.map(Exposure::from))
    }

    /// What stands behind everybody who was elected for an era.
    pub async fn exposures(&self, era: Era) -> Result<Vec<(AccountId, Exposure)>, ChainError> {
        let address = runtime::storage().staking().eras_stakers_overview();
        let all = self
            .list("the exposures of an era", address, (era,))
            .await?;
        Ok(all
            .into_iter()
            .map(|((_, account), found)| (account.into(), found.into()))
            .collect())
    }

    /// Who nominates `account` in an era for which it was elected, and with how much, in the smallest unit.
    pub async fn nominations(
        &self,
        era: Era,
        account: &AccountId,
    ) -> Result<Vec<(AccountId, u128)>, ChainError> {
        let pages = self.exposure(era, account).await?.map_or(0, |e| e.pages);
        let mut all = Vec::new();
        for page in 0..pages {
            let address = runtime::storage().staking().eras_stakers_paged();
            let keys = (era, AccountId32::from(*account), page);
            let page = self.fetch("nominations", address, keys).await?;
            let others = page.map(|page| page.others).unwrap_or_default();
            all.extend(others.into_iter().map(|one| (one.who.into(), one.value)));
        }
        Ok(all)
    }

    /// What validators have done in an era.
    pub async fn era_points(&self, era: Era) -> Result<EraPoints, ChainError> {
        let address = runtime::storage().staking().eras_reward_points();
        let found = self.fetch("the points of an era", address, (era,)).await?;
        Ok(found.map_or_else(EraPoints::default, |points| EraPoints {
            total: points.total,
            of: points
                .individual
                .into_iter()
                .map(|(account, points)| (account.into(), points))
                .collect(),
        }))
    }

    /// Slashes that wait for their execution, by era.
    pub async fn pending_slashes(&self) -> Result<Vec<PendingSlash>, ChainError> {
        let address = runtime::storage().staking().unapplied_slashes();
        let eras = self.list("the slashes that wait", address, ()).await?;
        let mut all: Vec<_> = eras
            .into_iter()
            .flat_map(|((era,), slashes)| slashes.into_iter().map(move |slash| (era, slash)))
            .map(|(era, slash)| PendingSlash {
                era,
                validator: slash.validator.into(),
                own: slash.own,
                others: slash
                    .others
                    .into_iter()
                    .map(|(account, amount)| (account.into(), amount))
                    .collect(),
            })
            .collect();
        all.sort_by_key(|slash| slash.era);
        Ok(all)
    }

    /// How many times the slashing of `account` began anew: who takes all of its stake back says so, to have the records removed.
    pub async fn slashing_spans(&self, account: &AccountId) -> Result<u32, ChainError> {
        let address = runtime::storage().staking().slashing_spans();
        let keys = (AccountId32::from(*account),);
        let found = self.fetch("slashes of the past", address, keys).await?;
        let earlier = found.map(|spans| spans.prior.len().saturating_add(1));
        Ok(earlier.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)))
    }

    /// What `account` earned in the ended eras from `first` on and nobody has claimed, oldest first.
    pub async fn unpaid(&self, account: &AccountId, first: Era) -> Result<Vec<Unpaid>, ChainError> {
        let active = self.eras().await?.active;
        let history = self.constant(
            "Staking::HistoryDepth",
            runtime::constants().staking().history_depth(),
        )?;
        let ended = active.saturating_sub(history).max(first)..active;
        let pages: Vec<_> = stream::iter(ended)
            .map(|era| async move { self.unpaid_in(account, era).await })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        Ok(pages.into_iter().flatten().collect())
    }

    async fn unpaid_in(&self, account: &AccountId, era: Era) -> Result<Vec<Unpaid>, ChainError> {
        let Some(exposure) = self.exposure(era, account).await? else {
            return Ok(Vec::new());
        };
        let storage = runtime::storage().staking();
        let pay = storage.eras_validator_reward();
        // The chain would mark it as paid, and pay nothing.
        let worked = self.era_points(era).await?.of.contains_key(account);
        if !worked
            || self
                .fetch("the pay of an era", pay, (era,))
                .await?
                .is_none()
        {
            return Ok(Vec::new());
        }
        let keys = (era, AccountId32::from(*account));
        let claimed = self
            .fetch("the claims of an era", storage.claimed_rewards(), keys)
            .await?
            .unwrap_or_default();
        let per_page = self.constant(
            "Staking::MaxExposurePageSize",
            runtime::constants().staking().max_exposure_page_size(),
        )?;
        Ok((0..exposure.paid_pages())
            .filter(|page| !claimed.contains(page))
            .map(|page| Unpaid {
                era,
                page,
                nominators: exposure
                    .nominators
                    .saturating_sub(page.saturating_mul(per_page))
                    .min(per_page),
            })
            .collect())
    }

    /// The bytes at a key, without a default.
    async fn bytes_at<Keys, Value, IsPlain>(
        &self,
        what: &'static str,
        address: &StaticAddress<Keys, Value, IsPlain>,
        keys: Keys,
    ) -> Result<Option<Vec<u8>>, ChainError>
    where
        StaticAddress<Keys, Value, IsPlain>: Address<KeyParts = Keys> + Clone,
    {
        let address = address.clone().unvalidated();
        let name = entry_name(&address);
        let storage = self.at().storage();
        let key = storage
            .entry(address)
            .and_then(|entry| entry.fetch_key(keys))
            .map_err(|e| self.read_error(what, &name, e))?;
        match self.client.within(what, storage.fetch_raw(key)).await? {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StorageError::NoValueFound) => Ok(None),
            Err(e) => Err(self.read_error(what, &name, e)),
        }
    }
}

impl From<ValidatorPrefs> for Candidacy {
    fn from(preferences: ValidatorPrefs) -> Self {
        Self {
            commission: preferences.commission.0,
            blocked: preferences.blocked,
        }
    }
}

impl From<PagedExposureMetadata<u128>> for Exposure {
    fn from(found: PagedExposureMetadata<u128>) -> Self {
        Self {
            total: found.total,
            own: found.own,
            nominators: found.nominator_count,
            pages: found.page_count,
        }
    }
}

fn payee_of(payee: RewardDestination<AccountId32>, stash: &AccountId) -> Payee {
    match payee {
        RewardDestination::Staked => Payee::Staked,
        // Every stash is its own controller here.
        RewardDestination::Stash | RewardDestination::Controller => Payee::Stash,
        RewardDestination::Account(account) if account.0 == stash.0 => Payee::Stash,
        RewardDestination::Account(account) => Payee::Account(account.into()),
        RewardDestination::None => Payee::Nobody,
    }
}
