//! Roots of subtrees of zeros: what the padding hashes to.

use crate::{hash::hash_pair, Hasher};
use hex_literal::hex;

/// The root of `sectors` sectors of zeros, `sectors` from 1 to 2^40. The padding of a [`Shape`] only
/// ever needs powers of two, which are in a table.
///
/// [`Shape`]: crate::Shape
pub fn zero_root<H: Hasher>(sectors: u64) -> [u8; 32] {
    let mut root: Option<[u8; 32]> = None;
    // From the smallest subtree, which is the last one, to the largest.
    for (height, subtree) in (0u32..).zip(ZERO_SUBTREES.iter()) {
        if sectors
            .checked_shr(height)
            .is_some_and(|high| high & 1 == 1)
        {
            root = Some(match root {
                Some(right) => hash_pair::<H>(subtree, &right),
                None => *subtree,
            });
        }
    }
    root.unwrap_or(ZERO_SECTOR)
}

/// The root of `2^height` sectors of zeros. `None` above a height of 40.
pub(crate) fn zero_subtree(height: u32) -> Option<&'static [u8; 32]> {
    ZERO_SUBTREES.get(usize::try_from(height).ok()?)
}

/// Keccak-256 of 256 bytes of zeros.
const ZERO_SECTOR: [u8; 32] =
    hex!("d397b3b043d87fcd6fad1291ff0bfd16401c274896d8c63a923727f077b8e0b5");

/// Entry `h` is the root of `2^h` sectors of zeros. A test computes them again.
const ZERO_SUBTREES: [[u8; 32]; 41] = [
    hex!("d397b3b043d87fcd6fad1291ff0bfd16401c274896d8c63a923727f077b8e0b5"),
    hex!("f73e6947d7d1628b9976a6e40d7b278a8a16405e96324a68df45b12a51b7cfde"),
    hex!("a1520264ae93cac619e22e8718fc4fa7ebdd23f493cad602434d2a58ff4868fb"),
    hex!("de5747106ac1194a1fa9071dbd6cf19dc2bc7964497ef0afec7e4bdbcf08c47e"),
    hex!("09c7082879180d28c789c05fafe7030871c76cedbe82c948b165d6a1d66ac15b"),
    hex!("aa7a02bcf29fba687f84123c808b5b48834ff5395abe98e622fadc14e4180c95"),
    hex!("7608fd46b710b589e0f2ee5a13cd9c41d432858a30d524f84c6d5db37f66273a"),
    hex!("a5d9a2f7f3573ac9a1366bc484688b4daf934b87ea9b3bf2e703da8fd9f09708"),
    hex!("6c1779477f4c3fca26b4607398859a43b90a286ce8062500744bd4949981757f"),
    hex!("45c22df3d952c33d5edce122eed85e5cda3fd61939e7ad7b3e03b6927bb598ea"),
    hex!("e68d02859bb6211cec64f52368b77d422de3b8eac34bf615942b814b643301b5"),
    hex!("62d78399b954d51cb9728601738ad13ddc43b2300064660716bb661d2f4d686f"),
    hex!("6e250d9abdbbb3993fce08de0395cdb56f0483e67d8762a798de011f6a50866a"),
    hex!("1d1a3a74062fd94078617e33eb901eaf16a830f67c387d8eed342db2ac5e2cc5"),
    hex!("19b3b3886526917eae8650223d0be20a0301be960eb339696e673ad8a804440f"),
    hex!("ee9e05df53f10e62a897e5140a3f58732dd849e69cd1d62b21ed80ead711a014"),
    hex!("2cc7aa6e611a113a34505dc1c96b220f14909b70e2c2c7b1a74655da21013c5e"),
    hex!("949b52dfece7ca3bad3cb27f7750ecaee64cedb6243a275c35984e92956c530a"),
    hex!("b2680d060b763b932c150434c3812ba9fbc50937e0ebcf5758de884be81bab65"),
    hex!("523aebf4a085edbc9c8cdc99c83f46262e5f029b395ff7bf561a48a3f387e6b8"),
    hex!("c9ab73827ab33c0cedb7ecf0ed2e6e32583c0fe887133a7f381ea4ba84d95b76"),
    hex!("23eb397dec7e564ebe97f160a5e1081a77d9861f316807079b6be4731beb331e"),
    hex!("dfa44a274c60f090df034aaf75539fd40e94cfd6362dd53d26ed20c8ad529563"),
    hex!("15b13ee358e1044a53381243c094e54bf7aceb9b5325a0313d6b85fd44e8b3a5"),
    hex!("1a7a93871e2daa0f1860aa91d4ece4ccd012dac5fe581176a21b155cfeca6d40"),
    hex!("b12665fd0b884a7c7d1e0294d369170d7e672d9e125eb87784556305f98292df"),
    hex!("2a5543b0b2f8cf550524390291774f4d6c8c0a25ff5393b09c44d75c92a5bd8e"),
    hex!("f9df1841a6e7164b67a1242f1c74975137085ffd9721831f6c469d3a4d5ba42e"),
    hex!("ba24736b1b48246c1f7803be967be43ca0dddc9c2c0687a2957952249bc89371"),
    hex!("f3f706b73790c73ca0a8f0460ac3a2a102e280415586b520e70cd5e8264388b4"),
    hex!("c1f5a9a9f357e1c37814688cf7290c87a264ed3d6174a12b978da1c586f53825"),
    hex!("766f7702e19ce23d426cdad03e4292a5a42c4669420101fed74400ec7cda3ac6"),
    hex!("070fec213e105b3e4d9b0434ac2fc7ca721d35093dc741fb9419797003e2394a"),
    hex!("9a7aade05b49e43f5fd3782571cc8c90eadacd5d660b53842b4e5b63d675ae0c"),
    hex!("b27b35a8236d0f9b6692820429c025ed58ed378dc98d316b762f0c865c68be6f"),
    hex!("dc567ad38d9b90cc9bea4e0f82ec05eca10b3aa94eddc7b63c4fd20c001bb53b"),
    hex!("b208dfc457c8b30661ae49544c8e57399818095aab8dd7a426fb8dd56bb8c559"),
    hex!("c4a72e1ff84f7a22631f3f95c61c392f98f52050360215a9d7e75d79b0bcd2ca"),
    hex!("bb093ec8c0d7defb1de668b5b5dd4f2619e5cd92d29cc144862364a83ab993a8"),
    hex!("e341796f2fe3975012c1e6badfa2e9c4523e43f911dc845082c3f4d7b4ff871d"),
    hex!("42d356a11a0b39243eca3c3263299cb6f8c3e9728af6d9d8b0ddb6d354f1890d"),
];
