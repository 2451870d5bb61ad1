//! Reading blobs, parts of blobs and members of bundles.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};
use noema_da_primitives::{
    BlobKind, BundleError, BundleFront, BundleHeader, Content, MemberEntry, MemberId, MemberProof,
    Shape, Software, BLOB_HEADER_BYTES, BUNDLE_HEADER_BYTES, ENTRY_BYTES,
};

use super::{Collected, Collector, SeatClient, SeatReport, Wanted};
use crate::{
    chain::{DaState, Lookup, LookupError, SeatSet, Standing, SubmissionId},
    coding::{Blob, RebuildError, RowSet},
};

/// Why there is nothing to read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The chain does not say where the rows are.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// Too few rows can be had.
    #[error(
        "{found} rows of {expected} that are needed can be had; {}",
        named(reports)
    )]
    TooFewRows {
        /// K, or those that were asked for.
        expected: usize,
        /// Rows that verified.
        found: usize,
        /// Who gave nothing of use.
        reports: Vec<SeatReport>,
    },
    /// The rows hold no blob. Every reader finds the same.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// The bytes are no bundle, or not the one that was submitted. Every reader finds the same.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It is no bundle.
    #[error("submission {submission} is no bundle: it has no members")]
    NoBundle {
        /// Which.
        submission: SubmissionId,
    },
    /// There are not so many bytes.
    #[error("bytes {} to {} are asked for: the blob has {size}", range.start, range.end)]
    OutOfRange {
        /// What is asked for.
        range: Range<u32>,
        /// Bytes of the blob.
        size: u32,
    },
    /// The program ends.
    #[error("the program is ending")]
    Stopped,
}

fn named(reports: &[SeatReport]) -> String {
    match reports {
        [] => "no seat refused".to_owned(),
        reports => {
            let texts: Vec<String> = reports.iter().map(ToString::to_string).collect();
            texts.join("; ")
        }
    }
}

/// Bytes that were read, and who gave nothing of use on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBlob {
    /// What the coder says that the bytes are.
    pub kind: BlobKind,
    /// The bytes: all of them verified.
    pub bytes: Bytes,
    /// Seats that gave nothing of use, or something wrong.
    pub reports: Vec<SeatReport>,
}

/// A member of a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadMember {
    /// Shows the chain that the bundle has it.
    pub proof: MemberProof,
    /// Its bytes: verified rows, and what the id names.
    pub bytes: Bytes,
    /// Seats that gave nothing of use, or something wrong.
    pub reports: Vec<SeatReport>,
}

/// Reads blobs from their seats. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct BlobReader<C> {
    lookup: Lookup<C>,
    client: SeatClient,
}

impl<C: DaState> BlobReader<C> {
    /// Finds seats by `lookup`, and asks them by `client`.
    pub fn new(lookup: Lookup<C>, client: SeatClient) -> Self {
        Self { lookup, client }
    }

    /// Where the rows of a submission are: with those who signed, once it is available.
    ///
    /// # Errors
    /// When the chain does not say so.
    pub async fn collector(&self, submission: SubmissionId) -> Result<Collector, ReadError> {
        let (plan, info) = self.lookup.plan(submission).await?;
        let seats = plan.committee.seats();
        let holders: SeatSet = match info.standing {
            Standing::Available { holders, .. } => SeatSet::from_bytes(holders),
            _ => (0..seats.len()).collect(),
        };
        let mut endpoints = vec![None; seats.len()];
        for seat in holders.iter() {
            if let (Some(view), Some(endpoint)) = (seats.get(seat), endpoints.get_mut(seat)) {
                let found = self.lookup.chain().endpoint(view.provider).await;
                *endpoint = found.map_err(LookupError::from)?;
            }
        }
        let client = self.client.clone();
        Ok(Collector::new(client, plan, endpoints, holders))
    }

    /// A whole blob.
    ///
    /// # Errors
    /// When too few rows can be had, or they hold no blob.
    pub async fn read(&self, submission: SubmissionId) -> Result<ReadBlob, ReadError> {
        rebuild(self.collector(submission).await?).await
    }

