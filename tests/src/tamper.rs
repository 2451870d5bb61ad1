//! Ways to serve something else than what was committed to.

use std::{
    fmt,
    str::FromStr,
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex, PoisonError,
    },
};

use axum::{
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::future::BoxFuture;

use crate::proxy::{Daemon, Intermediary, Segment};

/// Bytes of a sibling hash in a frame.
const HASH: usize = 32;
/// Bytes before the siblings: version and their number.
const HEAD: usize = 2;

/// What is done to the segments that are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tampering {
    /// Nothing.
    #[default]
    None,
    /// One bit of the data is the other way round.
    FlippedBit,
    /// The last sector is missing, or half of the only one.
    ShortSegment,
    /// The data comes with the proof of another segment, or with an invented one if there is no other.
    WrongProof,
}

impl Tampering {
    /// All ways that change something.
    pub const ALL: [Self; 3] = [Self::FlippedBit, Self::ShortSegment, Self::WrongProof];
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::FlippedBit => "flipped-bit",
            Self::ShortSegment => "short-segment",
            Self::WrongProof => "wrong-proof",
        })
    }
}

impl FromStr for Tampering {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::None]
            .into_iter()
            .chain(Self::ALL)
            .find(|way| way.to_string() == name)
            .ok_or_else(|| {
                format!("expected none, flipped-bit, short-segment or wrong-proof, found {name:?}")
            })
    }
}

/// Stands before a daemon and tampers; honest until told otherwise. `PUT /tamper/{way}` changes the way, `GET /tamper` answers with the number of segments tampered with.
#[derive(Debug, Default)]
pub struct Tamperer {
    way: Mutex<Tampering>,
    served: AtomicU64,
}

impl Tamperer {
    fn way(&self) -> Tampering {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intermediary for Tamperer {
    fn answer(&self, method: &Method, path: &str) -> Option<Response> {
        let rest = path.strip_prefix("/tamper")?;
        if method == Method::GET && rest.is_empty() {
            return Some(
                self.served
                    .load(Ordering::SeqCst)
                    .to_string()
                    .into_response(),
            );
        }
        Some(match rest.trim_start_matches('/').parse() {
            Ok(way) if method == Method::PUT => {
                *self.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
                StatusCode::NO_CONTENT.into_response()
            }
            Ok(_) => StatusCode::METHOD_NOT_ALLOWED.into_response(),
            Err(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
        })
    }

    fn segment<'a>(
        &'a self,
        daemon: &'a Daemon,
        of: &'a Segment,
        frame: Bytes,
    ) -> BoxFuture<'a, Bytes> {
        Box::pin(async move {
            let way = self.way();
            if way == Tampering::None {
                return frame;
            }
            let other = match (way, of.index) {
                (Tampering::WrongProof, 0) => daemon
                    .frame(&Segment {
                        index: 1,
                        ..of.clone()
                    })
                    .await
                    .ok(),
                (Tampering::WrongProof, index) => daemon
                    .frame(&Segment {
                        index: index - 1,
                        ..of.clone()
                    })
                    .await
                    .ok(),
                _ => None,
            };
            self.served.fetch_add(1, Ordering::SeqCst);
            tampered(&frame, way, other.as_deref()).into()
        })
    }
}

/// The frame after tampering; `other` is the frame of another segment of the file, if there is one.
pub fn tampered(frame: &[u8], way: Tampering, other: Option<&[u8]>) -> Vec<u8> {
    let Some((siblings, data)) = split(frame) else {
        return frame.to_vec();
    };
    match way {
        Tampering::None => frame.to_vec(),
        Tampering::FlippedBit => {
            let mut changed = frame.to_vec();
            let at = frame.len() - data.len() / 2 - 1;
            changed[at] ^= 1;
            changed
        }
        Tampering::ShortSegment => {
            let cut = if data.len() > 256 {
                256
            } else {
                data.len() / 2
            };
            frame[..frame.len() - cut].to_vec()
        }
        Tampering::WrongProof => {
            let other = other
                .and_then(split)
                .map(|(other, _)| other)
                .filter(|other| *other != siblings);
            let siblings = other.map_or_else(|| invented(siblings), <[u8]>::to_vec);
            let count = u8::try_from(siblings.len() / HASH).unwrap_or(u8::MAX);
            [&[frame[0], count], siblings.as_slice(), data].concat()
        }
    }
}

/// Siblings and data of a frame.
fn split(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let siblings = usize::from(*frame.get(1)?) * HASH;
    (frame.len() > HEAD + siblings).then(|| frame[HEAD..].split_at(siblings))
}

fn invented(siblings: &[u8]) -> Vec<u8> {
    if siblings.is_empty() {
        return vec![0x5a; HASH];
    }
    siblings.iter().map(|byte| !byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(siblings: &[u8], data: &[u8]) -> Vec<u8> {
        [&[1, (siblings.len() / HASH) as u8], siblings, data].concat()
    }

    #[test]
    fn each_way_changes_what_it_names_and_nothing_else() {
        let honest = frame(&[7; 64], &[9; 1024]);
        assert_eq!(tampered(&honest, Tampering::None, None), honest);

        let flipped = tampered(&honest, Tampering::FlippedBit, None);
        let different: Vec<_> = (0..honest.len())
            .filter(|i| honest[*i] != flipped[*i])
            .collect();
        assert_eq!(different.len(), 1);
        assert!(different[0] >= HEAD + 64);

        let short = tampered(&honest, Tampering::ShortSegment, None);
        assert_eq!(short, honest[..honest.len() - 256]);

        let other = frame(&[8; 64], &[1; 1024]);
        assert_eq!(
            tampered(&honest, Tampering::WrongProof, Some(&other)),
            frame(&[8; 64], &[9; 1024])
        );
        assert_eq!(
            tampered(&honest, Tampering::WrongProof, None),
            frame(&[!7; 64], &[9; 1024])
        );
    }

    #[test]
    fn a_file_of_one_sector_can_be_tampered_with_too() {
        let honest = frame(&[], &[9; 256]);
        assert_eq!(
            tampered(&honest, Tampering::ShortSegment, None).len(),
            HEAD + 128
        );
        assert_eq!(
            tampered(&honest, Tampering::WrongProof, None),
            frame(&[0x5a; 32], &[9; 256])
        );
    }

    #[test]
    fn names_are_read_back() {
        for way in Tampering::ALL {
            assert_eq!(way.to_string().parse(), Ok(way));
        }
        assert!("gentle".parse::<Tampering>().is_err());
    }
}
