// Original Keccak-256, as Ethereum uses it; not SHA3-256.
//
// The permutation is that of `@noble/hashes`, whose results a test compares with these, written out with every lane in local
// variables. Roots and segments are nothing but this permutation, and this way it is three times as fast.

/** Bytes that are taken in before each permutation. */
const RATE = 136;

/** The round constants of Keccak-f[1600], low word before high word. */
const ROUNDS = Int32Array.of(
  0x00000001, 0x00000000, 0x00008082, 0x00000000, 0x0000808a, 0x80000000, 0x80008000, 0x80000000,
  0x0000808b, 0x00000000, 0x80000001, 0x00000000, 0x80008081, 0x80000000, 0x00008009, 0x80000000,
  0x0000008a, 0x00000000, 0x00000088, 0x00000000, 0x80008009, 0x00000000, 0x8000000a, 0x00000000,
  0x8000808b, 0x00000000, 0x0000008b, 0x80000000, 0x00008089, 0x80000000, 0x00008003, 0x80000000,
  0x00008002, 0x80000000, 0x00000080, 0x80000000, 0x0000800a, 0x00000000, 0x8000000a, 0x80000000,
  0x80008081, 0x80000000, 0x00008080, 0x80000000, 0x80000001, 0x00000000, 0x80008008, 0x80000000,
);

