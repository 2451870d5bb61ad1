//! Calls made of the metadata alone: of every call that the runtime has or will have, with whatever arguments its types allow.

use codec::{Compact, Decode, Encode};
use frame_metadata::{v15::RuntimeMetadataV15, RuntimeMetadata, RuntimeMetadataPrefixed};
use noema_runtime::{Runtime, RuntimeCall};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefPrimitive, Variant};
use std::collections::{BTreeMap, BTreeSet};

/// What a call is made of.
pub(crate) struct Maker {
    types: PortableRegistry,
    /// The type of all calls.
    call: u32,
    /// What every number is: nothing, or as large as it can be.
    largest: bool,
    /// What is put wherever a call is taken.
    inner: Vec<u8>,
    /// Types that have a call somewhere in them.
    carriers: BTreeSet<u32>,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let metadata = sp_io::TestExternalities::new_empty()
            .execute_with(|| Runtime::metadata_at_version(15))
            .expect("the runtime makes this version");
        let metadata = RuntimeMetadataPrefixed::decode(&mut &metadata[..]).expect("it decodes");
        let RuntimeMetadata::V15(RuntimeMetadataV15 {
            types, outer_enums, ..
        }) = metadata.1
        else {
            panic!("version 15 was asked for");
        };
        let remark = frame_system::Call::remark { remark: vec![] };
        let mut maker = Self {
            call: outer_enums.call_enum_ty.id,
            types,
            largest: false,
            inner: RuntimeCall::System(remark).encode(),
            carriers: BTreeSet::new(),
        };
        maker.carriers = (0..u32::try_from(maker.types.types.len()).expect("there are not so many"))
            .filter(|id| maker.carries(*id, &mut BTreeSet::new()))
            .collect();
        maker
    }

    /// With every number as large as it can be.
    pub(crate) fn largest(mut self) -> Self {
        self.largest = true;
        self
    }

    /// Whether a type is that of calls, or has it within.
    fn carries(&self, id: u32, seen: &mut BTreeSet<u32>) -> bool {
        if id == self.call {
            return true;
        }
        if !seen.insert(id) {
            return false;
        }
        let parts: Vec<u32> = match &self.definition(id) {
            TypeDef::Composite(all) => all.fields.iter().map(|field| field.ty.id).collect(),
            TypeDef::Variant(all) => all.variants.iter().flat_map(field_types).collect(),
            TypeDef::Sequence(of) => vec![of.type_param.id],
            TypeDef::Array(of) => vec![of.type_param.id],
            TypeDef::Tuple(all) => all.fields.iter().map(|field| field.id).collect(),
            TypeDef::Compact(_) | TypeDef::Primitive(_) | TypeDef::BitSequence(_) => vec![],
        };
        parts.into_iter().any(|part| self.carries(part, seen))
    }

    fn definition(&self, id: u32) -> TypeDef<PortableForm> {
        let found = self.types.resolve(id).expect("metadata have their types");
        found.type_def.clone()
    }

    /// Every call by its name, and whether it takes calls.
    pub(crate) fn calls(&self) -> BTreeMap<String, (RuntimeCall, bool)> {
        let TypeDef::Variant(pallets) = self.definition(self.call) else {
            panic!("calls are an enum of pallets");
        };
        let mut made = BTreeMap::new();
        for pallet in pallets.variants {
            let TypeDef::Variant(calls) = self.definition(pallet.fields[0].ty.id) else {
                panic!("a pallet's calls are an enum");
            };
            for call in calls.variants {
                let carries = field_types(&call).any(|field| self.carriers.contains(&field));
                let mut bytes = vec![pallet.index];
                self.variant(&call, &mut bytes);
                let name = format!("{}::{}", pallet.name, call.name);
                let decoded = RuntimeCall::decode(&mut &bytes[..])
                    .unwrap_or_else(|error| panic!("{name} is not made of its types: {error}"));
                made.insert(name, (decoded, carries));
            }
        }
        made
    }

    /// Everything that takes a call, with this one in it.
    pub(crate) fn wrapped(&mut self, call: &RuntimeCall) -> Vec<(String, RuntimeCall)> {
        self.inner = call.encode();
        let wrappers = self.calls().into_iter();
        wrappers
            .filter(|(_, (_, carries))| *carries)
            .map(|(name, (wrapper, _))| (name, wrapper))
            .collect()
    }

    fn variant(&self, variant: &Variant<PortableForm>, into: &mut Vec<u8>) {
        into.push(variant.index);
        for field in &variant.fields {
            self.value(field.ty.id, into);
        }
    }

    /// A value of a type: of enums the first variant that takes a call, or else the first; of lists one entry if that takes a call, or else none.
    fn value(&self, id: u32, into: &mut Vec<u8>) {
        if id == self.call {
            into.extend_from_slice(&self.inner);
            return;
        }
        match self.definition(id) {
            TypeDef::Composite(all) => all.fields.iter().for_each(|f| self.value(f.ty.id, into)),
            TypeDef::Tuple(all) => all.fields.iter().for_each(|field| self.value(field.id, into)),
            TypeDef::Array(of) => (0..of.len).for_each(|_| self.value(of.type_param.id, into)),
            TypeDef::Sequence(of) => {
                let carries = self.carriers.contains(&of.type_param.id);
                Compact(u32::from(carries)).encode_to(into);
                if carries {
                    self.value(of.type_param.id, into);
                }
            }
            TypeDef::Variant(all) => {
                let takes_a_call =
                    |one: &&Variant<PortableForm>| field_types(one).any(|f| self.carriers.contains(&f));
                let chosen = all.variants.iter().find(takes_a_call);
                let chosen = chosen.or_else(|| all.variants.first());
                // An enum of nothing is in no call that can be made.
                if let Some(chosen) = chosen {
                    self.variant(chosen, into);
                }
            }
            TypeDef::Compact(of) => self.compact(of.type_param.id, into),
            TypeDef::Primitive(kind) => {
                let filler = if self.largest { 0xff } else { 0 };
                let bytes = match kind {
                    TypeDefPrimitive::Bool => return into.push(0),
                    TypeDefPrimitive::Str => return into.push(0),
                    other => size(&other),
                };
                into.resize(into.len() + bytes, filler);
            }
            TypeDef::BitSequence(_) => into.push(0),
        }
    }

    fn compact(&self, id: u32, into: &mut Vec<u8>) {
        let bytes = match self.definition(id) {
            TypeDef::Primitive(kind) if self.largest => size(&kind),
            // One field, itself compact; a list of nothing.
            TypeDef::Composite(all) if self.largest && all.fields.len() == 1 => {
                return self.compact(all.fields[0].ty.id, into);
            }
            _ => 0,
        };
        match bytes {
            0 => into.push(0),
            1 => Compact(u8::MAX).encode_to(into),
            2 => Compact(u16::MAX).encode_to(into),
            4 => Compact(u32::MAX).encode_to(into),
            8 => Compact(u64::MAX).encode_to(into),
            _ => Compact(u128::MAX).encode_to(into),
        }
    }
}

fn field_types(variant: &Variant<PortableForm>) -> impl Iterator<Item = u32> + '_ {
    variant.fields.iter().map(|field| field.ty.id)
}

/// Bytes of a number.
fn size(kind: &TypeDefPrimitive) -> usize {
    match kind {
        TypeDefPrimitive::U8 | TypeDefPrimitive::I8 => 1,
        TypeDefPrimitive::U16 | TypeDefPrimitive::I16 => 2,
        TypeDefPrimitive::U32 | TypeDefPrimitive::I32 | TypeDefPrimitive::Char => 4,
        TypeDefPrimitive::U64 | TypeDefPrimitive::I64 => 8,
        TypeDefPrimitive::U128 | TypeDefPrimitive::I128 => 16,
        _ => 32,
    }
}
