//! For fuzz targets only (`cfg(fuzzing)`): decoders that nobody else needs.

/// The rows that `?index=` of a request to a seat names, if it holds them.
pub fn row_indices(text: &str, held: &[u16]) -> Option<Vec<u16>> {
    crate::seat::row_indices(text, |row| held.binary_search(&row).is_ok()).ok()
}
