//! Is the endpoint on chain reached from here, with the key that it pins, and is it this provider that answers?

use std::time::Duration;

use noema_chain_client::{Hash, ProviderRecord};

use super::{Directory, Report};
use crate::{
    client::{ClientOptions, StorageClient, StoreHealth},
    config::Config,
};

const CONNECT: Duration = Duration::from_secs(5);
const REQUEST: Duration = Duration::from_secs(10);

/// Asks the endpoint. Returns what the daemon there says of its store, if it is this provider's.
pub(super) async fn reach(
    report: &mut Report,
    config: &Config,
    record: &ProviderRecord,
    genesis: Option<Hash>,
    directory: &Directory,
) -> Option<StoreHealth> {
    let name = "endpoint";
    let client = StorageClient::new(ClientOptions {
        connect_timeout: CONNECT,
        request_timeout: REQUEST,
    });
    let info = match client.info(&record.endpoint).await {
        Ok(info) => info,
        Err(error) if matches!(directory, Directory::InUse) => {
            let advice = "see that the address and the port are those of this machine, that the firewall lets them in, and that the pin is this key's; a router that does not lead its own address back inside makes this check fail although others get through";
            report.failed(name, error.to_string(), advice);
            return None;
        }
        Err(error) => {
            report.warning(
                name,
                error.to_string(),
                "no daemon runs with this data directory: run this once more when it does",
            );
            return None;
        }
    };
    if info.provider != config.provider || genesis.is_some_and(|genesis| genesis != info.genesis) {
        let message = format!(
            "{} is answered by provider {} of the chain {}: expected {}",
            record.endpoint, info.provider, info.genesis, config.provider
        );
        let advice = "another daemon has this address: correct the endpoint (`noema provider set-endpoint`) or the address (--listen)";
        report.failed(name, message, advice);
        return None;
    }
    report.ok(
        name,
        format!(
            "{} is answered by this provider (version {})",
            record.endpoint, info.version
        ),
    );
    let health = client.health(&record.endpoint).await;
    health.ok().and_then(|health| health.store)
}
