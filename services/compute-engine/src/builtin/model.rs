//! The model's files. `models/build.sh` makes them.

use sha2::{Digest, Sha256};

/// What the model is called unless somebody calls it otherwise.
pub const MODEL: &str = "noema-mini";
/// The job: a WASM module.
pub const MODEL_MODULE: &[u8] = include_bytes!("../../../../models/data/noema-mini.wasm");
/// The weights: input 1 of the job.
pub const MODEL_WEIGHTS: &[u8] = include_bytes!("../../../../models/data/noema-mini.weights");
/// When this model was made, in seconds since 1970: it is no part of anything that is computed.
pub(super) const CREATED: u64 = 1_796_084_536;

/// Stands for module and weights together: answers of equal fingerprints to equal requests with equal seeds are equal.
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(MODEL_MODULE));
    hash.update(Sha256::digest(MODEL_WEIGHTS));
    let hash = hash.finalize();
    format!(
        "fp_{}",
        hash.iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that are compiled in are those that `models/build.sh` made, and whose hashes it compares.
    #[test]
    fn model_files_are_those_that_their_hashes_name() {
        let hashes = include_str!("../../../../models/data/SHA256SUMS");
        let line =
            |name: &str, bytes: &[u8]| format!("{}  {name}\n", hex::encode(Sha256::digest(bytes)));
        let expected =
            line("noema-mini.wasm", MODEL_MODULE) + &line("noema-mini.weights", MODEL_WEIGHTS);
        assert_eq!(hashes, expected);
    }
}