/** Keccak-f[1600] on 25 lanes, low word before high word. */
function permute(s: Int32Array): void {
  let a0l = s[0] as number, a0h = s[1] as number;
  let a1l = s[2] as number, a1h = s[3] as number;
  let a2l = s[4] as number, a2h = s[5] as number;
  let a3l = s[6] as number, a3h = s[7] as number;
  let a4l = s[8] as number, a4h = s[9] as number;
  let a5l = s[10] as number, a5h = s[11] as number;
  let a6l = s[12] as number, a6h = s[13] as number;
  let a7l = s[14] as number, a7h = s[15] as number;
  let a8l = s[16] as number, a8h = s[17] as number;
  let a9l = s[18] as number, a9h = s[19] as number;
  let a10l = s[20] as number, a10h = s[21] as number;
  let a11l = s[22] as number, a11h = s[23] as number;
  let a12l = s[24] as number, a12h = s[25] as number;
  let a13l = s[26] as number, a13h = s[27] as number;
  let a14l = s[28] as number, a14h = s[29] as number;
  let a15l = s[30] as number, a15h = s[31] as number;
  let a16l = s[32] as number, a16h = s[33] as number;
  let a17l = s[34] as number, a17h = s[35] as number;
  let a18l = s[36] as number, a18h = s[37] as number;
  let a19l = s[38] as number, a19h = s[39] as number;
  let a20l = s[40] as number, a20h = s[41] as number;
  let a21l = s[42] as number, a21h = s[43] as number;
  let a22l = s[44] as number, a22h = s[45] as number;
  let a23l = s[46] as number, a23h = s[47] as number;
  let a24l = s[48] as number, a24h = s[49] as number;
  for (let round = 0; round < 48; round += 2) {
    // Theta.
    const c0l = a0l ^ a5l ^ a10l ^ a15l ^ a20l;
    const c0h = a0h ^ a5h ^ a10h ^ a15h ^ a20h;
    const c1l = a1l ^ a6l ^ a11l ^ a16l ^ a21l;
    const c1h = a1h ^ a6h ^ a11h ^ a16h ^ a21h;
    const c2l = a2l ^ a7l ^ a12l ^ a17l ^ a22l;
    const c2h = a2h ^ a7h ^ a12h ^ a17h ^ a22h;
    const c3l = a3l ^ a8l ^ a13l ^ a18l ^ a23l;
    const c3h = a3h ^ a8h ^ a13h ^ a18h ^ a23h;
    const c4l = a4l ^ a9l ^ a14l ^ a19l ^ a24l;
    const c4h = a4h ^ a9h ^ a14h ^ a19h ^ a24h;
    const d0l = c4l ^ ((c1l << 1) | (c1h >>> 31));
    const d0h = c4h ^ ((c1h << 1) | (c1l >>> 31));
    const d1l = c0l ^ ((c2l << 1) | (c2h >>> 31));
    const d1h = c0h ^ ((c2h << 1) | (c2l >>> 31));
    const d2l = c1l ^ ((c3l << 1) | (c3h >>> 31));
    const d2h = c1h ^ ((c3h << 1) | (c3l >>> 31));
    const d3l = c2l ^ ((c4l << 1) | (c4h >>> 31));
    const d3h = c2h ^ ((c4h << 1) | (c4l >>> 31));
    const d4l = c3l ^ ((c0l << 1) | (c0h >>> 31));
    const d4h = c3h ^ ((c0h << 1) | (c0l >>> 31));
    // Rho and pi.
    let l: number, h: number;
    const b0l = a0l ^ d0l, b0h = a0h ^ d0h;
    l = a5l ^ d0l; h = a5h ^ d0h;
    const b16l = (h << 4) | (l >>> 28), b16h = (l << 4) | (h >>> 28);
    l = a10l ^ d0l; h = a10h ^ d0h;
    const b7l = (l << 3) | (h >>> 29), b7h = (h << 3) | (l >>> 29);
    l = a15l ^ d0l; h = a15h ^ d0h;
    const b23l = (h << 9) | (l >>> 23), b23h = (l << 9) | (h >>> 23);
    l = a20l ^ d0l; h = a20h ^ d0h;
    const b14l = (l << 18) | (h >>> 14), b14h = (h << 18) | (l >>> 14);
    l = a1l ^ d1l; h = a1h ^ d1h;
    const b10l = (l << 1) | (h >>> 31), b10h = (h << 1) | (l >>> 31);
    l = a6l ^ d1l; h = a6h ^ d1h;
    const b1l = (h << 12) | (l >>> 20), b1h = (l << 12) | (h >>> 20);
    l = a11l ^ d1l; h = a11h ^ d1h;
    const b17l = (l << 10) | (h >>> 22), b17h = (h << 10) | (l >>> 22);
    l = a16l ^ d1l; h = a16h ^ d1h;
    const b8l = (h << 13) | (l >>> 19), b8h = (l << 13) | (h >>> 19);
    l = a21l ^ d1l; h = a21h ^ d1h;
    const b24l = (l << 2) | (h >>> 30), b24h = (h << 2) | (l >>> 30);
    l = a2l ^ d2l; h = a2h ^ d2h;
    const b20l = (h << 30) | (l >>> 2), b20h = (l << 30) | (h >>> 2);
    l = a7l ^ d2l; h = a7h ^ d2h;
    const b11l = (l << 6) | (h >>> 26), b11h = (h << 6) | (l >>> 26);
    l = a12l ^ d2l; h = a12h ^ d2h;
    const b2l = (h << 11) | (l >>> 21), b2h = (l << 11) | (h >>> 21);
    l = a17l ^ d2l; h = a17h ^ d2h;
    const b18l = (l << 15) | (h >>> 17), b18h = (h << 15) | (l >>> 17);
    l = a22l ^ d2l; h = a22h ^ d2h;
    const b9l = (h << 29) | (l >>> 3), b9h = (l << 29) | (h >>> 3);
    l = a3l ^ d3l; h = a3h ^ d3h;
    const b5l = (l << 28) | (h >>> 4), b5h = (h << 28) | (l >>> 4);
    l = a8l ^ d3l; h = a8h ^ d3h;
    const b21l = (h << 23) | (l >>> 9), b21h = (l << 23) | (h >>> 9);
    l = a13l ^ d3l; h = a13h ^ d3h;
    const b12l = (l << 25) | (h >>> 7), b12h = (h << 25) | (l >>> 7);
    l = a18l ^ d3l; h = a18h ^ d3h;
    const b3l = (l << 21) | (h >>> 11), b3h = (h << 21) | (l >>> 11);
    l = a23l ^ d3l; h = a23h ^ d3h;
    const b19l = (h << 24) | (l >>> 8), b19h = (l << 24) | (h >>> 8);
    l = a4l ^ d4l; h = a4h ^ d4h;
    const b15l = (l << 27) | (h >>> 5), b15h = (h << 27) | (l >>> 5);
    l = a9l ^ d4l; h = a9h ^ d4h;
    const b6l = (l << 20) | (h >>> 12), b6h = (h << 20) | (l >>> 12);
    l = a14l ^ d4l; h = a14h ^ d4h;
    const b22l = (h << 7) | (l >>> 25), b22h = (l << 7) | (h >>> 25);
    l = a19l ^ d4l; h = a19h ^ d4h;
    const b13l = (l << 8) | (h >>> 24), b13h = (h << 8) | (l >>> 24);
    l = a24l ^ d4l; h = a24h ^ d4h;
    const b4l = (l << 14) | (h >>> 18), b4h = (h << 14) | (l >>> 18);
    // Chi and iota.
    a0l = b0l ^ (~b1l & b2l) ^ (ROUNDS[round] as number);
    a0h = b0h ^ (~b1h & b2h) ^ (ROUNDS[round + 1] as number);
    a1l = b1l ^ (~b2l & b3l);
    a1h = b1h ^ (~b2h & b3h);
    a2l = b2l ^ (~b3l & b4l);
    a2h = b2h ^ (~b3h & b4h);
    a3l = b3l ^ (~b4l & b0l);
    a3h = b3h ^ (~b4h & b0h);
    a4l = b4l ^ (~b0l & b1l);
    a4h = b4h ^ (~b0h & b1h);
    a5l = b5l ^ (~b6l & b7l);
    a5h = b5h ^ (~b6h & b7h);
    a6l = b6l ^ (~b7l & b8l);
    a6h = b6h ^ (~b7h & b8h);
    a7l = b7l ^ (~b8l & b9l);
    a7h = b7h ^ (~b8h & b9h);
    a8l = b8l ^ (~b9l & b5l);
    a8h = b8h ^ (~b9h & b5h);
    a9l = b9l ^ (~b5l & b6l);
    a9h = b9h ^ (~b5h & b6h);
    a10l = b10l ^ (~b11l & b12l);
    a10h = b10h ^ (~b11h & b12h);
    a11l = b11l ^ (~b12l & b13l);
    a11h = b11h ^ (~b12h & b13h);
    a12l = b12l ^ (~b13l & b14l);
    a12h = b12h ^ (~b13h & b14h);
    a13l = b13l ^ (~b14l & b10l);
    a13h = b13h ^ (~b14h & b10h);
    a14l = b14l ^ (~b10l & b11l);
    a14h = b14h ^ (~b10h & b11h);
    a15l = b15l ^ (~b16l & b17l);
    a15h = b15h ^ (~b16h & b17h);
    a16l = b16l ^ (~b17l & b18l);
    a16h = b16h ^ (~b17h & b18h);
    a17l = b17l ^ (~b18l & b19l);
    a17h = b17h ^ (~b18h & b19h);
    a18l = b18l ^ (~b19l & b15l);
    a18h = b18h ^ (~b19h & b15h);
    a19l = b19l ^ (~b15l & b16l);
    a19h = b19h ^ (~b15h & b16h);
    a20l = b20l ^ (~b21l & b22l);
    a20h = b20h ^ (~b21h & b22h);
    a21l = b21l ^ (~b22l & b23l);
    a21h = b21h ^ (~b22h & b23h);
    a22l = b22l ^ (~b23l & b24l);
    a22h = b22h ^ (~b23h & b24h);
    a23l = b23l ^ (~b24l & b20l);
    a23h = b23h ^ (~b24h & b20h);
    a24l = b24l ^ (~b20l & b21l);
    a24h = b24h ^ (~b20h & b21h);
  }
  s[0] = a0l; s[1] = a0h;
  s[2] = a1l; s[3] = a1h;
  s[4] = a2l; s[5] = a2h;
  s[6] = a3l; s[7] = a3h;
  s[8] = a4l; s[9] = a4h;
  s[10] = a5l; s[11] = a5h;
  s[12] = a6l; s[13] = a6h;
  s[14] = a7l; s[15] = a7h;
  s[16] = a8l; s[17] = a8h;
  s[18] = a9l; s[19] = a9h;
  s[20] = a10l; s[21] = a10h;
  s[22] = a11l; s[23] = a11h;
  s[24] = a12l; s[25] = a12h;
  s[26] = a13l; s[27] = a13h;
  s[28] = a14l; s[29] = a14h;
  s[30] = a15l; s[31] = a15h;
  s[32] = a16l; s[33] = a16h;
  s[34] = a17l; s[35] = a17h;
  s[36] = a18l; s[37] = a18h;
  s[38] = a19l; s[39] = a19h;
  s[40] = a20l; s[41] = a20h;
  s[42] = a21l; s[43] = a21h;
  s[44] = a22l; s[45] = a22h;
  s[46] = a23l; s[47] = a23h;
  s[48] = a24l; s[49] = a24h;
}

const state = new Int32Array(50);
const last = new Uint8Array(RATE);
const lastView = new DataView(last.buffer);

/** Hashes bytes; they may be of any length. */
export function keccak256(data: Uint8Array): Uint8Array {
  state.fill(0);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  for (; data.length - at >= RATE; at += RATE) absorb(view, at);
  last.fill(0);
  last.set(data.subarray(at));
  last[data.length - at] = 1;
  last[RATE - 1] = (last[RATE - 1] as number) | 0x80;
  absorb(lastView, 0);
  const hash = new Uint8Array(32);
  const out = new DataView(hash.buffer);
  for (let word = 0; word < 8; word++) out.setInt32(4 * word, state[word] as number, true);
  return hash;
}

function absorb(view: DataView, at: number): void {
  for (let word = 0; word < RATE / 4; word++) {
    state[word] = (state[word] as number) ^ view.getInt32(at + 4 * word, true);
  }
  permute(state);
}
