//! What the back-ends have in common: the permutation Keccak-f\[1600\] (FIPS 202, section 3.3) and the
//! sponge around it for the two lengths of message, written once for any vector of words.

/// Constants of step iota, one for each round.
pub(super) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// First byte of the padding of original Keccak, as a word.
pub(super) const PADDING_FIRST: u64 = 0x01;
/// Last byte of the padding, as the last word of a block.
pub(super) const PADDING_LAST: u64 = 0x80 << 56;

/// The beginnings of both, as long as the shorter: batches of the one are then batches of the other.
pub(super) fn same_length<'a, M>(
    messages: &'a [M],
    hashes: &'a mut [[u8; 32]],
) -> (&'a [M], &'a mut [[u8; 32]]) {
    let count = messages.len().min(hashes.len());
    let (messages, _) = messages.split_at(count);
    let (hashes, _) = hashes.split_at_mut(count);
    (messages, hashes)
}

/// Defines `sectors` and `pairs` for a back-end with `$lanes` words of 64 bits in a `$vector`. It has
/// functions, all with the target feature `$feature`:
///
/// - `splat(u64)`: the same word in every lane;
/// - `xor(a, b)`, `xor5(a, b, c, d, e)`, `chi(a, b, c)` = a ^ (!b & c);
/// - `rotate::<L, R>(a)`: every word rotated left by `L` = 64 - `R`;
/// - `words([&[u8; 64]; $lanes])`: word `i` of every row in vector `i`;
/// - `hashes([$vector; 4])`: the first four words of every lane, as bytes.
macro_rules! sponge {
    ($feature:literal, $vector:ty, $lanes:literal) => {
        /// Hashes sectors, `$lanes` at once and the rest one by one. The processor must have the
        /// feature.
        #[target_feature(enable = $feature)]
        pub(super) fn sectors(sectors: &[[u8; SECTOR_SIZE]], hashes: &mut [[u8; 32]]) {
            let (sectors, hashes) = same_length(sectors, hashes);
            let (batches, rest) = sectors
                .as_flattened()
                .as_chunks::<64>()
                .0
                .as_chunks::<4>()
                .0
                .as_chunks::<$lanes>();
            let (full, beyond) = hashes.as_chunks_mut::<$lanes>();
            for (batch, hashes) in batches.iter().zip(full) {
                *hashes = hash_sectors(batch);
            }
            let rest = rest.as_flattened().as_flattened().as_chunks().0;
            sectors_one_by_one::<Software>(rest, beyond);
        }

        /// Hashes pairs of nodes, `$lanes` at once and the rest one by one. The processor must have
        /// the feature.
        #[target_feature(enable = $feature)]
        pub(super) fn pairs(pairs: &[[[u8; 32]; 2]], hashes: &mut [[u8; 32]]) {
            let (pairs, hashes) = same_length(pairs, hashes);
            let (batches, rest) = pairs.as_chunks::<$lanes>();
            let (full, beyond) = hashes.as_chunks_mut::<$lanes>();
            for (batch, hashes) in batches.iter().zip(full) {
                *hashes = hash_pairs(batch);
            }
            join_one_by_one::<Software>(rest, beyond);
        }

        /// 256 bytes are one block of 17 words and a second one of 15, which the padding fills.
        #[target_feature(enable = $feature)]
        fn hash_sectors(batch: &[[[u8; 64]; 4]; $lanes]) -> [[u8; 32]; $lanes] {
            let a = words(batch.each_ref().map(|[row, _, _, _]| row));
            let b = words(batch.each_ref().map(|[_, row, _, _]| row));
            let c = words(batch.each_ref().map(|[_, _, row, _]| row));
            let zero = splat(0);
            let mut state = [zero; 25];
            [
                state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7],
            ] = a;
            [
                state[8], state[9], state[10], state[11], state[12], state[13], state[14],
                state[15],
            ] = b;
            state[16] = c[0];
            permute(&mut state);
            let d = words(batch.each_ref().map(|[_, _, _, row]| row));
            let second = [
                c[1],
                c[2],
                c[3],
                c[4],
                c[5],
                c[6],
                c[7],
                d[0],
                d[1],
                d[2],
                d[3],
                d[4],
                d[5],
                d[6],
                d[7],
                splat(PADDING_FIRST),
                splat(PADDING_LAST),
            ];
            for (word, block) in state.iter_mut().zip(second) {
                *word = xor(*word, block);
            }
            permute(&mut state);
            hashes([state[0], state[1], state[2], state[3]])
        }

        /// 64 bytes are 8 words of a single block.
        #[target_feature(enable = $feature)]
        fn hash_pairs(batch: &[[[u8; 32]; 2]; $lanes]) -> [[u8; 32]; $lanes] {
            let (rows, _) = batch.as_flattened().as_flattened().as_chunks::<64>();
            let mut state = [splat(0); 25];
            if let Ok(rows) = <&[[u8; 64]; $lanes]>::try_from(rows) {
                [
                    state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7],
                ] = words(rows.each_ref());
            }
            state[8] = splat(PADDING_FIRST);
            state[16] = splat(PADDING_LAST);
            permute(&mut state);
            hashes([state[0], state[1], state[2], state[3]])
        }

        /// Keccak-f[1600] in every lane. Word `x + 5y` of the state is lane (x, y) of the standard.
        #[target_feature(enable = $feature)]
        fn permute(state: &mut [$vector; 25]) {
            macro_rules! rol {
                ($word:expr, $bits:literal) => {
                    rotate::<$bits, { 64 - $bits }>($word)
                };
            }
            let mut a = *state;
            for constant in ROUND_CONSTANTS {
                // Theta: the parity of the columns on both sides.
                let c = [
                    xor5(a[0], a[5], a[10], a[15], a[20]),
                    xor5(a[1], a[6], a[11], a[16], a[21]),
                    xor5(a[2], a[7], a[12], a[17], a[22]),
                    xor5(a[3], a[8], a[13], a[18], a[23]),
                    xor5(a[4], a[9], a[14], a[19], a[24]),
                ];
                let d = [
                    xor(c[4], rol!(c[1], 1)),
                    xor(c[0], rol!(c[2], 1)),
                    xor(c[1], rol!(c[3], 1)),
                    xor(c[2], rol!(c[4], 1)),
                    xor(c[3], rol!(c[0], 1)),
                ];
                // Rho and pi: rotated and moved; each line makes a row of the next state.
                let rows = [
                    [
                        xor(a[0], d[0]),
                        rol!(xor(a[6], d[1]), 44),
                        rol!(xor(a[12], d[2]), 43),
                        rol!(xor(a[18], d[3]), 21),
                        rol!(xor(a[24], d[4]), 14),
                    ],
                    [
                        rol!(xor(a[3], d[3]), 28),
                        rol!(xor(a[9], d[4]), 20),
                        rol!(xor(a[10], d[0]), 3),
                        rol!(xor(a[16], d[1]), 45),
                        rol!(xor(a[22], d[2]), 61),
                    ],
                    [
                        rol!(xor(a[1], d[1]), 1),
                        rol!(xor(a[7], d[2]), 6),
                        rol!(xor(a[13], d[3]), 25),
                        rol!(xor(a[19], d[4]), 8),
                        rol!(xor(a[20], d[0]), 18),
                    ],
                    [
                        rol!(xor(a[4], d[4]), 27),
                        rol!(xor(a[5], d[0]), 36),
                        rol!(xor(a[11], d[1]), 10),
                        rol!(xor(a[17], d[2]), 15),
                        rol!(xor(a[23], d[3]), 56),
                    ],
                    [
                        rol!(xor(a[2], d[2]), 62),
                        rol!(xor(a[8], d[3]), 55),
                        rol!(xor(a[14], d[4]), 39),
                        rol!(xor(a[15], d[0]), 41),
                        rol!(xor(a[21], d[1]), 2),
                    ],
                ];
                // Chi, then iota.
                for (next, b) in a.as_chunks_mut::<5>().0.iter_mut().zip(rows) {
                    *next = [
                        chi(b[0], b[1], b[2]),
                        chi(b[1], b[2], b[3]),
                        chi(b[2], b[3], b[4]),
                        chi(b[3], b[4], b[0]),
                        chi(b[4], b[0], b[1]),
                    ];
                }
                a[0] = xor(a[0], splat(constant));
            }
            *state = a;
        }
    };
}
