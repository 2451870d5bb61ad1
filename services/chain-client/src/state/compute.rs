//! Services, channels and what is held for them.

use noema_compute_primitives::{
    Browse, ChannelId, ChannelPage, ChannelState, Descriptor, LaneInfo, NextPrice, Page, Price,
    ProviderInfo, Purse, Room, ServiceId, ServiceKind, VerificationMode,
};
use noema_session::Limits;
use subxt::utils::AccountId32;

use super::StateAt;
use crate::{
    error::ChainError,
    runtime::{
        self,
        runtime_types::{
            bounded_collections::bounded_vec::BoundedVec,
            noema_compute_primitives::{
                market as chain,
                price::Price as ChainPrice,
                service::{Descriptor as ChainDescriptor, ServiceKind as ChainKind},
                verification::VerificationMode as ChainMode,
            },
        },
    },
    types::{
        AccountId, Balance, ChannelInfo, ComputeLimits, ServiceInfo, ServicePage, SessionInfo,
    },
};

impl StateAt {
    /// Services of active providers that fit, after the one where the page before ended. A page has at most 100, and may have none without being the last.
    pub async fn services(
        &self,
        wanted: &Browse,
        after: Option<ServiceId>,
        limit: u32,
    ) -> Result<ServicePage, ChainError> {
        let api = runtime::runtime_apis().compute_api();
        let question = api.browse(wanted.into(), after, limit);
        let page = self.ask_runtime("the services", question).await?;
        let items = page.items.into_iter().map(|info| self.service_info(info));
        Ok(Page {
            items: items.collect::<Result<_, _>>()?,
            next: page.next,
        })
    }

    /// A service with the price in force. `None` when there is none.
    pub async fn service(&self, service: ServiceId) -> Result<Option<ServiceInfo>, ChainError> {
        let question = runtime::runtime_apis().compute_api().service(service);
        let info = self.ask_runtime("a service", question).await?;
        info.map(|info| self.service_info(info)).transpose()
    }

    /// The numbers of a provider's services, whether or not it is active.
    pub async fn services_of(&self, provider: &AccountId) -> Result<Vec<ServiceId>, ChainError> {
        let address = runtime::storage().compute().services_of();
        let prefix = (AccountId32::from(*provider),);
        let found = self
            .list("the services of a provider", address, prefix)
            .await?;
        let mut services: Vec<_> = found
            .into_iter()
            .map(|((_, service), ())| service)
            .collect();
        services.sort_unstable();
        Ok(services)
    }

    /// How a channel stands. `None` when there is none.
    pub async fn channel(&self, channel: ChannelId) -> Result<Option<ChannelInfo>, ChainError> {
        let question = runtime::runtime_apis().compute_api().channel(channel);
        let info = self.ask_runtime("a channel", question).await?;
        Ok(info.map(channel_info))
    }

