//! A chain whose first block knows that the provider holds very many files, and the store that has them.

use std::path::Path;

use anyhow::Context;
use frame_support::storage::unhashed;
use futures::{stream, StreamExt, TryStreamExt};
use noema_benches::{
    built::{Files, Holder},
    specification,
};
use noema_chain_client::{Hash, SigningKey};
use noema_storage::{
    client::FileRef,
    store::{NewSegment, Store, StoreIdentity, StoreOptions},
};
use sp_state_machine::BasicExternalities;

/// Writes under way at the same time: as many as the store takes together.
const UNDER_WAY: usize = 64;

/// The bonded key of the first provider of a local network, and its hot key: development keys.
fn keys() -> anyhow::Result<(SigningKey, SigningKey)> {
    let key = |suri: &str| SigningKey::from_suri(suri).context("a development key");
    Ok((key("//Provider//1")?, key("//Provider//1//operator")?))
}

/// Writes the raw specification of the node's development chain, in whose first block the first provider of a local network holds these files.
pub(super) async fn specification(
    node: &Path,
    files: &Files,
    count: u32,
    output: &Path,
) -> anyhow::Result<()> {
    let mut spec = specification::exported(node, &["--raw", "--chain", "dev"]).await?;
    let items = specification::items(&spec)?;
    let (bonded, operator) = keys()?;
    let holder = Holder {
        account: bonded.account().0.into(),
        operator: operator.account().0.into(),
        joined: 0,
    };
    let mut state = BasicExternalities::default();
    state.execute_with(|| {
        for (key, value) in &items {
            unhashed::put_raw(key, value);
        }
        holder.register()?;
        holder.hold(files, 0..count)
    })?;
    specification::set_items(&mut spec, &state.into_storages().top)?;
    let file = std::fs::File::create(output).context("make the specification")?;
    let mut file = std::io::BufWriter::new(file);
    serde_json::to_writer(&mut file, &spec)?;
    std::io::Write::flush(&mut file).context("write the specification")
}

/// Puts the files into the store of the daemon, by what the daemon itself does with a verified segment.
pub(super) async fn fill(
    data_dir: &Path,
    genesis: Hash,
    files: &Files,
    count: u32,
) -> anyhow::Result<()> {
    let identity = StoreIdentity {
        genesis,
        provider: keys()?.0.account(),
    };
    std::fs::create_dir_all(data_dir).context("make the data directory")?;
    let store = Store::open(data_dir, identity, StoreOptions::default())?;
    stream::iter(0..count)
        .map(|number| put(&store, files, number))
        .buffer_unordered(UNDER_WAY)
        .try_collect::<Vec<()>>()
        .await?;
    let stats = store.stats()?;
    anyhow::ensure!(
        stats.files == u64::from(count),
        "expected {count} files in the store, found {}",
        stats.files
    );
    Ok(())
}

async fn put(store: &Store, files: &Files, number: u32) -> anyhow::Result<()> {
    let commitment = files.commitment(number)?;
    let file = FileRef::from(&commitment);
    let mut data = files.content(number);
    for index in 0..file.shape.segments() {
        let len = file
            .shape
            .segment_len(index)
            .context("it has the segment")?;
        let bytes = file
            .shape
            .segment_bytes(index)
            .context("it has the segment")?;
        let rest = data.split_off(bytes);
        let mut segment = std::mem::replace(&mut data, rest);
        segment.resize(len, 0);
        if index == 0 {
            store.add_file(&file).await?;
        }
        let place = usize::try_from(index)?;
        let root = commitment.segment_roots.get(place);
        store
            .put(NewSegment {
                file: file.file,
                index,
                root: *root.context("every segment has a root")?,
                siblings: commitment
                    .segment_siblings(index)
                    .context("every segment has siblings")?,
                data: segment.into(),
            })
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_filled_in_is_read_back_verified() {
        let dir = tempfile::tempdir().unwrap();
        let genesis = Hash([3; 32]);
        // One and a bit of segments, and a sector that is not full.
        let files = Files {
            size: (256 << 10) + 700,
        };
        fill(dir.path(), genesis, &files, 3).await.unwrap();
        let identity = StoreIdentity {
            genesis,
            provider: keys().unwrap().0.account(),
        };
        let store = Store::open(dir.path(), identity, StoreOptions::default()).unwrap();
        for number in 0..3 {
            let file = FileRef::from(&files.commitment(number).unwrap());
            let mut content = Vec::new();
            for index in 0..2 {
                let segment = store.read(&file, index).await.unwrap().unwrap();
                content.extend_from_slice(&segment.data);
            }
            content.truncate(files.size);
            assert_eq!(content, files.content(number));
            let record = store.file(&file.file).unwrap().unwrap();
            assert!(record.is_complete());
        }
    }
}
