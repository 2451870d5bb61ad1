//! Keystore files: an sr25519 key under a password, in the encrypted JSON form of Polkadot.js
//! (version 3), so that the same file opens there and here.
//!
//! The plain text is the PKCS#8 shape that Polkadot.js uses (header, 64-byte secret, divider, public
//! key); it is sealed with xsalsa20-poly1305 under a key that scrypt makes of the password.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{engine::general_purpose::STANDARD, Engine};
use crypto_secretbox::{
    aead::{Aead, KeyInit},
    Key, Nonce, XSalsa20Poly1305,
};
use noema_chain_client::{AccountId, SigningKey};
use rand::{rngs::OsRng, RngCore};
use schnorrkel::{ExpansionMode, MiniSecretKey};
use serde::{Deserialize, Serialize};
use subxt_signer::{bip39::Mnemonic, polkadot_js_compat};
use zeroize::{Zeroize, Zeroizing};

/// scrypt's parameters: those that every version of Polkadot.js takes (newer ones write a larger N as
/// well); 32 MiB of memory.
const SCRYPT_LOG_N: u8 = 15;
const SCRYPT_P: u32 = 1;
const SCRYPT_R: u32 = 8;
const SALT: usize = 32;
const NONCE: usize = 24;
/// Salt, three parameters of four bytes, nonce: what stands before the sealed bytes.
const HEADER: usize = SALT + 12 + NONCE;
/// Sealed bytes: the plain text and a tag of 16 bytes.
const SEALED: usize = 117 + 16;

const PKCS8_HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const PKCS8_DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];

/// No keystore file is larger, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Why a keystore file cannot be made or opened. Never contains a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeystoreError {
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{} exists already; keystore files are never overwritten, choose another name", .0.display())]
    Exists(PathBuf),
    #[error("{} is no keystore file: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    #[error("the password does not open {}", .0.display())]
    WrongPassword(PathBuf),
    #[error("that is neither a recovery phrase of 12 to 24 words nor 0x and 64 hex digits")]
    BadSecret,
}

/// A new or imported key before it is sealed.
pub(crate) struct Secret {
    mini: MiniSecretKey,
}

impl Secret {
    /// A fresh key and the phrase that recovers it, of 12 or 24 words.
    pub(crate) fn generate(words: usize) -> Result<(Self, Zeroizing<String>), KeystoreError> {
        // 4 bytes of entropy for every three words.
        let mut entropy = Zeroizing::new(vec![0_u8; words / 3 * 4]);
        OsRng.fill_bytes(&mut entropy);
        let mnemonic = Mnemonic::from_entropy(&entropy).map_err(|_| KeystoreError::BadSecret)?;
        let phrase = Zeroizing::new(mnemonic.to_string());
        Ok((Self::from_mnemonic(&mnemonic)?, phrase))
    }

    /// From a recovery phrase, or `0x` and 64 hex digits.
    pub(crate) fn parse(text: &str) -> Result<Self, KeystoreError> {
        let text = text.trim();
        if let Some(digits) = text.strip_prefix("0x") {
            let mut seed = Zeroizing::new([0_u8; 32]);
            hex::decode_to_slice(digits, &mut *seed).map_err(|_| KeystoreError::BadSecret)?;
            let mini = MiniSecretKey::from_bytes(&*seed).map_err(|_| KeystoreError::BadSecret)?;
            return Ok(Self { mini });
        }
        let words: Zeroizing<String> =
            Zeroizing::new(text.split_whitespace().collect::<Vec<_>>().join(" "));
        let mnemonic = Mnemonic::parse(words.as_str()).map_err(|_| KeystoreError::BadSecret)?;
        Self::from_mnemonic(&mnemonic)
    }

    fn from_mnemonic(mnemonic: &Mnemonic) -> Result<Self, KeystoreError> {
        let (mut entropy, len) = mnemonic.to_entropy_array();
        // Substrate hashes the entropy, not the words.
        let mini = substrate_bip39::mini_secret_from_entropy(&entropy[..len], "");
        entropy.zeroize();
        Ok(Self {
            mini: mini.map_err(|_| KeystoreError::BadSecret)?,
        })
    }

