//! Bodies of requests in memory: one for each lane, and so many bytes in all, from before they are read until their requests are over.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    http::{header, HeaderMap, StatusCode},
};
use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::lanes::LaneKey;
use crate::openai::ApiError;

/// Memory for bodies, in bytes; and how many of the longest there is room for at least.
const MEMORY: usize = 256 << 20;
const LONGEST: usize = 8;
/// What memory is counted in, in bytes.
const UNIT: usize = 1 << 10;
/// How long a body may take, and how long a request waits for the memory.
const BODY_TIME: Duration = Duration::from_secs(60);
const ROOM_TIME: Duration = Duration::from_secs(10);

/// The memory.
#[derive(Debug)]
pub(super) struct Bodies {
    longest: usize,
    room: Arc<Semaphore>,
    lanes: Mutex<HashSet<LaneKey>>,
}

/// The part of a body in the memory, free again when this is dropped.
#[derive(Debug)]
pub(super) struct BodyPermit {
    lane: Option<LaneHold>,
    _room: OwnedSemaphorePermit,
}

impl BodyPermit {
    /// Leaves its lane to the ledger, which has taken the voucher, or refused it: whoever has an answer may send the next request at once.
    pub(super) fn leave_lane(&mut self) {
        self.lane = None;
    }
}

/// A lane whose request is being sent.
#[derive(Debug)]
struct LaneHold {
    bodies: Arc<Bodies>,
    lane: LaneKey,
}

impl Drop for LaneHold {
    fn drop(&mut self) {
        let lanes = self.bodies.lanes.lock();
        lanes
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.lane);
    }
}

fn too_large(most: usize) -> ApiError {
    ApiError {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        ..ApiError::invalid(
            "too_large",
            format!("expected a body of at most {most} bytes"),
        )
    }
}

impl Bodies {
    /// For bodies of at most so many bytes.
    pub(super) fn new(longest: usize) -> Arc<Self> {
        let units = MEMORY.max(longest.saturating_mul(LONGEST)).div_ceil(UNIT);
        Arc::new(Self {
            longest,
            room: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
            lanes: Mutex::default(),
        })
    }

    /// Reads the body of a lane's request.
    pub(super) async fn read(
        self: &Arc<Self>,
        lane: LaneKey,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, BodyPermit), ApiError> {
        let declared = headers.get(header::CONTENT_LENGTH);
        let declared = declared
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
            .unwrap_or(self.longest);
        if declared > self.longest {
            return Err(too_large(self.longest));
        }
        let is_first = {
            let lanes = self.lanes.lock();
            lanes.unwrap_or_else(PoisonError::into_inner).insert(lane)
        };
        if !is_first {
            let message = "another request of the lane is being sent; wait for its receipt, or use another lane";
            return Err(ApiError::conflict("lane_busy", message));
        }
        let hold = LaneHold {
            bodies: self.clone(),
            lane,
        };
        let units = u32::try_from(declared.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let room = timeout(ROOM_TIME, self.room.clone().acquire_many_owned(units)).await;
        let Ok(Ok(room)) = room else {
            let message = "too many bodies are being read; try again";
            return Err(ApiError::busy("no_room", message));
        };
        let bytes = read(declared, body).await.map_err(|error| match error {
            Unread::TooLong => too_large(declared),
            Unread::Broken => ApiError::invalid("body", "the body broke off"),
            Unread::Late => ApiError {
                status: StatusCode::REQUEST_TIMEOUT,
                ..ApiError::invalid("body", "the body took too long")
            },
        })?;
        let permit = BodyPermit {
            lane: Some(hold),
            _room: room,
        };
        Ok((bytes, permit))
    }
}

enum Unread {
    TooLong,
    Broken,
    Late,
}

async fn read(most: usize, body: Body) -> Result<Bytes, Unread> {
    match timeout(BODY_TIME, axum::body::to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let limit = std::error::Error::source(&error)
                .is_some_and(|source| source.to_string().contains("length limit"));
            Err(if limit {
                Unread::TooLong
            } else {
                Unread::Broken
            })
        }
        Err(_) => Err(Unread::Late),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(lane: u16) -> LaneKey {
        LaneKey {
            channel: 1,
            session: 2,
            lane,
        }
    }

    fn length(bytes: usize) -> HeaderMap {
        let value = bytes.to_string().parse().unwrap();
        HeaderMap::from_iter([(header::CONTENT_LENGTH, value)])
    }

    #[tokio::test]
    async fn a_lane_has_one_body_until_its_request_is_over() {
        let bodies = Bodies::new(4_096);
        let read = |number, text: &'static str| {
            let bodies = bodies.clone();
            async move {
                let headers = length(text.len());
                bodies.read(lane(number), &headers, Body::from(text)).await
            }
        };
        let (bytes, mut permit) = read(1, "abc").await.unwrap();
        assert_eq!(&bytes[..], b"abc");
        assert_eq!(read(1, "abc").await.unwrap_err().code, "lane_busy");
        assert!(read(2, "abc").await.is_ok());
        permit.leave_lane();
        assert!(read(1, "abc").await.is_ok());
    }

    #[tokio::test]
    async fn memory_is_taken_before_a_byte_is_read_and_given_back() {
        let bodies = Bodies::new(64 << 20);
        let free = bodies.room.available_permits();
        assert_eq!(free, (64 << 20) * LONGEST / UNIT);
        // Of a body whose length is not told, the longest is counted.
        let untold = HeaderMap::new();
        let reading = bodies.read(lane(1), &untold, Body::from("abc"));
        let (_, permit) = reading.await.unwrap();
        assert_eq!(bodies.room.available_permits(), free - free / LONGEST);
        let declared = length(1_025);
        let (_, small) = bodies
            .read(lane(2), &declared, Body::from("a"))
            .await
            .unwrap();
        assert_eq!(bodies.room.available_permits(), free - free / LONGEST - 2);
        drop((permit, small));
        assert_eq!(bodies.room.available_permits(), free);
        let too_long = bodies
            .read(lane(1), &length((64 << 20) + 1), Body::empty())
            .await;
        assert_eq!(too_long.unwrap_err().code, "too_large");
        let longer = bodies.read(lane(1), &length(2), Body::from("abc")).await;
        assert_eq!(longer.unwrap_err().code, "too_large");
        assert_eq!(bodies.room.available_permits(), free);
    }
}