    /// The channels of a payer, after the one where the page before ended.
    pub async fn channels_of(
        &self,
        payer: &AccountId,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<ChannelPage, ChainError> {
        let api = runtime::runtime_apis().compute_api();
        let question = api.channels_of((*payer).into(), after, limit);
        let page = self
            .ask_runtime("the channels of a payer", question)
            .await?;
        Ok(Page {
            items: page.items,
            next: page.next,
        })
    }

    /// The channels with a provider, after the one where the page before ended.
    pub async fn channels_with(
        &self,
        provider: &AccountId,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<ChannelPage, ChainError> {
        let api = runtime::runtime_apis().compute_api();
        let question = api.channels_with((*provider).into(), after, limit);
        let page = self
            .ask_runtime("the channels with a provider", question)
            .await?;
        Ok(Page {
            items: page.items,
            next: page.next,
        })
    }

    /// What a payer holds for requests. `None` when it holds nothing and has no channel.
    pub async fn purse(&self, payer: &AccountId) -> Result<Option<Purse>, ChainError> {
        let question = runtime::runtime_apis().compute_api().purse((*payer).into());
        let purse = self.ask_runtime("a purse", question).await?;
        Ok(purse.map(|purse| Purse {
            balance: purse.balance,
            reserved: purse.reserved,
            channels: purse.channels,
            deposit: purse.deposit,
        }))
    }

    /// What stands behind a compute provider, and what it has promised.
    pub async fn compute_provider(&self, provider: &AccountId) -> Result<ProviderInfo, ChainError> {
        let question = runtime::runtime_apis()
            .compute_api()
            .provider((*provider).into());
        let info = self.ask_runtime("a compute provider", question).await?;
        Ok(ProviderInfo {
            bond: info.bond,
            services: info.services,
            channels: info.channels,
            reserved: info.reserved,
            room: match info.room {
                chain::Room::Inactive => Room::Inactive,
                chain::Room::UnderBonded { by } => Room::UnderBonded { by },
                chain::Room::Full => Room::Full,
                chain::Room::UpTo(most) => Room::UpTo(most),
            },
        })
    }

    /// What a payer has paid a provider and nobody has consumed.
    pub async fn unconsumed(
        &self,
        payer: &AccountId,
        provider: &AccountId,
    ) -> Result<Balance, ChainError> {
        let api = runtime::runtime_apis().compute_api();
        let question = api.unconsumed((*payer).into(), (*provider).into());
        self.ask_runtime("what was paid to a provider", question)
            .await
    }

    /// The parameters of the compute market at this block.
    pub fn compute_limits(&self) -> Result<ComputeLimits, ChainError> {
        let compute = runtime::constants().compute();
        Ok(ComputeLimits {
            cut_millionths: self.constant("Compute::CutShare", compute.cut_share())?.0,
            price_notice: self.constant("Compute::PriceNotice", compute.price_notice())?,
            close_lock: self.constant("Compute::CloseLock", compute.close_lock())?,
            evidence_window: self.constant("Compute::EvidenceWindow", compute.evidence_window())?,
            cap_per_bond: self.constant("Compute::CapPerBond", compute.cap_per_bond())?,
            min_cap: self.constant("Compute::MinCap", compute.min_cap())?,
            max_services: self.constant("Compute::MaxServices", compute.max_services())?,
            max_sessions: self.constant("Compute::MaxSessions", compute.max_sessions())?,
            max_lanes: self.constant("Compute::MaxLanes", compute.max_lanes())?,
            max_claims: self.constant("Compute::MaxClaims", compute.max_claims())?,
            slash_factor: self.constant("Compute::SlashFactor", compute.slash_factor())?,
            min_slash: self.constant("Compute::MinSlash", compute.min_slash())?,
            payer_share_billionths: self
                .constant("Compute::PayerShare", compute.payer_share())?
                .0,
            jail_term: self.constant("Compute::JailTerm", compute.jail_term())?,
        })
    }

    fn service_info(
        &self,
        info: chain::ServiceInfo<AccountId32>,
    ) -> Result<ServiceInfo, ChainError> {
        Ok(ServiceInfo {
            service: info.service,
            provider: info.provider.into(),
            active: info.active,
            key: info.key.into(),
            descriptor: self.descriptor(info.descriptor)?,
            next: info.next.map(|next| NextPrice {
                price: next.price.into(),
                from: next.from,
            }),
        })
    }

    fn descriptor(&self, descriptor: ChainDescriptor) -> Result<Descriptor, ChainError> {
        let long = |what: &str| {
            let name = format!("the {what} of a service");
            self.incompatible(&name, "it is longer than it may be")
        };
        Ok(Descriptor {
            kind: descriptor.kind.into(),
            model: descriptor.model.0.try_into().map_err(|_| long("model"))?,
            weights: descriptor.weights,
            endpoint: descriptor
                .endpoint
                .0
                .try_into()
                .map_err(|_| long("endpoint"))?,
            price: descriptor.price.into(),
            verification: descriptor.verification.into(),
            capacity: descriptor.capacity,
        })
    }
}

fn channel_info(info: chain::ChannelInfo<AccountId32>) -> ChannelInfo {
    ChannelInfo {
        payer: info.payer.into(),
        provider: info.provider.into(),
        service: info.service,
        key: info.key.into(),
        left: info.left,
        redeemed: info.redeemed,
        state: match info.state {
            chain::ChannelState::Open => ChannelState::Open,
            chain::ChannelState::Closing { until } => ChannelState::Closing { until },
            chain::ChannelState::Settled { at } => ChannelState::Settled { at },
        },
        sessions: info.sessions.into_iter().map(session_info).collect(),
    }
}

fn session_info(info: chain::SessionInfo<AccountId32>) -> SessionInfo {
    SessionInfo {
        session: info.session,
        key: info.key.into(),
        limits: Limits {
            per_use: info.limits.per_use,
            total: info.limits.total,
        },
        spent: info.spent,
        ends: info.ends,
        revoked: info.revoked,
        lanes: info.lanes,
        redeemed: info
            .redeemed
            .into_iter()
            .map(|lane| LaneInfo {
                lane: lane.lane,
                nonce: lane.nonce,
                maximum: lane.maximum,
                redeemed: lane.redeemed,
                at: lane.at,
                punished: lane.punished,
            })
            .collect(),
    }
}

impl From<&Browse> for chain::Browse {
    fn from(wanted: &Browse) -> Self {
        Self {
            kind: wanted.kind.map(ChainKind::from),
            model: wanted
                .model
                .as_ref()
                .map(|model| BoundedVec(model.to_vec())),
            at_most: wanted.at_most.as_ref().map(ChainPrice::from),
            mode: wanted.mode.map(ChainMode::from),
        }
    }
}

impl From<ChainPrice> for Price {
    fn from(price: ChainPrice) -> Self {
        match price {
            ChainPrice::Tokens {
                input,
                cached,
                output,
            } => Self::Tokens {
                input,
                cached,
                output,
            },
            ChainPrice::Units { unit } => Self::Units { unit },
        }
    }
}

impl From<ChainKind> for ServiceKind {
    fn from(kind: ChainKind) -> Self {
        match kind {
            ChainKind::Chat => Self::Chat,
            ChainKind::Embedding => Self::Embedding,
            ChainKind::Image => Self::Image,
            ChainKind::Speech => Self::Speech,
            ChainKind::Job => Self::Job,
        }
    }
}

impl From<ChainMode> for VerificationMode {
    fn from(mode: ChainMode) -> Self {
        match mode {
            ChainMode::None => Self::None,
        }
    }
}
