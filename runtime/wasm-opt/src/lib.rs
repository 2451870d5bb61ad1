#![doc = include_str!("../README.md")]

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// What is to be done to a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pass {
    /// Leave out the sections with debugging information.
    StripDwarf,
    /// Have no instruction that extends the sign of a part of an integer: such a module is refused.
    SignextLowering,
}

/// What is to be done, in the words of the crate in whose place this stands.
#[derive(Clone, Debug, Default)]
pub struct OptimizationOptions {
    passes: Vec<Pass>,
}

/// Why a module was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizationError {
    /// A file cannot be read or written.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is damaged, or needs more than WebAssembly 1.0.
    #[error("{path} is not a module of WebAssembly 1.0: {source}; runtimes are compiled for the target wasm32v1-none")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: wasmparser::BinaryReaderError,
    },
}

impl OptimizationOptions {
    /// Nothing but the passes that are added.
    #[must_use]
    pub fn new_opt_level_0() -> Self {
        Self::default()
    }

    /// WebAssembly 1.0 and no more, which is all that is accepted in any case.
    pub fn mvp_features_only(&mut self) -> &mut Self {
        self
    }

    /// Names of functions stay in any case.
    pub fn debug_info(&mut self, _keep: bool) -> &mut Self {
        self
    }

    /// Adds a pass.
    pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
        self.passes.push(pass);
        self
    }

    /// Writes what the passes make of the module in the file `from` to the file `to`, which may be the same.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the module is none of WebAssembly 1.0. Nothing is written then.
    pub fn run(
        &self,
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
    ) -> Result<(), OptimizationError> {
        let (from, to) = (from.as_ref(), to.as_ref());
        let module = fs::read(from).map_err(|source| OptimizationError::Io {
            what: "read",
            path: from.to_owned(),
            source,
        })?;
        let invalid = |source| OptimizationError::Invalid {
            path: from.to_owned(),
            source,
        };
        Validator::new_with_features(WasmFeatures::WASM1)
            .validate_all(&module)
            .map_err(invalid)?;
        let module = if self.passes.contains(&Pass::StripDwarf) {
            without_dwarf(&module).map_err(invalid)?
        } else {
            module
        };
        fs::write(to, module).map_err(|source| OptimizationError::Io {
            what: "write",
            path: to.to_owned(),
            source,
        })
    }
}

/// The module without the custom sections of DWARF and their relocations.
fn without_dwarf(module: &[u8]) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    let mut stripped = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let is_dwarf = matches!(&payload, Payload::CustomSection(section)
            if [".debug_", "reloc..debug_"].iter().any(|dwarf| section.name().starts_with(dwarf)));
        if is_dwarf {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            // The parser has been there.
            let data = module.get(range).unwrap_or_default();
            stripped.section(&RawSection { id, data });
        }
    }
    Ok(stripped.finish())
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, CustomSection, ExportKind, ExportSection, Function, FunctionSection,
        InstructionSink, TypeSection, ValType,
    };

    use super::*;

    /// A module with one function of an integer, and custom sections of these names.
    fn module(body: impl Fn(&mut InstructionSink<'_>), sections: &[&str]) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], [ValType::I32]);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut exports = ExportSection::new();
        exports.export("f", ExportKind::Func, 0);
        let mut code = CodeSection::new();
        let mut function = Function::new([]);
        body(&mut function.instructions());
        code.function(&function);
        module
            .section(&types)
            .section(&functions)
            .section(&exports)
            .section(&code);
        for name in sections {
            module.section(&CustomSection {
                name: (*name).into(),
                data: name.as_bytes().into(),
            });
        }
        module.finish()
    }

    fn same(body: &mut InstructionSink<'_>) {
        body.local_get(0).end();
    }

    fn run(module: &[u8]) -> Result<Vec<u8>, OptimizationError> {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, module).unwrap();
        let result = OptimizationOptions::new_opt_level_0()
            .mvp_features_only()
            .debug_info(true)
            .add_pass(Pass::StripDwarf)
            .add_pass(Pass::SignextLowering)
            .run(&from, &to);
        assert_eq!(result.is_ok(), to.exists(), "written only when it is right");
        result.map(|()| fs::read(&to).unwrap())
    }

    #[test]
    fn debugging_information_goes_and_everything_else_stays() {
        let names = ["runtime_version", "name", "producers", "runtime_apis"];
        let clean = module(same, &names);
        let mixed = module(
            same,
            &[
                ".debug_info",
                "runtime_version",
                "name",
                ".debug_str",
                "producers",
                "reloc..debug_line",
                "runtime_apis",
            ],
        );
        assert_eq!(run(&mixed).unwrap(), clean);
        assert_eq!(run(&clean).unwrap(), clean);
    }

    #[test]
    fn a_module_that_needs_more_than_every_client_has_is_refused() {
        let extending = module(
            |body| {
                body.local_get(0).i32_extend8_s().end();
            },
            &[],
        );
        let error = run(&extending).unwrap_err().to_string();
        assert!(error.contains("sign extension"), "{error}");
    }

    #[test]
    fn damaged_modules_are_refused() {
        let whole = module(same, &["name"]);
        let mut refused = 0;
        for end in 0..whole.len() {
            // A module may end between two sections.
            match run(&whole[..end]) {
                Ok(written) => assert_eq!(written, whole[..end]),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > whole.len() / 2, "{refused} of {}", whole.len());
        assert!(matches!(
            OptimizationOptions::new_opt_level_0().run("no such file", "nowhere"),
            Err(OptimizationError::Io { what: "read", .. })
        ));
    }
}