    /// Some bytes of a blob: by the rows that hold them, or by all of the blob where these cannot be had.
    ///
    /// # Errors
    /// When neither can be had.
    pub async fn read_range(
        &self,
        submission: SubmissionId,
        range: Range<u32>,
    ) -> Result<ReadBlob, ReadError> {
        let collector = self.collector(submission).await?;
        part(&collector, range).await
    }

    /// A member of a bundle, with what shows it.
    ///
    /// # Errors
    /// When the bundle's table or the member cannot be had, or the bundle is another than was submitted.
    pub async fn member(
        &self,
        submission: SubmissionId,
        index: u32,
    ) -> Result<ReadMember, ReadError> {
        let collector = self.collector(submission).await?;
        let Content::Bundle(header) = *collector.plan().content() else {
            return Err(ReadError::NoBundle { submission });
        };
        let front = part(&collector, 0..header.data_offset()).await?;
        let bundle = table(&header, &front.bytes)?;
        let proof = bundle.prover().prove(index)?;
        // The table's sizes may add up to more than the bundle, whoever wrote it.
        let end = proof.offset.saturating_add(proof.size);
        let read = part(&collector, proof.offset..end).await?;
        verified(&proof, &read.bytes)?;
        let mut reports = front.reports;
        for report in read.reports {
            if !reports.contains(&report) {
                reports.push(report);
            }
        }
        Ok(ReadMember {
            proof,
            bytes: read.bytes,
            reports,
        })
    }
}

/// A member of a bundle of which all bytes were read, with what shows it.
///
/// # Errors
/// When the bundle is another than was submitted, or the member's bytes are not what its id names.
pub fn member_in(
    header: &BundleHeader,
    bundle: &Bytes,
    index: u32,
) -> Result<(MemberProof, Bytes), BundleError> {
    let truncated = || BundleError::Truncated {
        expected: header.data_offset().into(),
        found: bundle.len(),
    };
    let front = bundle.get(..header.data_offset() as usize);
    let proof = table(header, front.ok_or_else(truncated)?)?
        .prover()
        .prove(index)?;
    let (first, end) = (proof.offset, proof.offset.saturating_add(proof.size));
    if end as usize > bundle.len() {
        return Err(BundleError::WrongPlace {
            index,
            offset: first,
            size: proof.size,
            first: header.data_offset(),
            end: bundle.len() as u32,
        });
    }
    let bytes = bundle.slice(first as usize..end as usize);
    verified(&proof, &bytes)?;
    Ok((proof, bytes))
}

fn verified(proof: &MemberProof, bytes: &[u8]) -> Result<(), BundleError> {
    let found = MemberId::of::<Software>(bytes);
    match found == proof.id {
        true => Ok(()),
        false => Err(BundleError::WrongMember {
            index: proof.index,
            expected: proof.id,
            found,
        }),
    }
}

/// The table of a bundle whose front these bytes are, if it leads to the root that was submitted.
fn table(expected: &BundleHeader, front: &[u8]) -> Result<BundleFront, BundleError> {
    let header = BundleHeader::from_bytes(front)?;
    let table = front
        .get(BUNDLE_HEADER_BYTES as usize..)
        .unwrap_or_default();
    let entries: Vec<MemberEntry> = table
        .as_chunks::<{ ENTRY_BYTES as usize }>()
        .0
        .iter()
        .filter_map(|entry| {
            let (size, id) = entry.split_first_chunk::<4>()?;
            Some(MemberEntry {
                size: u32::from_le_bytes(*size),
                id: MemberId(id.try_into().ok()?),
            })
        })
        .collect();
    let front = BundleFront::new::<Software>(&entries)?;
    match header == *expected && front.header() == expected {
        true => Ok(front),
        false => Err(BundleError::WrongRoot),
    }
}

