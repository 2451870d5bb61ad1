//! The state of a chain at one block, proven by the root in the block's header.

use std::collections::BTreeMap;

use codec::{Decode, Encode};
use noema_core::{Hash, Header};
use sp_core::storage::{well_known_keys, ChildInfo, StateVersion};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::InMemoryBackend;

use crate::Error;

/// Keys and values.
pub type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// A state as it is fetched and kept in files.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct State {
    /// Hash of the chain's first block.
    pub genesis: Hash,
    /// Header of the block.
    pub header: Header,
    /// The main trie.
    pub top: Values,
    /// Child tries by their name, which is what follows [`CHILD_PREFIX`] in the main trie.
    pub children: BTreeMap<Vec<u8>, Values>,
}

/// What stands before a child trie's name in the main trie.
pub const CHILD_PREFIX: &[u8] = well_known_keys::DEFAULT_CHILD_STORAGE_KEY_PREFIX;

/// A state in which blocks can be executed.
pub(crate) struct Proven {
    pub(crate) genesis: Hash,
    pub(crate) header: Header,
    pub(crate) top: Values,
    pub(crate) child_values: usize,
    pub(crate) backend: InMemoryBackend<BlakeTwo256>,
}

impl State {
    /// Builds the trie and compares its root with the header's: what was fetched or read from a file is the whole state of
    /// that block, or this fails.
    pub(crate) fn prove(self) -> Result<Proven, Error> {
        let Self {
            genesis,
            header,
            top,
            children,
        } = self;
        let child_values = children.values().map(BTreeMap::len).sum();
        // The roots of child tries stand in the main trie and are made anew from the children.
        let main = top
            .iter()
            .filter(|(key, _)| !key.starts_with(CHILD_PREFIX))
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect::<Vec<_>>();
        let mut parts = vec![(None, main)];
        parts.extend(children.into_iter().map(|(name, values)| {
            let values = values.into_iter().map(|(k, v)| (k, Some(v))).collect();
            (Some(ChildInfo::new_default_from_vec(name)), values)
        }));
        let mut backend = InMemoryBackend::<BlakeTwo256>::default();
        backend.insert(parts, StateVersion::V1);
        if *backend.root() != header.state_root {
            return Err(Error::WrongRoot {
                number: header.number,
                expected: header.state_root,
                found: *backend.root(),
            });
        }
        Ok(Proven {
            genesis,
            header,
            top,
            child_values,
            backend,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header;

    fn state() -> State {
        let top: Values = (0..100_u32)
            .map(|n| (n.encode(), vec![7; n as usize]))
            .collect();
        let children = BTreeMap::from([(
            b"child".to_vec(),
            Values::from([(b"key".to_vec(), b"value".to_vec())]),
        )]);
        let mut backend = InMemoryBackend::<BlakeTwo256>::default();
        let some = |values: &Values| {
            values
                .iter()
                .map(|(k, v)| (k.clone(), Some(v.clone())))
                .collect::<Vec<_>>()
        };
        backend.insert(
            vec![
                (None, some(&top)),
                (
                    Some(ChildInfo::new_default(b"child")),
                    some(&children[&b"child"[..]]),
                ),
            ],
            StateVersion::V1,
        );
        State {
            genesis: Hash::repeat_byte(1),
            header: header(5, *backend.root()),
            top,
            children,
        }
    }

    #[test]
    fn state_whole_has_the_root_of_the_header() {
        let proven = state().prove().unwrap();
        assert_eq!((proven.top.len(), proven.child_values), (100, 1));
    }

    #[test]
    fn state_with_anything_missing_or_changed_is_refused() {
        let refused = |change: fn(&mut State)| {
            let mut state = state();
            change(&mut state);
            matches!(state.prove(), Err(Error::WrongRoot { number: 5, .. }))
        };
        assert!(refused(|s| drop(s.top.pop_first())));
        assert!(refused(|s| drop(s.top.insert(b"more".to_vec(), vec![]))));
        assert!(refused(|s| s.children.clear()));
        assert!(refused(|s| drop(
            s.top.insert(90_u32.encode(), vec![8; 90])
        )));
    }
}
