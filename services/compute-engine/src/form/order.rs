//! What a buyer orders.

use std::borrow::Cow;

use base64::{engine::general_purpose::STANDARD, Engine};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{json, Value};

use crate::job::{
    set_up, units, FileId, Job, Limits, Source, MAX_INPUTS, MAX_INPUT_BYTES, MAX_MODULE,
};

/// Bytes of module and inputs together that an order may have within itself.
pub const MAX_INLINE: usize = 4 << 20;
/// Bytes of output that an answer may have which is a whole. More is streamed.
pub const MAX_WHOLE_OUTPUT: u32 = 16 << 20;

/// A module or an input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Within the order.
    Bytes(Bytes),
    /// A stored file. Its size is part of the order, so that everybody knows what getting it ready costs.
    File {
        /// Its id.
        id: FileId,
        /// Its size in bytes.
        size: u64,
    },
}

/// A job as it is ordered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order {
    /// Name of the service's model.
    pub model: String,
    /// The program.
    pub module: Piece,
    /// Its inputs, in the order of their numbers.
    pub inputs: Vec<Piece>,
    /// What it may use.
    pub limits: Limits,
    /// Whether output and progress come as they are made.
    pub stream: bool,
}

/// What of an order its price follows from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Terms {
    /// What the job may use.
    pub limits: Limits,
    /// Fuel that is charged for getting it ready.
    pub set_up: u64,
}

impl Terms {
    /// The units that are charged when the job has used so much fuel.
    pub const fn units(&self, fuel: u64) -> u64 {
        units(self.set_up.saturating_add(fuel))
    }

    /// The units that can be charged at most: what a voucher's maximum must pay for.
    pub const fn most_units(&self) -> u64 {
        self.units(self.limits.fuel)
    }
}

/// An order that is none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct OrderError {
    /// The member that is wrong, if it is one.
    pub param: Option<&'static str>,
    /// What is wrong, and what was expected.
    pub message: String,
}

fn wrong(param: &'static str, message: impl Into<String>) -> OrderError {
    OrderError {
        param: Some(param),
        message: message.into(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    module: Given<'a>,
    #[serde(borrow, default)]
    inputs: Vec<Given<'a>>,
    limits: Asked,
    #[serde(default)]
    stream: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given<'a> {
    #[serde(borrow, default)]
    bytes: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    file: Option<Cow<'a, str>>,
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    fuel: u64,
    memory: u32,
    output: u32,
}

impl Given<'_> {
    fn piece(self, name: &'static str, inline: &mut usize) -> Result<Piece, OrderError> {
        match (self.bytes, self.file, self.size) {
            (Some(text), None, None) => {
                // Before it takes memory a second time.
                *inline = inline.saturating_add(text.len() / 4 * 3);
                if *inline > MAX_INLINE + 2 {
                    return Err(too_long(name));
                }
                let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| {
                    wrong(name, format!("{name}: expected bytes in base64, with padding"))
                })?;
                Ok(Piece::Bytes(bytes.into()))
            }
            (None, Some(id), Some(size)) => {
                let id = file_id(&id).ok_or_else(|| {
                    wrong(name, format!("{name}: expected the id of a stored file, 64 hexadecimal digits"))
                })?;
                Ok(Piece::File { id, size })
            }
            _ => Err(wrong(
                name,
                format!("{name}: expected either {{\"bytes\": BASE64}} or {{\"file\": ID, \"size\": BYTES}}"),
            )),
        }
    }
}

fn too_long(name: &'static str) -> OrderError {
    let most = format!("expected at most {MAX_INLINE} bytes of module and inputs within the order: store what is larger, and give its id");
    wrong(name, most)
}

fn file_id(text: &str) -> Option<FileId> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let mut id = [0; 32];
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if digits.len() != 2 * id.len() {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    Some(FileId(id))
}

impl Piece {
    /// Bytes of it.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }

    /// Where a runner gets it.
    pub fn source(&self) -> Source {
        match self {
            Self::Bytes(bytes) => Source::Bytes(bytes.clone()),
            Self::File { id, .. } => Source::File(*id),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Bytes(bytes) => json!({ "bytes": STANDARD.encode(bytes) }),
            Self::File { id, size } => json!({ "file": id.to_string(), "size": size }),
        }
    }
}

impl Order {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// When it is no JSON object of the members that are known, each once, or asks for more than any runner gives.
    pub fn parse(body: &[u8]) -> Result<Self, OrderError> {
        let body: Body<'_> = serde_json::from_slice(body).map_err(|error| OrderError {
            param: None,
            message: format!("the body is no order of a job: {error}"),
        })?;
        let Asked {
            fuel,
            memory,
            output,
        } = body.limits;
        if body.inputs.len() > MAX_INPUTS {
            let message = format!("expected at most {MAX_INPUTS} inputs");
            return Err(wrong("inputs", message));
        }
        let mut inline = 0;
        let module = body.module.piece("module", &mut inline)?;
        let inputs = body.inputs.into_iter();
        let inputs = inputs.map(|one| one.piece("inputs", &mut inline));
        let order = Self {
            model: body.model.into_owned(),
            module,
            inputs: inputs.collect::<Result<_, _>>()?,
            limits: Limits {
                fuel,
                memory,
                output,
            },
            stream: body.stream,
        };
        order.check()?;
        Ok(order)
    }

    /// Whether it asks for no more than any runner gives.
    ///
    /// # Errors
    /// The first thing that is too much.
    pub fn check(&self) -> Result<(), OrderError> {
        let within = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => bytes.len(),
            Piece::File { .. } => 0,
        };
        let all = self.inputs.iter().map(within).sum::<usize>();
        if all.saturating_add(within(&self.module)) > MAX_INLINE {
            return Err(too_long("inputs"));
        }
        if self.module.size() > MAX_MODULE as u64 {
            let message = format!("expected a module of at most {MAX_MODULE} bytes");
            return Err(wrong("module", message));
        }
        if self.inputs.len() > MAX_INPUTS || self.input_bytes() > MAX_INPUT_BYTES {
            let message = format!(
                "expected at most {MAX_INPUTS} inputs and {MAX_INPUT_BYTES} bytes of them together"
            );
            return Err(wrong("inputs", message));
        }
        let limits = self.limits.check(&Limits::MOST);
        limits.map_err(|error| wrong("limits", error.to_string()))?;
        if !self.stream && self.limits.output > MAX_WHOLE_OUTPUT {
            let message = format!(
                "expected at most {MAX_WHOLE_OUTPUT} bytes of output in an answer that comes as a whole: ask for a stream"
            );
            return Err(wrong("limits", message));
        }
        Ok(())
    }

    fn input_bytes(&self) -> u64 {
        let sizes = self.inputs.iter().map(Piece::size);
        sizes.fold(0, u64::saturating_add)
    }

    /// What its price follows from.
    pub fn terms(&self) -> Terms {
        Terms {
            limits: self.limits,
            set_up: set_up(self.module.size(), self.input_bytes()),
        }
    }

    /// The job, for a runner.
    pub fn job(&self) -> Job {
        Job {
            module: self.module.source(),
            inputs: self.inputs.iter().map(Piece::source).collect(),
            limits: self.limits,
        }
    }

    /// The body of the request that orders it.
    pub fn to_json(&self) -> Value {
        json!({
            "model": self.model,
            "module": self.module.json(),
            "inputs": self.inputs.iter().map(Piece::json).collect::<Vec<_>>(),
            "limits": {
                "fuel": self.limits.fuel,
                "memory": self.limits.memory,
                "output": self.limits.output,
            },
            "stream": self.stream,
        })
    }
}
