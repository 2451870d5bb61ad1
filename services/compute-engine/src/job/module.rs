//! Modules: what they may consist of, and what is made of them before they are compiled.

use std::ops::Range;

use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, Encoding, ExternalKind,
    Operator, Parser, Payload, TypeRef, ValType, Validator, WasmFeatures,
};

use super::{
    flow::Flow,
    host::{import_type, ABI},
    limits::{MAX_BODY, MAX_FUNCTIONS, MAX_MODULE, MAX_TABLE},
    stack,
};

/// Bytes of a page of memory.
const PAGE: u64 = 1 << 16;
/// Exports whose names begin like this are the runner's own.
pub(crate) const RESERVED: &str = "noema:";
/// The instructions that jobs consist of: WebAssembly 1.0 and those proposals whose results are fixed to the last bit and whose time is
/// bounded per instruction. Not among them are threads, relaxed SIMD (results differ between machines), bulk memory, reference types and
/// several results (one instruction of theirs may take any time: a branch moves all results of its block), tail calls and exceptions.
pub(crate) fn features() -> WasmFeatures {
    WasmFeatures::WASM1
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIMD
}

/// Why bytes are no job.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ModuleError {
    /// There are too many of them.
    #[error("the module is {found} bytes long, and a module has at most {MAX_MODULE}")]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// They are no WebAssembly module of the instructions that jobs may consist of.
    #[error("not a module of the instructions that jobs may consist of (target wasm32v1-none, simd128 allowed): {0}")]
    Invalid(String),
    /// It imports what the runner does not have.
    #[error("the module imports `{module}` `{name}`, which the runner does not have in this form: only functions of `{ABI}`")]
    Import {
        /// From where.
        module: String,
        /// What.
        name: String,
    },
    /// It has a start function: a job begins with `run`.
    #[error("the module has a start function; a job begins with its export `run`")]
    Start,
    /// An export that a job needs is missing or of another kind.
    #[error("the module does not export {0}")]
    Export(&'static str),
    /// It exports a name that belongs to the runner.
    #[error("the module exports `{0}`; names that begin with `{RESERVED}` are the runner's")]
    ReservedExport(String),
    /// A part of it is larger than may be.
    #[error("the module has {found} {what}, and at most {most} are allowed")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How much.
        found: u64,
        /// How much is allowed.
        most: u64,
    },
    /// A segment of its data or of its table does not fit into what it begins with.
    #[error("a segment of the module lies beyond {0} that it begins with")]
    Segment(&'static str),
    /// The compiler refused it.
    #[error("the module cannot be compiled: {0}")]
    Compile(String),
}

impl From<wasmparser::BinaryReaderError> for ModuleError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// A module that may be a job, with its calls counted.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What is compiled.
    pub(crate) code: Vec<u8>,
    /// Bytes of memory that it begins with.
    pub(crate) memory: u64,
}

/// What the checks learn of a module on the way.
#[derive(Default)]
struct Seen {
    types: Vec<Option<wasmparser::FuncType>>,
    imported: u32,
    functions: Vec<u32>,
    memory: Option<u64>,
    table: u64,
    run: Option<u32>,
    exports_memory: bool,
    bodies: usize,
    flow: Flow,
}

/// Checks that `bytes` are a job, and counts its calls.
pub(crate) fn check(bytes: &[u8]) -> Result<Checked, ModuleError> {
    if bytes.len() > MAX_MODULE {
        return Err(ModuleError::TooLong { found: bytes.len() });
    }
    Validator::new_with_features(features()).validate_all(bytes)?;
    let mut seen = Seen::default();
    for payload in Parser::new(0).parse_all(bytes) {
        seen.payload(payload?)?;
    }
    let run = seen.run.ok_or(ModuleError::Export("a function `run`"))?;
    if !seen.exports_memory {
        return Err(ModuleError::Export("its memory as `memory`"));
    }
    if !seen.is_run(run) {
        return Err(ModuleError::Export(
            "`run` as a function of its own without parameters and results",
        ));
    }
    Ok(Checked {
        code: stack::count_calls(bytes)?,
        memory: seen.memory.unwrap_or(0).saturating_mul(PAGE),
    })
}

