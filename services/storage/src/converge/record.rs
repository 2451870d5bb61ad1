//! The provider's own record on chain against the daemon as it runs.

use std::time::{Duration, Instant};

use noema_transport::Endpoint;

use super::{Converger, Shared, SWEEP};
use crate::{
    chain_view::{ChainView, StateView},
    units::ByteSize,
};

/// How often the provider's own record is looked at.
const CHECK_RECORD: Duration = Duration::from_secs(300);

impl<C: ChainView> Converger<C> {
    /// Tells the operator when the chain does not know the daemon as it runs.
    pub(super) async fn check_record(&mut self, state: &C::State) {
        if self
            .record_checked_at
            .is_some_and(|at| at.elapsed() < CHECK_RECORD)
        {
            return;
        }
        let (provider, operator) = (self.shared.provider, self.shared.operator);
        let record = state.provider(&provider).await;
        if let Ok(record) = &record {
            let metrics = &self.shared.metrics;
            let gauge = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
            let record = record.as_ref();
            let registered = record.is_some_and(|record| record.operator == operator);
            metrics.operator_registered.set(registered.into());
            let pinned = record.is_some_and(|record| self.shared.is_pinned_by(&record.endpoint));
            metrics.endpoint_pinned.set(pinned.into());
            metrics
                .declared_bytes
                .set(record.map_or(0, |record| gauge(record.capacity)));
            metrics
                .reserved_bytes
                .set(record.map_or(0, |record| gauge(record.reserved)));
        }
        match record {
            Ok(None) => tracing::warn!(
                %provider,
                "the chain knows no storage provider with this account: register it, then files come"
            ),
            Ok(Some(record)) if record.operator != operator => tracing::error!(
                %provider,
                expected = %record.operator,
                found = %operator,
                "this daemon's operator key is not the one registered: its calls will be refused"
            ),
            Ok(Some(record)) if !self.shared.is_pinned_by(&record.endpoint) => tracing::error!(
                %provider,
                announced = %record.endpoint,
                found = %self.shared.pin.map(|pin| pin.to_string()).unwrap_or_default(),
                "the endpoint on chain pins another key than this daemon has: nobody will connect; announce this one"
            ),
            Ok(Some(record)) => {
                self.record_checked_at = Some(Instant::now());
                if let Ok(room) = self.shared.store.room() {
                    if record.capacity > room.holdable {
                        tracing::warn!(
                            declared = %ByteSize(record.capacity),
                            holdable = %ByteSize(room.holdable),
                            "more capacity is declared on chain than the disk can hold: files will come that have no room; `noema provider set-capacity`, or a larger disk"
                        );
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "cannot read the provider's record"),
        }
        // A problem is repeated, but not at every block.
        if self.record_checked_at.is_none() {
            self.record_checked_at = Instant::now().checked_sub(CHECK_RECORD - SWEEP * 3);
        }
    }
}

impl<C: ChainView> Shared<C> {
    /// Whether clients of this endpoint accept the daemon's key. Without a key of its own a proxy
    /// before it has one, which the daemon does not know.
    fn is_pinned_by(&self, endpoint: &str) -> bool {
        match (self.pin, Endpoint::parse(endpoint.as_bytes())) {
            (None, _) => true,
            (Some(own), Ok(Endpoint::Https { pin, .. })) => own == pin,
            (Some(_), _) => false,
        }
    }
}
