//! What files of signed messages have in common: numbers as decimal text, bytes as hex, errors that say where.

/// Why a text is not the signed message that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {what}: {reason}")]
pub struct JsonError {
    what: &'static str,
    reason: String,
}

impl JsonError {
    pub(crate) const fn new(what: &'static str, reason: String) -> Self {
        Self { what, reason }
    }
}

/// One form for one number: digits, without a sign and without zeros in front.
pub(crate) fn number<N: std::str::FromStr>(name: &str, text: &str) -> Result<N, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    text.parse()
        .ok()
        .filter(|_| digits && plain)
        .ok_or_else(|| {
            let bits = 8_usize.saturating_mul(size_of::<N>());
            format!(
                "{name}: expected a decimal number of at most {bits} bits as text, found {text:?}"
            )
        })
}

pub(crate) fn hexed(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

pub(crate) fn bytes<const N: usize>(name: &str, text: &str) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode_to_slice(digits, &mut bytes)
        .map(|()| bytes)
        .map_err(|_| format!("{name}: expected {} hex digits", N.saturating_mul(2)))
}
