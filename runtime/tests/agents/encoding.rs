//! Calls made of the metadata alone: every call that the runtime has or will have, with arguments that its types allow.

use codec::{Compact, Decode, Encode};
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use noema_runtime::{Runtime, RuntimeCall};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef, TypeDefPrimitive, Variant};
use std::collections::{BTreeMap, BTreeSet};

/// What calls are made of.
pub(crate) struct Maker {
    types: PortableRegistry,
    /// The type of all calls.
    call: u32,
    /// Types that are it, or have it within.
    carriers: BTreeSet<u32>,
}

/// What a value is filled with.
#[derive(Clone, Copy)]
struct Filling<'a> {
    /// Stands wherever a call is taken.
    inner: &'a [u8],
    /// Every number is as large as it can be, and not zero.
    largest: bool,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let metadata = sp_io::TestExternalities::new_empty()
            .execute_with(|| Runtime::metadata_at_version(15))
            .expect("the runtime makes this version");
        let metadata = RuntimeMetadataPrefixed::decode(&mut &metadata[..]).expect("it decodes");
        let RuntimeMetadata::V15(metadata) = metadata.1 else {
            panic!("version 15 was asked for");
        };
        let mut maker = Self {
            call: metadata.outer_enums.call_enum_ty.id,
            types: metadata.types,
            carriers: BTreeSet::new(),
        };
        let ids = maker.types.types.iter().map(|known| known.id);
        maker.carriers = ids
            .filter(|id| maker.carries(*id, &mut BTreeSet::new()))
            .collect();
        maker
    }

    /// Whether a type is that of calls, or has it within.
    fn carries(&self, id: u32, seen: &mut BTreeSet<u32>) -> bool {
        if id == self.call {
            return true;
        }
        if !seen.insert(id) {
            return false;
        }
        let parts: Vec<u32> = match self.definition(id) {
            TypeDef::Composite(all) => all.fields.iter().map(|field| field.ty.id).collect(),
            TypeDef::Variant(all) => all.variants.iter().flat_map(field_types).collect(),
            TypeDef::Sequence(of) => vec![of.type_param.id],
            TypeDef::Array(of) => vec![of.type_param.id],
            TypeDef::Tuple(all) => all.fields.iter().map(|field| field.id).collect(),
            TypeDef::Compact(_) | TypeDef::Primitive(_) | TypeDef::BitSequence(_) => vec![],
        };
        parts.into_iter().any(|part| self.carries(part, seen))
    }

    fn definition(&self, id: u32) -> &TypeDef<PortableForm> {
        let found = self.types.resolve(id).expect("metadata have their types");
        &found.type_def
    }

    /// Pallets and their calls.
    fn variants(&self) -> impl Iterator<Item = (&Variant<PortableForm>, &Variant<PortableForm>)> {
        let TypeDef::Variant(pallets) = self.definition(self.call) else {
            panic!("calls are an enum of pallets");
        };
        pallets.variants.iter().flat_map(|pallet| {
            let TypeDef::Variant(calls) = self.definition(pallet.fields[0].ty.id) else {
                panic!("a pallet's calls are an enum");
            };
            calls.variants.iter().map(move |call| (pallet, call))
        })
    }

    /// Every call by its name, and whether it takes calls. With the least numbers, or the largest as far as these decode.
    pub(crate) fn calls(&self, largest: bool) -> BTreeMap<String, (RuntimeCall, bool)> {
        let remark = frame_system::Call::remark { remark: vec![] };
        let inner = RuntimeCall::System(remark).encode();
        let made = self.variants().map(|(pallet, call)| {
            let made = [largest, false]
                .into_iter()
                .find_map(|largest| {
                    let inner = &inner;
                    self.make(pallet, call, Filling { inner, largest })
                })
                .unwrap_or_else(|| panic!("{}::{} is not made", pallet.name, call.name));
            (name(pallet, call), (made, self.takes_a_call(call)))
        });
        made.collect()
    }

    /// Everything that takes a call, with this one in it.
    pub(crate) fn wrapped(&self, call: &RuntimeCall) -> Vec<(String, RuntimeCall)> {
        let inner = &call.encode();
        let largest = false;
        self.variants()
            .filter(|(_, wrapper)| self.takes_a_call(wrapper))
            .map(|(pallet, wrapper)| {
                let made = self.make(pallet, wrapper, Filling { inner, largest });
                let made = made.expect("what takes a call takes this one");
                (name(pallet, wrapper), made)
            })
            .collect()
    }

    fn takes_a_call(&self, variant: &Variant<PortableForm>) -> bool {
        field_types(variant).any(|field| self.carriers.contains(&field))
    }

    fn make(
        &self,
        pallet: &Variant<PortableForm>,
        call: &Variant<PortableForm>,
        filling: Filling<'_>,
    ) -> Option<RuntimeCall> {
        let mut bytes = vec![pallet.index];
        self.variant(call, filling, &mut bytes);
        RuntimeCall::decode(&mut &bytes[..]).ok()
    }

    fn variant(&self, variant: &Variant<PortableForm>, filling: Filling<'_>, into: &mut Vec<u8>) {
        into.push(variant.index);
        for field in field_types(variant) {
            self.value(field, filling, into);
        }
    }

    /// A value of a type: of enums the first variant that takes a call, or else the first; of lists one entry if that takes a call, or else none.
    fn value(&self, id: u32, filling: Filling<'_>, into: &mut Vec<u8>) {
        if id == self.call {
            into.extend_from_slice(filling.inner);
            return;
        }
        match self.definition(id) {
            TypeDef::Composite(all) => {
                for field in &all.fields {
                    self.value(field.ty.id, filling, into);
                }
            }
            TypeDef::Tuple(all) => {
                for field in &all.fields {
                    self.value(field.id, filling, into);
                }
            }
            TypeDef::Array(of) => {
                for _ in 0..of.len {
                    self.value(of.type_param.id, filling, into);
                }
            }
            TypeDef::Sequence(of) => {
                let carries = self.carriers.contains(&of.type_param.id);
                Compact(u32::from(carries)).encode_to(into);
                if carries {
                    self.value(of.type_param.id, filling, into);
                }
            }
            TypeDef::Variant(all) => {
                let mut variants = all.variants.iter();
                let taking = variants.find(|variant| self.takes_a_call(variant));
                // An enum of nothing is in no call that can be made.
                if let Some(chosen) = taking.or_else(|| all.variants.first()) {
                    self.variant(chosen, filling, into);
                }
            }
            TypeDef::Compact(of) => self.compact(of.type_param.id, filling, into),
            TypeDef::Primitive(TypeDefPrimitive::Bool | TypeDefPrimitive::Str) => into.push(0),
            TypeDef::Primitive(kind) => {
                let filler = if filling.largest { 0xff } else { 0 };
                into.resize(into.len() + size(kind), filler);
            }
            TypeDef::BitSequence(_) => into.push(0),
        }
    }

    fn compact(&self, id: u32, filling: Filling<'_>, into: &mut Vec<u8>) {
        let kind = match self.definition(id) {
            TypeDef::Primitive(kind) if filling.largest => kind,
            TypeDef::Composite(all) if filling.largest && all.fields.len() == 1 => {
                return self.compact(all.fields[0].ty.id, filling, into);
            }
            _ => return into.push(0),
        };
        match size(kind) {
            1 => Compact(u8::MAX).encode_to(into),
            2 => Compact(u16::MAX).encode_to(into),
            4 => Compact(u32::MAX).encode_to(into),
            8 => Compact(u64::MAX).encode_to(into),
            _ => Compact(u128::MAX).encode_to(into),
        }
    }
}

fn name(pallet: &Variant<PortableForm>, call: &Variant<PortableForm>) -> String {
    format!("{}::{}", pallet.name, call.name)
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
