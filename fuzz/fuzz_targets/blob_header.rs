//! The header of a blob as readers find it in rebuilt rows: what is read encodes to the same bytes, and
//! rows open only as header, blob and zeros.

#![no_main]

use libfuzzer_sys::fuzz_target;
use noema_da_primitives::{BlobHeader, HeaderError, Shape, MAX_BLOB_SIZE};
use noema_fuzz::Bytes;

fuzz_target!(|input: &[u8]| {
    match BlobHeader::decode(input) {
        Ok(header) => {
            assert_eq!(header.encode(), input[..8]);
            assert!(header.size <= MAX_BLOB_SIZE);
        }
        Err(HeaderError::Truncated { found }) => assert!(found == input.len() && found < 8),
        Err(error) => assert!(!error.to_string().is_empty()),
    }

    // Rows of a blob whose size the chain has.
    let mut bytes = Bytes(input);
    let shape = Shape::of(bytes.number() % 3_000).unwrap();
    let mut rows = bytes.0.to_vec();
    if bytes.byte() & 1 == 0 {
        rows.resize(shape.data_bytes() as usize, 0);
    }
    if let Ok((kind, blob)) = BlobHeader::open(&shape, &rows) {
        let size = shape.size();
        let mut again = BlobHeader { kind, size }.encode().to_vec();
        again.extend_from_slice(blob);
        assert_eq!(blob.len(), size as usize);
        again.resize(rows.len(), 0);
        assert_eq!(again, rows);
    }
});