impl Seen {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), ModuleError> {
        match payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Err(ModuleError::Invalid("a component".into())),
            Payload::TypeSection(types) => {
                for group in types {
                    for ty in group?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports {
                    let import = import?;
                    let known = match import.ty {
                        TypeRef::Func(ty) => self
                            .types
                            .get(ty as usize)
                            .is_some_and(|ty| is_import(import.module, import.name, ty.as_ref())),
                        _ => false,
                    };
                    if !known {
                        return Err(ModuleError::Import {
                            module: shown(import.module),
                            name: shown(import.name),
                        });
                    }
                    self.imported += 1;
                }
            }
            Payload::FunctionSection(functions) => {
                at_most("functions", functions.count().into(), MAX_FUNCTIONS.into())?;
                self.functions = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    self.table = table?.ty.initial;
                    at_most("entries in its table", self.table, MAX_TABLE)?;
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.memory = Some(memory?.initial);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.name.starts_with(RESERVED) {
                        return Err(ModuleError::ReservedExport(shown(export.name)));
                    }
                    match (export.name, export.kind) {
                        ("run", ExternalKind::Func) => self.run = Some(export.index),
                        ("memory", ExternalKind::Memory) => self.exports_memory = true,
                        _ => {}
                    }
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    let element = element?;
                    let len = match &element.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    };
                    if let ElementKind::Active { offset_expr, .. } = element.kind {
                        let fits = within(&offset_expr, len.into(), self.table)?;
                        fits.then_some(())
                            .ok_or(ModuleError::Segment("the table"))?;
                    }
                }
            }
            Payload::DataSection(segments) => {
                let memory = self.memory.unwrap_or(0).saturating_mul(PAGE);
                for data in segments {
                    let data = data?;
                    if let DataKind::Active { offset_expr, .. } = data.kind {
                        let fits = within(&offset_expr, data.data.len() as u64, memory)?;
                        fits.then_some(())
                            .ok_or(ModuleError::Segment("the memory"))?;
                    }
                }
            }
            Payload::StartSection { .. } => return Err(ModuleError::Start),
            Payload::CodeSectionEntry(body) => {
                let Range { start, end } = body.range();
                at_most(
                    "bytes in one function",
                    (end - start) as u64,
                    MAX_BODY as u64,
                )?;
                let ty = self.own_type(self.bodies);
                let parameters = ty.map_or(0, |ty| ty.params().len());
                self.flow.add(parameters, &body)?;
                self.bodies += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn is_run(&self, index: u32) -> bool {
        let own = index.checked_sub(self.imported);
        let ty = own.and_then(|own| self.own_type(own as usize));
        ty.is_some_and(|ty| ty.params().is_empty() && ty.results().is_empty())
    }

    /// The type of a function that is not imported.
    fn own_type(&self, index: usize) -> Option<&wasmparser::FuncType> {
        let ty = self.functions.get(index)?;
        self.types.get(*ty as usize)?.as_ref()
    }
}

fn is_import(module: &str, name: &str, ty: Option<&wasmparser::FuncType>) -> bool {
    let expected: Option<(&[ValType], &[ValType])> = import_type(name);
    module == ABI
        && ty
            .map(|ty| (ty.params(), ty.results()))
            .is_some_and(|ty| Some(ty) == expected)
}

/// Whether a segment that begins where `offset` says fits into a memory or table. Without imported globals, that is a constant.
fn within(offset: &ConstExpr<'_>, len: u64, size: u64) -> Result<bool, ModuleError> {
    match offset.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(u64::from(value as u32) + len <= size),
        _ => Err(ModuleError::Invalid(
            "a segment whose place is no constant".into(),
        )),
    }
}

pub(super) fn at_most(what: &'static str, found: u64, most: u64) -> Result<(), ModuleError> {
    match found > most {
        true => Err(ModuleError::TooLarge { what, found, most }),
        false => Ok(()),
    }
}

/// A name as it can be shown: any module may say anything.
fn shown(name: &str) -> String {
    name.chars()
        .take(64)
        .flat_map(char::escape_default)
        .collect()
}
