//! The weights file.
//!
//! All numbers little-endian. In this order, without gaps:
//!
//! | what | form |
//! |---|---|
//! | magic | the 8 bytes `NOEMALM1` |
//! | dimensions | six `u32`: vocabulary *V*, width *D*, layers *L*, hidden *F*, context, turns *R* |
//! | merges | *V* − 261 pairs of `u16` |
//! | rotations | *R* pairs of `f32`: cosine and sine of the angle by which pair *i* of a head turns per position |
//! | embedding | matrix *V* × *D* |
//! | *L* times: | gain *D* `f32`, matrix 3*D* × *D* (query, key, value), matrix *D* × *D*, gain *D* `f32`, matrix *F* × *D*, matrix *D* × *F* |
//! | last gain | *D* `f32` |
//! | centre | *D* `f32`: what the embeddings of texts have in common |
//!
//! A matrix of *r* × *c* is *r* `f32` scales, then *r*·*c* signed bytes row by row.

use alloc::vec::Vec;

use crate::{
    quantised::Matrix,
    tokenizer::{Tokenizer, FIRST_MERGED},
};

/// How a weights file begins.
pub(crate) const MAGIC: [u8; 8] = *b"NOEMALM1";
/// Numbers of an attention head's query, key and value.
pub const HEAD_WIDTH: usize = 32;

/// The shape of a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dimensions {
    /// Tokens that there are: bytes, special tokens, merged pairs.
    pub vocabulary: usize,
    /// Numbers that stand for a token between two layers; a multiple of [`HEAD_WIDTH`].
    pub width: usize,
    /// Blocks of attention and perceptron.
    pub layers: usize,
    /// Numbers in the middle of a perceptron.
    pub hidden: usize,
    /// Tokens, prompt and answer together, that the model was trained to look back on.
    pub context: usize,
}

impl Dimensions {
    /// Attention heads of a layer.
    pub fn heads(&self) -> usize {
        self.width / HEAD_WIDTH
    }
}

/// Why bytes are no weights file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WeightsError {
    /// They do not begin with the format's name.
    Magic,
    /// A dimension is zero, too large, or does not fit the others.
    Dimensions,
    /// A merge joins tokens that come after it, or the same pair twice.
    Merges,
    /// A scale or gain is infinite or no number.
    NotFinite,
    /// The file ends too early, or goes on after its end.
    Length {
        /// Bytes that its dimensions ask for, as far as they were read.
        expected: usize,
        /// Bytes that there are.
        found: usize,
    },
}

impl core::fmt::Display for WeightsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Magic => write!(
                f,
                "the weights do not begin with NOEMALM1: another file, or another version"
            ),
            Self::Dimensions => write!(
                f,
                "the weights' dimensions are zero, too large, or do not fit each other"
            ),
            Self::Merges => write!(
                f,
                "the tokenizer's merges join what comes after them, or the same pair twice"
            ),
            Self::NotFinite => write!(f, "the weights contain numbers that are not finite"),
            Self::Length { expected, found } => {
                write!(
                    f,
                    "the weights are {found} bytes long instead of {expected}"
                )
            }
        }
    }
}

impl core::error::Error for WeightsError {}

/// One block.
pub(crate) struct Layer<'a> {
    pub(crate) attention_gain: Vec<f32>,
    /// Queries, keys, values below each other.
    pub(crate) query_key_value: Matrix<'a>,
    pub(crate) attention_out: Matrix<'a>,
    pub(crate) perceptron_gain: Vec<f32>,
    pub(crate) up: Matrix<'a>,
    pub(crate) down: Matrix<'a>,
}

/// A model that was read: matrices refer to the file's bytes.
pub struct Weights<'a> {
    pub(crate) dimensions: Dimensions,
    pub(crate) tokenizer: Tokenizer,
    /// Cosine and sine by which each pair of a head turns per position.
    pub(crate) turns: Vec<(f32, f32)>,
    pub(crate) embedding: Matrix<'a>,
    pub(crate) layers: Vec<Layer<'a>>,
    pub(crate) last_gain: Vec<f32>,
    pub(crate) centre: Vec<f32>,
}

impl<'a> Weights<'a> {
    /// Reads a weights file. Whatever the bytes are, this returns.
    pub fn read(bytes: &'a [u8]) -> Result<Self, WeightsError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(WeightsError::Magic);
        }
        let mut numbers = [0; 6];
        for number in &mut numbers {
            *number = reader.u32()? as usize;
        }
        let [vocabulary, width, layers, hidden, context, turns] = numbers;
        let dimensions = Dimensions {
            vocabulary,
            width,
            layers,
            hidden,
            context,
        };
        let plausible = (FIRST_MERGED..=1 << 15).contains(&vocabulary)
            && (HEAD_WIDTH..=1 << 12).contains(&width)
            && width % HEAD_WIDTH == 0
            && (1..=64).contains(&layers)
            && (1..=1 << 14).contains(&hidden)
            && (1..=1 << 14).contains(&context)
            && turns == HEAD_WIDTH / 2;
        if !plausible {
            return Err(WeightsError::Dimensions);
        }
        let mut merges = Vec::new();
        for _ in FIRST_MERGED..vocabulary {
            merges.push((reader.u16()?, reader.u16()?));
        }
        let tokenizer = Tokenizer::new(&merges).ok_or(WeightsError::Merges)?;
        let rotations = reader.floats(2 * turns)?;
        let weights = Self {
            dimensions,
            tokenizer,
            turns: rotations
                .chunks_exact(2)
                .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
                .collect(),
            embedding: reader.matrix(vocabulary, width)?,
            layers: (0..layers)
                .map(|_| {
                    Ok(Layer {
                        attention_gain: reader.floats(width)?,
                        query_key_value: reader.matrix(3 * width, width)?,
                        attention_out: reader.matrix(width, width)?,
                        perceptron_gain: reader.floats(width)?,
                        up: reader.matrix(hidden, width)?,
                        down: reader.matrix(width, hidden)?,
                    })
                })
                .collect::<Result<_, WeightsError>>()?,
            last_gain: reader.floats(width)?,
            centre: reader.floats(width)?,
        };
        match reader.at == bytes.len() {
            true => Ok(weights),
            false => Err(WeightsError::Length {
                expected: reader.at,
                found: bytes.len(),
            }),
        }
    }

    /// The model's shape.
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], WeightsError> {
        let end = self.at.saturating_add(len);
        let taken = self.bytes.get(self.at..end).ok_or(WeightsError::Length {
            expected: end,
            found: self.bytes.len(),
        })?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u16(&mut self) -> Result<u16, WeightsError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, WeightsError> {
        self.array().map(u32::from_le_bytes)
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, WeightsError> {
        let floats: Vec<f32> = self
            .take(4 * count)?
            .chunks_exact(4)
            .map(|bytes| {
                let mut array = [0; 4];
                array.copy_from_slice(bytes);
                f32::from_le_bytes(array)
            })
            .collect();
        match floats.iter().all(|x| x.is_finite()) {
            true => Ok(floats),
            false => Err(WeightsError::NotFinite),
        }
    }

    fn matrix(&mut self, rows: usize, columns: usize) -> Result<Matrix<'a>, WeightsError> {
        let scales = self.floats(rows)?;
        Ok(Matrix::new(columns, scales, self.take(rows * columns)?))
    }
}
