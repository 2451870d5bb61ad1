//! Bounds the depth of calls by what a module says, not by how a machine lays out its stack.
//!
//! How much stack compiled code takes differs between processors, so that the same recursion would end here and not there. Therefore every
//! function counts: at its begin it adds its cost to a global, at its end it takes it off again, and above the bound it traps. The body
//! becomes a block, so that all ways out of it lead past the end; a `return` becomes a branch out of that block.
//!
//! Nothing else of a module is changed, but custom sections are left out.

use wasm_encoder::{BlockType, ConstExpr, Encode, Function, GlobalType, Instruction, RawSection};
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser, Payload, ValType};

use super::{limits::STACK_UNITS, module::ModuleError};

/// The global that counts, as the runner finds it.
pub(crate) const DEPTH: &str = "noema:depth";

/// Numbers of sections (WebAssembly core specification, 5.5.2).
const GLOBAL: u8 = 6;
const EXPORT: u8 = 7;
const CODE: u8 = 10;

/// The module with its calls counted. `bytes` is a valid module without imported globals, with exports and types.
pub(crate) fn count_calls(bytes: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let layout = Layout::of(bytes)?;
    let mut out = wasm_encoder::Module::new();
    let mut globals_written = false;
    let mut code = wasm_encoder::CodeSection::new();
    let mut bodies = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::CodeSectionEntry(body) = &payload {
            code.function(&layout.counted(bodies, body)?);
            bodies += 1;
            if bodies == layout.functions.len() {
                out.section(&code);
            }
            continue;
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let content = bytes.get(range).unwrap_or_default();
        if id >= EXPORT && !globals_written {
            globals_written = true;
            section(&mut out, GLOBAL, 1, &counter());
        }
        match id {
            GLOBAL => {
                globals_written = true;
                appended(&mut out, GLOBAL, content, 1, &counter())?;
            }
            EXPORT => appended(&mut out, EXPORT, content, 1, &export(layout.globals))?,
            // Custom sections say nothing that counts; bodies come one by one.
            0 | CODE => {}
            _ => {
                out.section(&RawSection { id, data: content });
            }
        }
    }
    Ok(out.finish())
}

/// What of a module decides how its functions are written.
struct Layout {
    /// How many parameters each type has, and its result.
    types: Vec<(usize, Option<ValType>)>,
    /// The type of each function that is not imported.
    functions: Vec<u32>,
    globals: u32,
}

impl Layout {
    fn of(bytes: &[u8]) -> Result<Self, ModuleError> {
        let mut layout = Self {
            types: Vec::new(),
            functions: Vec::new(),
            globals: 0,
        };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(types) => {
                    for group in types {
                        for ty in group?.into_types() {
                            let ty = ty.unwrap_func();
                            let result = ty.results().first().copied();
                            layout.types.push((ty.params().len(), result));
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    layout.functions = functions.into_iter().collect::<Result<_, _>>()?;
                }
                Payload::GlobalSection(globals) => layout.globals = globals.count(),
                _ => {}
            }
        }
        Ok(layout)
    }

