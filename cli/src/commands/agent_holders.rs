//! For whom the key of an entry of data is sealed.

use std::{collections::BTreeSet, fs::File, io::Read, path::Path};

use noema_agents_primitives::{Holders, SealedFor, MAX_HOLDERS, MAX_SEALED};
use noema_chain_client::{AccountId, SealedKeyOf};

use crate::{
    args::agent::data::{Sealed, SealedBytes},
    failure::Failure,
};

impl Sealed {
    /// The key's bytes, not more of them than a key can have.
    pub(super) fn read(&self) -> Result<SealedKeyOf, Failure> {
        let key = match &self.key {
            SealedBytes::Here(bytes) => bytes.clone(),
            SealedBytes::In(path) => read_key(path)?,
        };
        if key.is_empty() {
            return Err(unfit(&self.holder, "empty"));
        }
        if key.len() > most(MAX_SEALED) {
            return Err(unfit(&self.holder, "too long"));
        }
        Ok(SealedKeyOf {
            holder: self.holder,
            key,
        })
    }
}

fn read_key(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // One more than there may be, to see that it is too long.
    let limit = u64::from(MAX_SEALED).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|e| Failure::io("read", path, &e))?;
    Ok(bytes)
}

fn unfit(holder: &AccountId, found: &str) -> Failure {
    Failure::usage(format!(
        "the key for {holder} is {found}; expected 1 to {MAX_SEALED} bytes"
    ))
}

fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Those who hold a key, with the new ones; a holder has one key.
pub(super) fn sealed(held: &[SealedKeyOf], new: &[SealedKeyOf]) -> Vec<SealedKeyOf> {
    let kept = held
        .iter()
        .filter(|held| new.iter().all(|new| new.holder != held.holder));
    kept.chain(new).cloned().collect()
}

/// Those who hold a key, without some of them.
pub(super) fn unsealed(
    held: &[SealedKeyOf],
    gone: &[AccountId],
) -> Result<Vec<SealedKeyOf>, Failure> {
    let stranger = gone
        .iter()
        .find(|gone| held.iter().all(|held| held.holder != **gone));
    if let Some(stranger) = stranger {
        return Err(Failure::new(
            "not_a_holder",
            format!("no key is sealed for {stranger}"),
        ));
    }
    let kept = held.iter().filter(|held| !gone.contains(&held.holder));
    Ok(kept.cloned().collect())
}

/// As the chain takes them: one key for a holder, and not too many.
pub(super) fn bounded(holders: Vec<SealedKeyOf>) -> Result<Holders<AccountId>, Failure> {
    unrepeated(holders.iter().map(|sealed| &sealed.holder))?;
    let found = holders.len();
    let sealed = holders
        .into_iter()
        .map(|sealed| {
            let key = sealed.key.try_into();
            let key = key.map_err(|_| unfit(&sealed.holder, "too long"))?;
            Ok(SealedFor {
                holder: sealed.holder,
                key,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    sealed.try_into().map_err(|_| {
        Failure::usage(format!(
            "a key is sealed for at most {MAX_HOLDERS} holders, not {found}; take one out with `noema agent data unseal`"
        ))
    })
}

pub(super) fn unrepeated<'a>(accounts: impl Iterator<Item = &'a AccountId>) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for account in accounts {
        if !seen.insert(account) {
            return Err(Failure::usage(format!("{account} is named twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::who;

    fn key(holder: u8, byte: u8) -> SealedKeyOf {
        SealedKeyOf {
            holder: who(holder),
            key: vec![byte; 3],
        }
    }

    fn here(bytes: usize) -> Sealed {
        Sealed {
            holder: who(1),
            key: SealedBytes::Here(vec![7; bytes]),
        }
    }

    #[test]
    fn new_keys_are_added_and_replace_those_of_the_same_holder() {
        let held = [key(1, 1), key(2, 2)];
        let now = sealed(&held, &[key(2, 9), key(3, 3)]);
        assert_eq!(now, [key(1, 1), key(2, 9), key(3, 3)]);
        assert_eq!(sealed(&[], &[key(1, 1)]), [key(1, 1)]);
    }

    #[test]
    fn only_holders_lose_their_keys() {
        let held = [key(1, 1), key(2, 2), key(3, 3)];
        assert_eq!(unsealed(&held, &[who(1), who(3)]).unwrap(), [key(2, 2)]);
        let failure = unsealed(&held, &[who(1), who(9)]).unwrap_err();
        assert_eq!(failure.code(), "not_a_holder");
        assert!(failure.to_string().contains(&who(9).to_string()));
    }

    #[test]
    fn one_holder_has_one_key_and_there_are_not_more_holders_than_the_chain_takes() {
        let all: Vec<_> = (1..=8).map(|n| key(n, n)).collect();
        let taken = bounded(all.clone()).unwrap();
        assert_eq!(taken.len(), 8);
        assert_eq!(taken[7].key.to_vec(), vec![8; 3]);
        let more = [all, vec![key(9, 9)]].concat();
        let failure = bounded(more).unwrap_err();
        assert!(failure.to_string().contains("at most 8 holders, not 9"));
        let twice = bounded(vec![key(1, 1), key(1, 2)]).unwrap_err();
        assert_eq!(twice.code(), "usage");
        assert!(twice.to_string().contains("twice"));
    }

    #[test]
    fn a_sealed_key_is_read_from_the_line_or_a_file_up_to_its_length() {
        let dir = tempfile::tempdir().unwrap();
        let file = |bytes: usize| {
            let path = dir.path().join(bytes.to_string());
            std::fs::write(&path, vec![7; bytes]).unwrap();
            Sealed {
                holder: who(1),
                key: SealedBytes::In(path),
            }
        };
        for given in [here(256), file(256)] {
            assert_eq!(given.read().unwrap().key, vec![7; 256]);
        }
        for given in [here(257), file(257), file(100_000), here(0), file(0)] {
            let failure = given.read().unwrap_err();
            assert_eq!(failure.code(), "usage");
            assert!(failure.to_string().contains("expected 1 to 256"));
        }
        let none = Sealed {
            holder: who(1),
            key: SealedBytes::In(dir.path().join("none")),
        };
        assert_eq!(none.read().unwrap_err().code(), "file");
    }
}
