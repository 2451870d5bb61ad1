//! Networks as they are committed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use zombienet_sdk::{LocalFileSystem, Network, NetworkConfig, NetworkConfigExt, NetworkNode};

use crate::environment;

/// A network of `networks/`, running. When it is dropped its nodes are killed, and what they wrote stays.
#[derive(Debug)]
pub struct Net {
    network: Network<LocalFileSystem>,
}

impl Net {
    /// Starts the network of `networks/<name>.toml` and waits until all its nodes answer.
    ///
    /// # Errors
    /// When the node's program is missing, the definition is no network, or a node does not come up.
    pub async fn start(name: &str) -> anyhow::Result<Self> {
        environment::program("noema-node")?;
        let network = config(name)?
            .spawn_native()
            .await
            .with_context(|| format!("the network {name} did not start"))?;
        let net = Self { network };
        println!(
            "{name}: {} nodes, their logs are in {} if this fails",
            net.nodes().len(),
            net.directory().display()
        );
        Ok(net)
    }

    /// Its nodes, in the order of their names.
    pub fn nodes(&self) -> Vec<&NetworkNode> {
        let mut nodes = self.network.nodes();
        nodes.sort_by_key(|node| node.name());
        nodes
    }

    /// The node with this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn node(&self, name: &str) -> anyhow::Result<&NetworkNode> {
        self.network.get_node(name)
    }

    /// Ends its nodes and removes what they wrote.
    ///
    /// # Errors
    /// When a node had ended before, or something of it cannot be removed.
    pub async fn stop(self) -> anyhow::Result<()> {
        let directory = self.directory();
        self.network.destroy().await.context("end the nodes")?;
        tokio::fs::remove_dir_all(&directory)
            .await
            .with_context(|| format!("remove {}", directory.display()))
    }

    fn directory(&self) -> PathBuf {
        self.network
            .base_dir()
            .map(PathBuf::from)
            .unwrap_or_default()
    }
}

/// The definition in `networks/<name>.toml`.
fn config(name: &str) -> anyhow::Result<NetworkConfig> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("networks")
        .join(format!("{name}.toml"));
    let text = path.to_str().context("expected a path in UTF-8")?;
    NetworkConfig::load_from_toml(text)
        .with_context(|| format!("{} does not define a network", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_validators_are_those_of_the_chain_and_a_full_node_follows() {
        let config = config("four-validators").unwrap();
        let nodes: Vec<_> = config
            .relaychain()
            .nodes()
            .iter()
            .map(|node| (node.name().to_owned(), node.is_validator()))
            .collect();
        let wanted = [
            ("alice", true),
            ("bob", true),
            ("charlie", true),
            ("dave", true),
            ("full-node", false),
        ];
        assert_eq!(
            nodes,
            wanted.map(|(name, validates)| (name.to_owned(), validates))
        );
    }

    #[test]
    fn a_network_that_is_not_there_is_named() {
        let error = config("nowhere").unwrap_err();
        assert!(format!("{error:#}").contains("nowhere.toml"), "{error:#}");
    }
}
