//! A runtime in the tests' own language: its "code" is a description of what it does.

use codec::{Compact, Decode, Encode};
use frame_metadata::{
    v14::{
        ExtrinsicMetadata, PalletCallMetadata, PalletConstantMetadata, PalletErrorMetadata,
        PalletMetadata, PalletStorageMetadata, RuntimeMetadataV14, StorageEntryMetadata,
        StorageEntryModifier, StorageEntryType, StorageHasher,
    },
    RuntimeMetadataPrefixed,
};
use noema_core::{Hash, Header};
use scale_info::{meta_type, MetaType, TypeInfo};
use sp_core::{
    storage::{well_known_keys, StateVersion},
    traits::{CallContext, CodeExecutor, Externalities, ReadRuntimeVersion, RuntimeCode},
};
use sp_crypto_hashing::{blake2_256, twox_64};
use sp_runtime::{
    traits::{BlakeTwo256, Header as _},
    ApplyExtrinsicResult, Digest, DispatchError, ExtrinsicInclusionMode, ModuleError,
};
use sp_state_machine::InMemoryBackend;
use sp_version::RuntimeVersion;

use crate::{
    metadata::key,
    state::{State, Values},
};

/// Weight of a full block, in picoseconds.
pub(crate) const FULL: u64 = 500_000_000_000;
/// Call index of `System.apply_authorized_upgrade`.
const APPLY: u8 = 11;
/// Index of `System.MultiBlockMigrationsOngoing`.
const ONGOING: u8 = 7;

/// Keys and what is written there; nothing removes the key.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);

/// What a runtime does.
#[derive(Clone, Debug, Encode, Decode)]
pub(crate) struct Code {
    pub(crate) spec_name: String,
    pub(crate) spec_version: u32,
    /// Whether the client lacks what it imports.
    pub(crate) starts: bool,
    /// Type of the values in `Things.Map`.
    pub(crate) things: Things,
    /// What the migration in the first block writes.
    pub(crate) first: Vec<Write>,
    /// Whether the first block traps.
    pub(crate) traps: bool,
    /// Weight of the first block.
    pub(crate) weight: u64,
    /// What a migration over several blocks writes, block by block.
    pub(crate) steps: Vec<Vec<Write>>,
    /// How that migration ends.
    pub(crate) end: End,
    /// What its own checks say, if it has any.
    pub(crate) checks: Option<Result<(), String>>,
}

/// Type of a storage entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Things {
    U32,
    U64,
    Gone,
}

/// How a migration ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum End {
    Done,
    Stuck,
    Never,
    /// It fails, and the chain goes on nevertheless.
    Fails,
}

impl Code {
    pub(crate) fn version(spec_version: u32) -> Self {
        Self {
            spec_name: "noema".into(),
            spec_version,
            starts: true,
            things: Things::U32,
            first: Vec::new(),
            traps: false,
            weight: FULL / 10,
            steps: Vec::new(),
            end: End::Done,
            checks: None,
        }
    }
}

/// Key of a value in `Things.Map`.
pub(crate) fn thing(id: u32) -> Vec<u8> {
    let id = id.encode();
    [&key("Things", "Map")[..], &twox_64(&id), &id].concat()
}

/// The state of a chain that runs `code` and holds two things, and more if given.
pub(crate) fn state(code: &Code, more: &[(Vec<u8>, Vec<u8>)]) -> State {
    let mut top = Values::from([
        (well_known_keys::CODE.to_vec(), code.encode()),
        (key("Babe", "CurrentSlot"), 1_000_u64.encode()),
        (key("Mock", "Ran"), code.spec_version.encode()),
        (thing(1), 1_u32.encode()),
        (thing(2), 2_u32.encode()),
    ]);
    top.extend(more.iter().cloned());
    let backend = InMemoryBackend::<BlakeTwo256>::from((top.clone(), StateVersion::V1));
    State {
        genesis: Hash::repeat_byte(9),
        header: header(50, *backend.root()),
        top,
        children: Default::default(),
    }
}

pub(crate) fn header(number: u32, state_root: Hash) -> Header {
    Header::new(
        number,
        Hash::zero(),
        state_root,
        Hash::repeat_byte(2),
        Digest::default(),
    )
}

/// Executes [`Code`].
#[derive(Clone)]
pub(crate) struct Mock;

impl ReadRuntimeVersion for Mock {
    fn read_runtime_version(&self, _: &[u8], _: &mut dyn Externalities) -> Result<Vec<u8>, String> {
        Err("not asked for".into())
    }
}

impl CodeExecutor for Mock {
    type Error = String;