    /// The function's body, counting.
    fn counted(&self, index: usize, body: &FunctionBody<'_>) -> Result<Function, ModuleError> {
        let ty = self
            .functions
            .get(index)
            .and_then(|ty| self.types.get(*ty as usize));
        let (parameters, result) = ty.ok_or_else(unknown)?;
        let mut locals = Vec::new();
        let mut values = *parameters as u64;
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            values += u64::from(count);
            locals.push((count, encoded(ty)));
        }
        let mut instructions = 0;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            operators.read()?;
            instructions += 1;
        }
        // Below 2^31, since a body has at most 2^17 bytes and locals are at most 50,000.
        let cost = (8 + values + instructions / 4) as i32;

        // Without several results, each type of a block can be written in place.
        let whole = result.map_or(BlockType::Empty, |ty| BlockType::Result(encoded(ty)));
        let mut out = Function::new(locals);
        out.instruction(&Instruction::GlobalGet(self.globals))
            .instruction(&Instruction::I32Const(cost))
            .instruction(&Instruction::I32Add)
            .instruction(&Instruction::GlobalSet(self.globals))
            .instruction(&Instruction::GlobalGet(self.globals))
            .instruction(&Instruction::I32Const(STACK_UNITS as i32))
            .instruction(&Instruction::I32GtU)
            .instruction(&Instruction::If(BlockType::Empty))
            .instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End)
            .instruction(&Instruction::Block(whole));
        self.copy(body, &mut out)?;
        out.instruction(&Instruction::GlobalGet(self.globals))
            .instruction(&Instruction::I32Const(cost))
            .instruction(&Instruction::I32Sub)
            .instruction(&Instruction::GlobalSet(self.globals))
            .instruction(&Instruction::End);
        Ok(out)
    }

    /// Copies the instructions; the last `end` becomes the block's.
    fn copy(&self, body: &FunctionBody<'_>, out: &mut Function) -> Result<(), ModuleError> {
        let mut operators = body.get_operators_reader()?;
        let bytes = operators.get_binary_reader();
        let base = bytes.original_position();
        let mut bytes = BinaryReader::new(bytes.clone().read_bytes(bytes.bytes_remaining())?, base);
        // Blocks that are open within the body.
        let mut depth = 0u32;
        while !operators.eof() {
            let begin = operators.original_position();
            let operator = operators.read()?;
            let raw = bytes.read_bytes(operators.original_position() - begin)?;
            match operator {
                Operator::Return => {
                    out.instruction(&Instruction::Br(depth));
                    continue;
                }
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            out.raw(raw.iter().copied());
        }
        Ok(())
    }
}

/// A mutable `i32` that begins at 0, as an entry of the global section.
fn counter() -> Vec<u8> {
    let mut out = Vec::new();
    GlobalType {
        val_type: wasm_encoder::ValType::I32,
        mutable: true,
        shared: false,
    }
    .encode(&mut out);
    ConstExpr::i32_const(0).encode(&mut out);
    out
}

/// The counter's export, as an entry of the export section.
fn export(global: u32) -> Vec<u8> {
    let mut out = Vec::new();
    DEPTH.encode(&mut out);
    wasm_encoder::ExportKind::Global.encode(&mut out);
    global.encode(&mut out);
    out
}

fn section(out: &mut wasm_encoder::Module, id: u8, count: u32, entries: &[u8]) {
    let mut data = Vec::new();
    count.encode(&mut data);
    data.extend_from_slice(entries);
    out.section(&RawSection { id, data: &data });
}

/// Writes a section with `more` entries behind those of `content`.
fn appended(
    out: &mut wasm_encoder::Module,
    id: u8,
    content: &[u8],
    more: u32,
    entries: &[u8],
) -> Result<(), ModuleError> {
    let mut reader = BinaryReader::new(content, 0);
    let count = reader.read_var_u32()?;
    let before = reader.read_bytes(reader.bytes_remaining())?;
    section(
        out,
        id,
        count.saturating_add(more),
        &[before, entries].concat(),
    );
    Ok(())
}

fn encoded(ty: ValType) -> wasm_encoder::ValType {
    match ty {
        ValType::I32 => wasm_encoder::ValType::I32,
        ValType::I64 => wasm_encoder::ValType::I64,
        ValType::F32 => wasm_encoder::ValType::F32,
        ValType::F64 => wasm_encoder::ValType::F64,
        ValType::V128 => wasm_encoder::ValType::V128,
        // Tables alone hold these: without reference types no local or result does.
        ValType::Ref(_) => wasm_encoder::ValType::FUNCREF,
    }
}

fn unknown() -> ModuleError {
    ModuleError::Invalid("a function of a type that there is not".into())
}
