//! What a buyer reads of an answer, held against what it ordered.

use base64::{engine::general_purpose::STANDARD, Engine};
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{End, Ended, Terms};
use crate::job::ABI;

/// An answer contradicts itself, or the order. Whoever signed a receipt over it said something that is not so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the answer is no answer to the job: {0}")]
pub struct FormError(String);

fn wrong<T>(message: impl Into<String>) -> Result<T, FormError> {
    Err(FormError(message.into()))
}

/// What an event of a stream is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seen {
    /// The job runs, for the first time or still.
    Runs,
    /// How far it is.
    Progress {
        /// Done.
        done: u64,
        /// Of.
        total: u64,
    },
    /// The output goes on.
    Output(Bytes),
    /// It has ended, and the end is as it must be.
    Ended(Ended),
    /// Something else, such as an error.
    Other,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    object: String,
    #[serde(default)]
    done: u64,
    #[serde(default)]
    total: u64,
    #[serde(default)]
    output: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    units: u64,
    set_up: u64,
}

#[derive(Deserialize)]
struct Told {
    usage: Usage,
}

/// Reads an answer piece by piece.
#[derive(Clone, Debug)]
pub struct Reading {
    terms: Terms,
    hash: Sha256,
    bytes: u64,
    ended: Option<Ended>,
}

impl Reading {
    /// For an order with these terms.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            hash: Sha256::new(),
            bytes: 0,
            ended: None,
        }
    }

    /// The data of the next event.
    ///
    /// # Errors
    /// When it cannot be true. That it is true is not said.
    pub fn event(&mut self, data: &[u8]) -> Result<Seen, FormError> {
        let Ok(event) = serde_json::from_slice::<Event>(data) else {
            return Ok(Seen::Other);
        };
        Ok(match event.object.as_str() {
            "job.started" | "job.running" => Seen::Runs,
            "job.progress" => Seen::Progress {
                done: event.done,
                total: event.total,
            },
            "job.output" => Seen::Output(self.output(event.output.as_deref())?),
            "job" => Seen::Ended(self.end(data)?),
            _ => Seen::Other,
        })
    }

    /// An answer that is a whole: how the job ended, and its output.
    ///
    /// # Errors
    /// When it cannot be true.
    pub fn whole(&mut self, body: &[u8]) -> Result<(Ended, Bytes), FormError> {
        let event: Event = serde_json::from_slice(body).map_err(|e| FormError(e.to_string()))?;
        if event.object != "job" {
            return wrong("expected \"object\": \"job\"");
        }
        let output = self.output(event.output.as_deref())?;
        Ok((self.end(body)?, output))
    }

    /// The end, if it was read.
    pub const fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// The units that the answer says are charged: those that follow from its fuel.
    pub fn units(&self) -> Option<u64> {
        Some(self.terms.units(self.ended.as_ref()?.fuel))
    }

    fn output(&mut self, text: Option<&str>) -> Result<Bytes, FormError> {
        if self.ended.is_some() {
            return wrong("there is output behind the end");
        }
        let Some(output) = text.and_then(|text| STANDARD.decode(text).ok()) else {
            return wrong("expected output in base64");
        };
        self.bytes = self.bytes.saturating_add(output.len() as u64);
        let most = u64::from(self.terms.limits.output);
        if self.bytes > most {
            return wrong(format!("it has more output than the {most} bytes ordered"));
        }
        self.hash.update(&output);
        Ok(output.into())
    }

    fn end(&mut self, data: &[u8]) -> Result<Ended, FormError> {
        let ended: Ended = serde_json::from_slice(data).map_err(|e| FormError(e.to_string()))?;
        let told: Told = serde_json::from_slice(data).map_err(|e| FormError(e.to_string()))?;
        if self.ended.is_some() {
            return wrong("it ends twice");
        }
        if ended.interface != ABI {
            return wrong(format!(
                "it ran by the interface {:?}; expected {ABI:?}",
                ended.interface
            ));
        }
        let most = self.terms.limits.fuel;
        if ended.fuel > most {
            return wrong(format!("it used {} fuel of {most}", ended.fuel));
        }
        if ended.end == End::Trapped && ended.fuel != most {
            return wrong("it trapped and did not use all of its fuel");
        }
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if (ended.output_bytes, &ended.output_sha256) != (self.bytes, &digits) {
            return wrong(format!(
                "its report is for {} bytes of output with the hash {}; there came {} with {digits}",
                ended.output_bytes, ended.output_sha256, self.bytes
            ));
        }
        let expected = self.terms.units(ended.fuel);
        if (told.usage.units, told.usage.set_up) != (expected, self.terms.set_up) {
            return wrong(format!(
                "it counts {} units; expected {expected} for {} fuel and {} to get it ready",
                told.usage.units, ended.fuel, self.terms.set_up
            ));
        }
        self.ended = Some(ended.clone());
        Ok(ended)
    }
}