    fn call(
        &self,
        ext: &mut dyn Externalities,
        code: &RuntimeCode<'_>,
        method: &str,
        data: &[u8],
        _: CallContext,
    ) -> (Result<Vec<u8>, String>, bool) {
        let bytes = code.code_fetcher.fetch_runtime_code().unwrap();
        let answer = match Code::decode(&mut &bytes[..]) {
            Ok(code) if code.starts => call(&code, ext, method, data),
            _ => Err("it imports what the client lacks".into()),
        };
        (answer, true)
    }
}

fn call(
    code: &Code,
    ext: &mut dyn Externalities,
    method: &str,
    data: &[u8],
) -> Result<Vec<u8>, String> {
    match method {
        "Core_version" => Ok(RuntimeVersion {
            spec_name: code.spec_name.clone().into(),
            spec_version: code.spec_version,
            system_version: 3,
            ..Default::default()
        }
        .encode()),
        "Metadata_metadata" => Ok(metadata(code.things).encode()),
        "BabeApi_configuration" => Ok(1_000_u64.encode()),
        "Core_initialize_block" => initialize(code, ext, data),
        "BlockBuilder_inherent_extrinsics" => Ok(vec![vec![4_u8, 1, 0]].encode()),
        "BlockBuilder_apply_extrinsic" => Ok(apply(ext, data).encode()),
        "BlockBuilder_finalize_block" => finalize(code, ext),
        "TryRuntime_on_runtime_upgrade" => match &code.checks {
            Some(Ok(())) => Ok(Vec::new()),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err("no such function".into()),
        },
        "TryRuntime_execute_block" => Ok(Vec::new()),
        other => Err(format!("no function {other}")),
    }
}

fn read<T: Decode>(ext: &mut dyn Externalities, key: &[u8]) -> Option<T> {
    T::decode(&mut &ext.storage(key)?[..]).ok()
}

fn write(ext: &mut dyn Externalities, writes: &[Write]) {
    for (key, value) in writes {
        ext.place_storage(key.clone(), value.clone());
    }
}

fn initialize(code: &Code, ext: &mut dyn Externalities, data: &[u8]) -> Result<Vec<u8>, String> {
    let header = Header::decode(&mut &data[..]).unwrap();
    ext.place_storage(key("Mock", "Header"), Some(header.encode()));
    ext.place_storage(key("System", "Events"), None);
    let slot: u64 = read(ext, &key("Babe", "CurrentSlot")).unwrap();
    ext.place_storage(key("Babe", "CurrentSlot"), Some((slot + 1).encode()));
    let mut weight = FULL / 10;
    if read::<u32>(ext, &key("Mock", "Ran")) != Some(code.spec_version) {
        if code.traps {
            return Err("panicked at migration.rs".into());
        }
        ext.place_storage(key("Mock", "Ran"), Some(code.spec_version.encode()));
        write(ext, &code.first);
        weight = code.weight;
        if !code.steps.is_empty() {
            let cursor = (0_u8, 0_u32, Some(0_u32.encode()), 0_u32);
            ext.place_storage(key("Migrations", "Cursor"), Some(cursor.encode()));
        }
    }
    let weights = [weight, 0, 0, 0, 0, 0].map(Compact);
    ext.place_storage(key("System", "BlockWeight"), Some(weights.encode()));
    let mode = match ext.storage(&key("Migrations", "Cursor")) {
        Some(_) => ExtrinsicInclusionMode::OnlyInherents,
        None => ExtrinsicInclusionMode::AllExtrinsics,
    };
    Ok(mode.encode())
}

fn apply(ext: &mut dyn Externalities, data: &[u8]) -> ApplyExtrinsicResult {
    let extrinsic = Vec::<u8>::decode(&mut &data[..]).unwrap();
    let [4, 0, APPLY, ref code @ ..] = extrinsic[..] else {
        return Ok(Ok(()));
    };
    let code = Vec::<u8>::decode(&mut &code[..]).unwrap();
    let authorized = read::<(Hash, bool)>(ext, &key("System", "AuthorizedUpgrade"));
    assert_eq!(authorized, Some((blake2_256(&code).into(), true)));
    if ext.storage(&key("Migrations", "Cursor")).is_some() {
        return Ok(Err(DispatchError::Module(ModuleError {
            index: 0,
            error: [ONGOING, 0, 0, 0],
            message: None,
        })));
    }
    ext.place_storage(key("System", "AuthorizedUpgrade"), None);
    ext.place_storage(well_known_keys::PENDING_CODE.to_vec(), Some(code));
    Ok(Ok(()))
}

