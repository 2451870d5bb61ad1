//! Puts a fault into a finished runtime, to see what becomes of a chain that upgrades to it.

use std::io::Read;

/// First bytes of a compressed runtime.
const COMPRESSED: [u8; 8] = [82, 188, 83, 118, 70, 219, 142, 5];
/// What the fault's digit follows (see `pallet-ping/src/fault.rs`).
const MARK: &[u8] = b"noema-next-runtime: the fault: ";
/// Most bytes of a runtime; what nodes take.
const LARGEST: u64 = 50 << 20;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// A migration fails, after another one has succeeded.
    MigrationFails,
    /// Every block panics.
    BlocksPanic,
}

impl Fault {
    fn digit(self) -> u8 {
        match self {
            Self::None => b'0',
            Self::MigrationFails => b'1',
            Self::BlocksPanic => b'2',
        }
    }
}

/// The runtime `code`, compressed or not, with a fault; in the form in which it came.
///
/// # Errors
/// When it cannot be decompressed, or is none of the runtimes made here.
pub fn with_fault(code: &[u8], fault: Fault) -> Result<Vec<u8>, String> {
    let Some(compressed) = code.strip_prefix(&COMPRESSED) else {
        let mut wasm = code.to_vec();
        write(&mut wasm, fault)?;
        return Ok(wasm);
    };
    let mut wasm = Vec::new();
    zstd::Decoder::new(compressed)
        .and_then(|decoder| decoder.take(LARGEST).read_to_end(&mut wasm))
        .map_err(|e| format!("the runtime cannot be decompressed: {e}"))?;
    write(&mut wasm, fault)?;
    let packed = zstd::encode_all(wasm.as_slice(), 3)
        .map_err(|e| format!("the runtime cannot be compressed: {e}"))?;
    Ok([&COMPRESSED[..], &packed].concat())
}

fn write(wasm: &mut [u8], fault: Fault) -> Result<(), String> {
    let places: Vec<usize> = wasm
        .windows(MARK.len())
        .enumerate()
        .filter_map(|(at, bytes)| (bytes == MARK).then_some(at + MARK.len()))
        .collect();
    let [place] = places[..] else {
        return Err(format!(
            "expected the mark once in the runtime, found it {} times",
            places.len()
        ));
    };
    let digit = wasm
        .get_mut(place)
        .ok_or("the runtime ends with the mark")?;
    *digit = fault.digit();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Vec<u8> {
        [b"\0asm before ", MARK, b"0 after"].concat()
    }

    #[test]
    fn the_digit_is_written_in_the_form_in_which_the_runtime_came() {
        let plain = with_fault(&runtime(), Fault::BlocksPanic).unwrap();
        assert_eq!(plain, [b"\0asm before ", MARK, b"2 after"].concat());

        let packed = zstd::encode_all(runtime().as_slice(), 1).unwrap();
        let packed = [&COMPRESSED[..], &packed].concat();
        let faulty = with_fault(&packed, Fault::MigrationFails).unwrap();
        let mut unpacked = Vec::new();
        zstd::Decoder::new(faulty.strip_prefix(&COMPRESSED).unwrap())
            .unwrap()
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, [b"\0asm before ", MARK, b"1 after"].concat());
        let mended = with_fault(&plain, Fault::None).unwrap();
        assert_eq!(mended, runtime());
    }

    #[test]
    fn other_runtimes_are_refused() {
        assert!(with_fault(b"\0asm", Fault::None)
            .unwrap_err()
            .contains("0 times"));
        let twice = [runtime(), runtime()].concat();
        assert!(with_fault(&twice, Fault::None)
            .unwrap_err()
            .contains("2 times"));
    }
}
