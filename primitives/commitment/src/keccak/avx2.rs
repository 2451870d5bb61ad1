//! Four messages at once with AVX2.

#![expect(
    unsafe_code,
    reason = "loads and stores of vectors go through pointers"
)]

use core::arch::x86_64::{
    __m256i, _mm256_andnot_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set1_epi64x, _mm256_setr_epi8, _mm256_shuffle_epi8, _mm256_slli_epi64,
    _mm256_srli_epi64, _mm256_storeu_si256, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use super::permutation::{same_length, PADDING_FIRST, PADDING_LAST, ROUND_CONSTANTS};
use crate::{
    hash::{join_one_by_one, sectors_one_by_one},
    Software, SECTOR_SIZE,
};

sponge!("avx2", __m256i, 4);

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor5(a: __m256i, b: __m256i, c: __m256i, d: __m256i, e: __m256i) -> __m256i {
    xor(xor(xor(a, b), xor(c, d)), e)
}

#[inline]
#[target_feature(enable = "avx2")]
fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(a, _mm256_andnot_si256(b, c))
}

/// There is no rotation. By whole bytes it is a shuffle, else two shifts.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const L: i32, const R: i32>(a: __m256i) -> __m256i {
    match L {
        8 => _mm256_shuffle_epi8(
            a,
            _mm256_setr_epi8(
                7, 0, 1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14, 7, 0, 1, 2, 3, 4, 5, 6, 15,
                8, 9, 10, 11, 12, 13, 14,
            ),
        ),
        56 => _mm256_shuffle_epi8(
            a,
            _mm256_setr_epi8(
                1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8, 1, 2, 3, 4, 5, 6, 7, 0, 9,
                10, 11, 12, 13, 14, 15, 8,
            ),
        ),
        _ => _mm256_or_si256(_mm256_slli_epi64::<L>(a), _mm256_srli_epi64::<R>(a)),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(row: &[u8; 32]) -> __m256i {
    // SAFETY: the row has the 32 bytes that are read; no alignment is needed.
    unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    // SAFETY: the array has the 32 bytes that are written; no alignment is needed.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), vector) };
    bytes
}

/// Word `i` of every row in vector `i`.
#[inline]
#[target_feature(enable = "avx2")]
fn words(rows: [&[u8; 64]; 4]) -> [__m256i; 8] {
    let halves = rows.map(|row| match row.as_chunks::<32>() {
        ([low, high], _) => (load(low), load(high)),
        // 64 bytes are two chunks.
        _ => (splat(0), splat(0)),
    });
    let [(l0, h0), (l1, h1), (l2, h2), (l3, h3)] = halves;
    let [w0, w1, w2, w3] = transpose([l0, l1, l2, l3]);
    let [w4, w5, w6, w7] = transpose([h0, h1, h2, h3]);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// Transposes 4 vectors of 4 words.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (even_ab, odd_ab) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    let (even_cd, odd_cd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
    [
        _mm256_permute2x128_si256::<0x20>(even_ab, even_cd),
        _mm256_permute2x128_si256::<0x20>(odd_ab, odd_cd),
        _mm256_permute2x128_si256::<0x31>(even_ab, even_cd),
        _mm256_permute2x128_si256::<0x31>(odd_ab, odd_cd),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn hashes(state: [__m256i; 4]) -> [[u8; 32]; 4] {
    let [a, b, c, d] = transpose(state);
    [store(a), store(b), store(c), store(d)]
}