async fn rebuild(collector: Collector) -> Result<ReadBlob, ReadError> {
    let Collected {
        rows,
        complete,
        reports,
    } = collector.collect(&Wanted::Any).await;
    if !complete {
        return Err(ReadError::TooFewRows {
            expected: collector.plan().shape.original().into(),
            found: rows.len().into(),
            reports,
        });
    }
    let rebuilding = tokio::task::spawn_blocking(move || rows.rebuild());
    let Blob { kind, bytes } = rebuilding.await.map_err(|_| ReadError::Stopped)??;
    Ok(ReadBlob {
        kind,
        bytes,
        reports,
    })
}

async fn part(collector: &Collector, range: Range<u32>) -> Result<ReadBlob, ReadError> {
    let plan: &Arc<_> = collector.plan();
    let (shape, size) = (plan.shape, plan.shape.size());
    if range.start > range.end || range.end > size {
        return Err(ReadError::OutOfRange { range, size });
    }
    let wanted = rows_of(&shape, &range);
    let collected = collector.collect(&Wanted::These(wanted)).await;
    if !collected.complete {
        // One of the rows has no honest holder left: any K rebuild it.
        let mut read = rebuild(collector.clone()).await?;
        read.bytes = read.bytes.slice(range.start as usize..range.end as usize);
        read.reports.extend(collected.reports);
        return Ok(read);
    }
    let kind = plan.content().kind();
    Ok(ReadBlob {
        kind,
        bytes: cut(&shape, &collected.rows, &range),
        reports: collected.reports,
    })
}

/// The original rows in which these bytes of the blob lie, at least one.
fn rows_of(shape: &Shape, range: &Range<u32>) -> BTreeSet<u16> {
    let row = |place: u32| (place / shape.row_bytes()) as u16;
    let first = row(range.start + BLOB_HEADER_BYTES);
    let last = range.end.max(range.start + 1) - 1 + BLOB_HEADER_BYTES;
    (first..=row(last).min(shape.original() - 1).max(first)).collect()
}

/// The bytes themselves, of rows that are all there.
fn cut(shape: &Shape, rows: &RowSet, range: &Range<u32>) -> Bytes {
    let length = u64::from(shape.row_bytes());
    let from = u64::from(range.start) + u64::from(BLOB_HEADER_BYTES);
    let to = u64::from(range.end) + u64::from(BLOB_HEADER_BYTES);
    let mut bytes = BytesMut::with_capacity((to - from) as usize);
    for index in rows_of(shape, range) {
        let Some(row) = rows.get(index) else { continue };
        let begin = u64::from(index) * length;
        let first = from.saturating_sub(begin).min(length) as usize;
        let last = to.saturating_sub(begin).min(length) as usize;
        if first < last {
            bytes.extend_from_slice(&row[first..last]);
        }
    }
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::CodedBlob;

    #[test]
    fn bytes_lie_in_the_rows_that_are_asked_for() {
        let blob: Vec<u8> = (0..70_000u32).map(|n| (n * 31 % 251) as u8).collect();
        let coded = CodedBlob::encode(Content::Plain, &blob).unwrap();
        let shape = *coded.shape();
        let row = shape.row_bytes();
        for range in [
            0..1,
            0..row,
            row - 8..row - 7,
            row - 9..row,
            1_000..1_000,
            69_999..70_000,
            0..70_000,
        ] {
            let mut rows = RowSet::new(coded.commitment(), shape);
            for index in rows_of(&shape, &range) {
                let row = coded.row(index).unwrap();
                rows.accept(coded.combinations(), &row).unwrap();
            }
            let expected = &blob[range.start as usize..range.end as usize];
            assert_eq!(cut(&shape, &rows, &range), expected, "{range:?}");
        }
    }

    #[test]
    fn a_table_that_leads_elsewhere_is_refused() {
        let entry = |bytes: &[u8]| MemberEntry::of::<Software>(bytes).unwrap();
        let front = BundleFront::new::<Software>(&[entry(b"one"), entry(b"two")]).unwrap();
        let header = *front.header();
        assert_eq!(table(&header, front.bytes()).unwrap().header(), &header);
        let mut changed = front.bytes().to_vec();
        changed[50] ^= 1;
        let error = table(&header, &changed).unwrap_err();
        assert_eq!(error, BundleError::WrongRoot);
    }
}
