//! What a provider says about a service.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Hash, Price, VerificationMode, MAX_ENDPOINT, MAX_MODEL};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Name of a model: 1 to [`MAX_MODEL`] visible ASCII characters, as requests name it.
pub type ModelName = BoundedVec<u8, ConstU32<MAX_MODEL>>;
/// Where the gateway answers, in the form of providers' endpoints.
pub type EndpointBytes = BoundedVec<u8, ConstU32<MAX_ENDPOINT>>;

/// What a service does.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ServiceKind {
    /// Answers conversations with text.
    #[codec(index = 0)]
    Chat,
    /// Turns text into vectors.
    #[codec(index = 1)]
    Embedding,
    /// Makes or changes images. The unit is an image.
    #[codec(index = 2)]
    Image,
    /// Turns speech into text or text into speech. The unit is a second of sound.
    #[codec(index = 3)]
    Speech,
    /// Runs a program on an input. The unit is a million units of fuel.
    #[codec(index = 4)]
    Job,
}

/// What the price of a service is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metering {
    /// Tokens.
    Tokens,
    /// Units of the kind.
    Units,
}

impl ServiceKind {
    /// Every kind, in the order of their codec indices.
    pub const ALL: [Self; 5] = [
        Self::Chat,
        Self::Embedding,
        Self::Image,
        Self::Speech,
        Self::Job,
    ];

    /// Its name, in one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embedding => "embedding",
            Self::Image => "image",
            Self::Speech => "speech",
            Self::Job => "job",
        }
    }

    /// What is counted of its requests.
    pub const fn metering(self) -> Metering {
        match self {
            Self::Chat | Self::Embedding => Metering::Tokens,
            Self::Image | Self::Speech | Self::Job => Metering::Units,
        }
    }
}

/// What a provider says about a service. It is a claim: only what the verification mode covers can be checked.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Descriptor {
    /// What it does.
    pub kind: ServiceKind,
    /// The model as requests name it.
    pub model: ModelName,
    /// File id of the weights, where they are known.
    pub weights: Option<Hash>,
    /// Where the gateway answers.
    pub endpoint: EndpointBytes,
    /// What requests cost.
    pub price: Price,
    /// How answers can be checked.
    pub verification: VerificationMode,
    /// Requests that are answered in parallel.
    pub capacity: u32,
}

/// Why a description is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// The name of the model is empty or has something else than visible ASCII characters.
    #[error("expected a model name of 1 to {MAX_MODEL} visible ASCII characters")]
    ModelName,
    /// Prices of tokens for a kind that counts units, or the other way round.
    #[error("expected a price per {0:?}, which is what this kind of service counts")]
    Price(Metering),
    /// It answers nobody.
    #[error("expected a capacity of at least one request")]
    NoCapacity,
}

impl Descriptor {
    /// Whether it is a description. The form of the endpoint is for `noema-endpoint` to say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), DescriptorError> {
        if self.model.is_empty() || !self.model.iter().all(u8::is_ascii_graphic) {
            return Err(DescriptorError::ModelName);
        }
        if self.price.metering() != self.kind.metering() {
            return Err(DescriptorError::Price(self.kind.metering()));
        }
        if self.capacity == 0 {
            return Err(DescriptorError::NoCapacity);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor() -> Descriptor {
        Descriptor {
            kind: ServiceKind::Chat,
            model: b"tiny/1".to_vec().try_into().unwrap(),
            weights: None,
            endpoint: EndpointBytes::default(),
            price: Price::Tokens {
                input: 1,
                cached: 0,
                output: 2,
            },
            verification: VerificationMode::None,
            capacity: 1,
        }
    }

    #[test]
    fn check_names_what_is_wrong() {
        assert_eq!(descriptor().check(), Ok(()));
        for model in ["", "a b", "ä", "a\n"] {
            let mut wrong = descriptor();
            wrong.model = model.as_bytes().to_vec().try_into().unwrap();
            assert_eq!(wrong.check(), Err(DescriptorError::ModelName), "{model:?}");
        }
        let mut wrong = descriptor();
        wrong.capacity = 0;
        assert_eq!(wrong.check(), Err(DescriptorError::NoCapacity));
    }

    #[test]
    fn check_every_kind_takes_its_own_price_only() {
        for kind in ServiceKind::ALL {
            for price in [descriptor().price, Price::Units { unit: 1 }] {
                let described = Descriptor {
                    kind,
                    price,
                    ..descriptor()
                };
                let fits = price.metering() == kind.metering();
                assert_eq!(described.check().is_ok(), fits, "{kind:?} {price:?}");
            }
        }
    }
}