fn finalize(code: &Code, ext: &mut dyn Externalities) -> Result<Vec<u8>, String> {
    let cursor = key("Migrations", "Cursor");
    if let Some((0_u8, _, Some(done), _)) = read::<(u8, u32, Option<Vec<u8>>, u32)>(ext, &cursor) {
        let done = u32::decode(&mut &done[..]).unwrap();
        match (code.steps.get(done as usize), code.end) {
            (Some(step), _) => {
                write(ext, step);
                let next = (0_u8, 0_u32, Some((done + 1).encode()), 0_u32);
                ext.place_storage(cursor, Some(next.encode()));
            }
            (None, End::Never) => {}
            (None, End::Stuck) => ext.place_storage(cursor, Some(vec![1])),
            (None, End::Done) => ext.place_storage(cursor, None),
            (None, End::Fails) => {
                ext.place_storage(cursor, None);
                let event = Record {
                    event: Event::Migrations(MigrationsEvent::MigrationFailed { index: 0 }),
                };
                ext.place_storage(key("System", "Events"), Some(vec![event].encode()));
            }
        }
    }
    if let Some(pending) = ext.storage(well_known_keys::PENDING_CODE) {
        ext.place_storage(well_known_keys::PENDING_CODE.to_vec(), None);
        ext.place_storage(well_known_keys::CODE.to_vec(), Some(pending));
    }
    let mut header: Header = read(ext, &key("Mock", "Header")).unwrap();
    let root = ext.storage_root(StateVersion::V1);
    header.set_state_root(Hash::from_slice(&root));
    Ok(header.encode())
}

#[derive(Encode, TypeInfo)]
struct Record {
    event: Event,
}

#[derive(Encode, TypeInfo)]
enum Event {
    Migrations(MigrationsEvent),
}

#[derive(Encode, TypeInfo)]
enum MigrationsEvent {
    MigrationFailed { index: u32 },
}

#[derive(TypeInfo)]
#[allow(dead_code, non_camel_case_types)]
enum Call {
    #[codec(index = 11)]
    apply_authorized_upgrade { code: Vec<u8> },
}

#[derive(TypeInfo)]
#[allow(dead_code)]
enum Error {
    /// A migration is under way.
    #[codec(index = 7)]
    MultiBlockMigrationsOngoing,
}

/// As `Metadata_metadata` answers.
fn metadata(things: Things) -> Vec<u8> {
    let plain = |name, ty: MetaType| entry(name, StorageEntryType::Plain(ty));
    let map = |name, value: MetaType| {
        let ty = StorageEntryType::Map {
            hashers: vec![StorageHasher::Twox64Concat],
            key: meta_type::<u32>(),
            value,
        };
        entry(name, ty)
    };
    let things = match things {
        Things::U32 => vec![map("Map", meta_type::<u32>())],
        Things::U64 => vec![map("Map", meta_type::<u64>())],
        Things::Gone => Vec::new(),
    };
    let mut system = pallet(
        "System",
        0,
        vec![plain("Events", meta_type::<Vec<Record>>())],
    );
    system.calls = Some(PalletCallMetadata {
        ty: meta_type::<Call>(),
    });
    system.error = Some(PalletErrorMetadata {
        ty: meta_type::<Error>(),
    });
    system.constants = vec![PalletConstantMetadata {
        name: "BlockWeights",
        ty: meta_type::<()>(),
        value: [0, 0, FULL, 0].map(Compact).encode(),
        docs: Vec::new(),
    }];
    let pallets = vec![
        system,
        pallet("Babe", 1, vec![plain("CurrentSlot", meta_type::<u64>())]),
        pallet("Things", 2, things),
        pallet(
            "Migrations",
            3,
            vec![
                plain("Cursor", meta_type::<(u8, u32, Option<Vec<u8>>, u32)>()),
                map("Historic", meta_type::<()>()),
            ],
        ),
    ];
    let extrinsic = ExtrinsicMetadata {
        ty: meta_type::<()>(),
        version: 4,
        signed_extensions: Vec::new(),
    };
    let metadata = RuntimeMetadataV14::new(pallets, extrinsic, meta_type::<()>());
    RuntimeMetadataPrefixed::from(metadata).encode()
}

fn pallet(name: &'static str, index: u8, entries: Vec<StorageEntryMetadata>) -> PalletMetadata {
    PalletMetadata {
        name,
        storage: Some(PalletStorageMetadata {
            prefix: name,
            entries,
        }),
        calls: None,
        event: None,
        constants: Vec::new(),
        error: None,
        index,
    }
}

fn entry(name: &'static str, ty: StorageEntryType) -> StorageEntryMetadata {
    StorageEntryMetadata {
        name,
        modifier: StorageEntryModifier::Optional,
        ty,
        default: Vec::new(),
        docs: Vec::new(),
    }
}
