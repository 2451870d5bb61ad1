//! What is remembered of modules: those that were compiled, and why others were refused.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    module::ModuleError,
    runner::{Module, StartError},
};

/// SHA-256 of a module.
pub(super) type Hash = [u8; 32];

/// The last modules, of each kind as many as are kept.
pub(super) struct Kept {
    most: usize,
    /// Those used last at the end.
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    compiled: VecDeque<Module>,
    refused: VecDeque<(Hash, ModuleError)>,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            lists: Mutex::default(),
        }
    }

    /// What came of a module, if that is still known.
    pub(super) fn get(&self, hash: &Hash) -> Option<Result<Module, StartError>> {
        let mut lists = self.lists();
        if let Some((_, error)) = lists.refused.iter().find(|(refused, _)| refused == hash) {
            return Some(Err(error.clone().into()));
        }
        let at = lists
            .compiled
            .iter()
            .position(|module| module.hash() == hash)?;
        let module = lists.compiled.remove(at)?;
        lists.compiled.push_back(module.clone());
        Some(Ok(module))
    }

    /// Keeps what came of a module. What failed here may succeed another time, and is not kept.
    pub(super) fn put(&self, hash: Hash, result: &Result<Module, StartError>) {
        let mut lists = self.lists();
        match result {
            Ok(module) => lists.compiled.push_back(module.clone()),
            Err(StartError::Module(error)) => lists.refused.push_back((hash, error.clone())),
            Err(_) => {}
        }
        while lists.compiled.len() > self.most {
            lists.compiled.pop_front();
        }
        while lists.refused.len() > self.most {
            lists.refused.pop_front();
        }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
