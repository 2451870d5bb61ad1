//! The specifications in `chain-specs` are those that this client makes.

use super::testing::kept;
use std::{fs, path::Path};

/// What is kept there. `scripts/chain-specs.sh` writes the same.
const COMMITTED: [&str; 2] = ["four-validators", super::template::ALIAS];

#[test]
fn committed_specifications_are_those_of_this_client() {
    for chain in COMMITTED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../chain-specs")
            .join(format!("{chain}.json"));
        let found =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let made = kept(chain);
        if found == made {
            continue;
        }
        let same = found.lines().zip(made.lines()).take_while(|(a, b)| a == b);
        let line = same.count();
        panic!(
            "{} is not what the runtime's presets make, from line {} on: expected `{}`, found `{}`. If that was meant to \
             change, run `make chain-specs` and commit the file.",
            path.display(),
            line + 1,
            made.lines().nth(line).unwrap_or_default().trim(),
            found.lines().nth(line).unwrap_or_default().trim(),
        );
    }
}