    /// Its account.
    pub(crate) fn account(&self) -> AccountId {
        AccountId(
            self.mini
                .expand_to_public(ExpansionMode::Ed25519)
                .to_bytes(),
        )
    }

    /// The sealed form.
    pub(crate) fn seal(&self, password: &str, name: &str) -> KeystoreFile {
        let pair = self.mini.expand_to_keypair(ExpansionMode::Ed25519);
        let mut plain = Zeroizing::new(Vec::with_capacity(117));
        plain.extend_from_slice(&PKCS8_HEADER);
        plain.extend_from_slice(&*Zeroizing::new(pair.secret.to_ed25519_bytes()));
        plain.extend_from_slice(&PKCS8_DIVIDER);
        plain.extend_from_slice(&pair.public.to_bytes());

        let mut salt = [0_u8; SALT];
        let mut nonce = [0_u8; NONCE];
        OsRng.fill_bytes(&mut salt);
        OsRng.fill_bytes(&mut nonce);
        let key = stretch(password, &salt);
        let sealed = XSalsa20Poly1305::new(&key)
            .encrypt(Nonce::from_slice(&nonce), plain.as_slice())
            .expect("117 bytes are within the cipher's limit");

        let mut encoded = Vec::with_capacity(HEADER + sealed.len());
        encoded.extend_from_slice(&salt);
        for parameter in [1_u32 << SCRYPT_LOG_N, SCRYPT_P, SCRYPT_R] {
            encoded.extend_from_slice(&parameter.to_le_bytes());
        }
        encoded.extend_from_slice(&nonce);
        encoded.extend_from_slice(&sealed);
        KeystoreFile {
            encoded: STANDARD.encode(encoded),
            encoding: Encoding::ours(),
            address: self.account(),
            meta: Meta {
                name: Some(name.to_owned()),
                when_created: Some(now_ms()),
            },
        }
    }
}

fn stretch(password: &str, salt: &[u8]) -> Key {
    let parameters = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, 32)
        .expect("the parameters are valid constants");
    let mut key = Key::default();
    scrypt::scrypt(password.as_bytes(), salt, &parameters, &mut key)
        .expect("32 bytes are a valid length");
    key
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A keystore file as it stands on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeystoreFile {
    encoded: String,
    encoding: Encoding,
    address: AccountId,
    #[serde(default)]
    meta: Meta,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Encoding {
    content: Vec<String>,
    r#type: Vec<String>,
    version: String,
}

impl Encoding {
    fn ours() -> Self {
        let strings = |all: [&str; 2]| all.map(str::to_owned).to_vec();
        Self {
            content: strings(["pkcs8", "sr25519"]),
            r#type: strings(["scrypt", "xsalsa20-poly1305"]),
            version: "3".into(),
        }
    }
}

/// What Polkadot.js shows beside the address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Meta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(
        default,
        rename = "whenCreated",
        skip_serializing_if = "Option::is_none"
    )]
    when_created: Option<u64>,
}

impl KeystoreFile {
    /// Its account, readable without the password.
    pub(crate) fn account(&self) -> AccountId {
        self.address
    }

