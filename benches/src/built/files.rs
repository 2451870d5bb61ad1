//! Files that follow from their numbers.

use noema_commitment::{Builder, Commitment, ShapeError};
use rand::{rngs::StdRng, RngCore, SeedableRng};

/// Very many files of one size, each with content of its own.
#[derive(Clone, Copy, Debug)]
pub struct Files {
    /// Bytes of each.
    pub size: usize,
}

impl Files {
    /// What is in a file.
    pub fn content(&self, number: u32) -> Vec<u8> {
        let mut content = vec![0; self.size];
        StdRng::seed_from_u64(number.into()).fill_bytes(&mut content);
        content
    }

    /// What the chain knows a file by.
    ///
    /// # Errors
    /// When files of this size cannot be committed to.
    pub fn commitment(&self, number: u32) -> Result<Commitment, ShapeError> {
        let mut builder = Builder::new();
        builder.push(&self.content(number))?;
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_follow_from_their_numbers_and_differ() {
        let files = Files { size: 1000 };
        assert_eq!(files.content(3).len(), 1000);
        let roots: std::collections::BTreeSet<_> = (0..20)
            .map(|number| files.commitment(number).unwrap().root)
            .collect();
        assert_eq!(roots.len(), 20);
        assert_eq!(files.commitment(7), files.commitment(7));
        assert_eq!(Files { size: 0 }.commitment(0), Err(ShapeError::Empty));
    }
}
