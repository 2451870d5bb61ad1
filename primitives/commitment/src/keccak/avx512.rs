//! Eight messages at once with AVX-512F: rotations and three-input logic are single instructions.

#![expect(
    unsafe_code,
    reason = "loads and stores of vectors go through pointers"
)]

use core::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_rol_epi64, _mm512_set1_epi64, _mm512_shuffle_i64x2,
    _mm512_storeu_si512, _mm512_ternarylogic_epi64, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
    _mm512_xor_si512,
};

use super::permutation::{same_length, PADDING_FIRST, PADDING_LAST, ROUND_CONSTANTS};
use crate::{
    hash::{join_one_by_one, sectors_one_by_one},
    Software, SECTOR_SIZE,
};

sponge!("avx512f", __m512i, 8);

/// Truth table of a ^ b ^ c.
const XOR3: i32 = 0x96;
/// Truth table of a ^ (!b & c).
const CHI: i32 = 0xd2;

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor5(a: __m512i, b: __m512i, c: __m512i, d: __m512i, e: __m512i) -> __m512i {
    let three = _mm512_ternarylogic_epi64::<XOR3>(a, b, c);
    _mm512_ternarylogic_epi64::<XOR3>(three, d, e)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<CHI>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotate<const L: i32, const R: i32>(a: __m512i) -> __m512i {
    _mm512_rol_epi64::<L>(a)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(row: &[u8; 64]) -> __m512i {
    // SAFETY: the row has the 64 bytes that are read; no alignment is needed.
    unsafe { _mm512_loadu_si512(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(vector: __m512i) -> [u64; 8] {
    let mut words = [0u64; 8];
    // SAFETY: the array has the 64 bytes that are written; no alignment is needed.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    words
}

/// Transposes 8 rows of 8 words: neighbouring rows are interleaved, then blocks of 128 bits are put in
/// order, first those of the even words, then those of the odd ones.
#[inline]
#[target_feature(enable = "avx512f")]
fn words(rows: [&[u8; 64]; 8]) -> [__m512i; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let (r0, r1, r2, r3) = (load(r0), load(r1), load(r2), load(r3));
    let (r4, r5, r6, r7) = (load(r4), load(r5), load(r6), load(r7));
    let [w0, w2, w4, w6] = transpose_blocks([
        _mm512_unpacklo_epi64(r0, r1),
        _mm512_unpacklo_epi64(r2, r3),
        _mm512_unpacklo_epi64(r4, r5),
        _mm512_unpacklo_epi64(r6, r7),
    ]);
    let [w1, w3, w5, w7] = transpose_blocks([
        _mm512_unpackhi_epi64(r0, r1),
        _mm512_unpackhi_epi64(r2, r3),
        _mm512_unpackhi_epi64(r4, r5),
        _mm512_unpackhi_epi64(r6, r7),
    ]);
    [w0, w1, w2, w3, w4, w5, w6, w7]
}

/// Transposes 4 vectors of 4 blocks of 128 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_blocks([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    /// Blocks 0 and 2 of both.
    const EVEN: i32 = 0b10_00_10_00;
    /// Blocks 1 and 3 of both.
    const ODD: i32 = 0b11_01_11_01;
    let (even_ab, odd_ab) = (
        _mm512_shuffle_i64x2::<EVEN>(a, b),
        _mm512_shuffle_i64x2::<ODD>(a, b),
    );
    let (even_cd, odd_cd) = (
        _mm512_shuffle_i64x2::<EVEN>(c, d),
        _mm512_shuffle_i64x2::<ODD>(c, d),
    );
    [
        _mm512_shuffle_i64x2::<EVEN>(even_ab, even_cd),
        _mm512_shuffle_i64x2::<EVEN>(odd_ab, odd_cd),
        _mm512_shuffle_i64x2::<ODD>(even_ab, even_cd),
        _mm512_shuffle_i64x2::<ODD>(odd_ab, odd_cd),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn hashes(state: [__m512i; 4]) -> [[u8; 32]; 8] {
    let [w0, w1, w2, w3] = state;
    let words = [store(w0), store(w1), store(w2), store(w3)];
    let mut hashes = [[0u8; 32]; 8];
    for (lane, hash) in hashes.iter_mut().enumerate() {
        for (word, bytes) in words.iter().zip(hash.as_chunks_mut::<8>().0) {
            if let Some(word) = word.get(lane) {
                *bytes = word.to_le_bytes();
            }
        }
    }
    hashes
}