    /// The name given to it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.meta.name.as_deref()
    }

    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, KeystoreError> {
        let io = |source| KeystoreError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        };
        let malformed = |reason: String| KeystoreError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let mut text = String::new();
        let read = File::open(path)
            .map_err(io)?
            .take(MAX_FILE + 1)
            .read_to_string(&mut text);
        match read {
            Ok(length) if length as u64 > MAX_FILE => {
                return Err(malformed(format!("it is larger than {MAX_FILE} bytes")));
            }
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                return Err(malformed("it is not text".into()));
            }
            Err(e) => return Err(io(e)),
        }
        let file: Self = serde_json::from_str(&text).map_err(|e| malformed(e.to_string()))?;
        file.check().map_err(malformed)?;
        Ok(file)
    }

    /// Everything that can be checked without the password.
    fn check(&self) -> Result<(), String> {
        let Encoding {
            content,
            r#type,
            version,
        } = &self.encoding;
        let has = |list: &[String], wanted: &str| list.iter().any(|entry| entry == wanted);
        if version != "3" {
            return Err(format!("expected encoding version 3, found {version}"));
        }
        if !has(content, "pkcs8") || !has(content, "sr25519") {
            return Err(format!(
                "expected a pkcs8 sr25519 key, found {}",
                content.join(" ")
            ));
        }
        if !has(r#type, "scrypt") || !has(r#type, "xsalsa20-poly1305") {
            return Err(format!(
                "expected encryption by scrypt and xsalsa20-poly1305, found {}; export it again \
                 with a password",
                r#type.join(" ")
            ));
        }
        let sealed = STANDARD
            .decode(&self.encoded)
            .map_err(|e| format!("`encoded`: {e}"))?;
        if sealed.len() != HEADER + SEALED {
            let expected = HEADER + SEALED;
            return Err(format!(
                "expected {expected} encoded bytes, found {}",
                sealed.len()
            ));
        }
        Ok(())
    }

    /// Opens it. `path` is for messages.
    pub(crate) fn open(&self, password: &str, path: &Path) -> Result<SigningKey, KeystoreError> {
        use polkadot_js_compat::Error;

        let text = serde_json::to_string(self).expect("a keystore file is JSON");
        match polkadot_js_compat::decrypt_json(&text, password) {
            Ok(pair) => Ok(SigningKey::from_pair(pair)),
            Err(Error::Secretbox(_)) => Err(KeystoreError::WrongPassword(path.to_owned())),
            Err(e) => Err(KeystoreError::Malformed {
                path: path.to_owned(),
                reason: e.to_string(),
            }),
        }
    }

    /// Writes it to a new file at `path`, readable by its owner only. The file appears complete or
    /// not at all, and an existing one is never replaced.
    pub(crate) fn write(&self, path: &Path) -> Result<(), KeystoreError> {
        let io = |source| KeystoreError::Io {
            what: "write",
            path: path.to_owned(),
            source,
        };
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        if path.symlink_metadata().is_ok() {
            return Err(KeystoreError::Exists(path.to_owned()));
        }
        // 0600 from its making on.
        let mut file = tempfile::Builder::new()
            .prefix(".noema-key-")
            .tempfile_in(dir)
            .map_err(io)?;
        serde_json::to_writer_pretty(&mut file, self).map_err(|e| io(e.into()))?;
        file.write_all(b"\n").map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist_noclobber(path)
            .map_err(|e| match e.error.kind() {
                io::ErrorKind::AlreadyExists => KeystoreError::Exists(path.to_owned()),
                _ => io(e.error),
            })?;
        fs::File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Exported by Polkadot.js for //Alice with the password `wonderland`.
    const ALICE: &str = r#"{
        "encoded": "eNjqQkJlylY6pVL6QgZgglsL1OLiAjkHtkp832p5ysIAAAIAAQAAAAgAAADjCuBbOv1UzoAbfn+TLOshrRYL5XK4qc3m+qsRXtiw3RoewduqdE6d31NED3PHy5oyJcGEXyDTfdOCD/pThqQHRgzzrndSW5RidyG52QZstrkUSNKOXUYZ4ZgJF1HGdLh8CGtgHAmAwFYSYnYdBRPOYa3DK/lxHVG+zRvhNHgHPP2q4daz+E9lzpBBvtdKfC35P13ABlLjWECQd1Fz",
        "encoding": { "content": ["pkcs8", "sr25519"], "type": ["scrypt", "xsalsa20-poly1305"], "version": "3" },
        "address": "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        "meta": {"name": "Alice"}
    }"#;
    const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

    #[test]
    fn a_file_of_polkadot_js_opens_here() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alice.json");
        fs::write(&path, ALICE).unwrap();
        let file = KeystoreFile::read(&path).unwrap();
        assert_eq!(file.name(), Some("Alice"));
        let key = file.open("wonderland", &path).unwrap();
        assert_eq!(key.account(), SigningKey::dev("Alice").unwrap().account());
        assert!(matches!(
            file.open("looking glass", &path),
            Err(KeystoreError::WrongPassword(_))
        ));
    }

    #[test]
    fn a_file_made_here_opens_with_the_reader_of_polkadot_js_files() {
        let secret = Secret::parse(PHRASE).unwrap();
        // The development phrase, as other tools derive it.
        let known = SigningKey::from_suri(PHRASE).unwrap();
        assert_eq!(secret.account(), known.account());

        let text = serde_json::to_string(&secret.seal("pässword", "mine")).unwrap();
        let pair = polkadot_js_compat::decrypt_json(&text, "pässword").unwrap();
        let key = SigningKey::from_pair(pair);
        assert_eq!(key.account(), known.account());
        let signature = key.sign(b"message");
        assert!(SigningKey::verify(&known.account(), b"message", &signature));
        assert!(polkadot_js_compat::decrypt_json(&text, "password").is_err());
    }

    #[test]
    fn the_file_has_the_fields_that_polkadot_js_writes() {
        let file = Secret::parse(PHRASE).unwrap().seal("x", "mine");
        let json = serde_json::to_value(&file).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(ALICE).unwrap();
        assert_eq!(json["encoding"], theirs["encoding"]);
        assert_eq!(json["meta"]["name"], "mine");
        assert!(json["meta"]["whenCreated"].is_u64());
        let ours = STANDARD.decode(json["encoded"].as_str().unwrap()).unwrap();
        let theirs = STANDARD
            .decode(theirs["encoded"].as_str().unwrap())
            .unwrap();
        assert_eq!(ours.len(), theirs.len());
        // Those that every version of Polkadot.js takes.
        let parameters: Vec<_> = ours[32..44].chunks(4).collect();
        assert_eq!(parameters, [32_768_u32, 1, 8].map(u32::to_le_bytes));
    }

    #[test]
    fn fresh_keys_differ_and_their_phrase_recovers_them() {
        let (one, phrase) = Secret::generate(12).unwrap();
        let (two, long) = Secret::generate(24).unwrap();
        assert_ne!(one.account(), two.account());
        assert_eq!(phrase.split(' ').count(), 12);
        assert_eq!(long.split(' ').count(), 24);
        assert_eq!(Secret::parse(&phrase).unwrap().account(), one.account());
        assert_eq!(
            SigningKey::from_suri(&long).unwrap().account(),
            two.account()
        );
    }

    #[test]
    fn a_seed_in_hex_is_the_key_other_tools_make_of_it() {
        let seed = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
        assert_eq!(
            Secret::parse(seed).unwrap().account(),
            SigningKey::from_suri(seed).unwrap().account()
        );
        for bad in [
            "",
            "0x12",
            "twelve words that are not a phrase at all no no no no",
        ] {
            assert!(
                matches!(Secret::parse(bad), Err(KeystoreError::BadSecret)),
                "{bad}"
            );
        }
    }

    #[test]
    fn files_are_private_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        let file = Secret::parse(PHRASE).unwrap().seal("x", "mine");
        file.write(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let before = fs::read(&path).unwrap();
        let other = Secret::generate(12).unwrap().0.seal("x", "other");
        assert!(matches!(other.write(&path), Err(KeystoreError::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), before);
        // Nothing else is left in the directory.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(KeystoreFile::read(&path).unwrap().open("x", &path).is_ok());
    }

    #[test]
    fn what_is_no_keystore_file_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.json");
        let short = ALICE.replace("eNjqQkJl", "");
        let unsealed = ALICE.replace("scrypt", "none");
        let other = ALICE.replace("sr25519", "ed25519");
        for text in [
            "",
            "{}",
            "\u{0}",
            &short,
            &unsealed,
            &other,
            &"x".repeat(100_000),
        ] {
            fs::write(&path, text).unwrap();
            let error = KeystoreFile::read(&path).unwrap_err();
            assert!(matches!(error, KeystoreError::Malformed { .. }), "{error}");
        }
        assert!(matches!(
            KeystoreFile::read(&dir.path().join("none")),
            Err(KeystoreError::Io { .. })
        ));
    }
}
