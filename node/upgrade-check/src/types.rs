//! Whether a type of one runtime is encoded like a type of another.

use std::collections::HashSet;

use scale_info::{
    form::PortableForm, Field, PortableRegistry, Type, TypeDef, TypeDefVariant, Variant,
};

/// Newtypes within newtypes that are looked through.
const DEPTH: usize = 64;

/// How a type differs from an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Values of the old one are values of the new one.
    None,
    /// So they are, but there are new variants, which older programs do not know.
    Wider(String),
    /// Values of the old one mean something else, or nothing. Says where and what.
    Changed(String),
}

/// Compares type `old_id` of one registry with type `new_id` of another, deeply. Names of types do not count, nor do newtypes; names
/// of fields and variants do, since values of the same bytes with another name mean something else.
pub(crate) fn compare(
    old: &PortableRegistry,
    old_id: u32,
    new: &PortableRegistry,
    new_id: u32,
) -> Difference {
    let mut comparison = Comparison {
        old,
        new,
        assumed: HashSet::new(),
        wider: Vec::new(),
        path: Vec::new(),
    };
    match comparison.same(old_id, new_id) {
        Err(what) => {
            let path = comparison.path.concat();
            let path = path.trim_start_matches('.');
            Difference::Changed(if path.is_empty() {
                what
            } else {
                format!("{path}: {what}")
            })
        }
        Ok(()) if comparison.wider.is_empty() => Difference::None,
        Ok(()) => Difference::Wider(comparison.wider.join(", ")),
    }
}

struct Comparison<'a> {
    old: &'a PortableRegistry,
    new: &'a PortableRegistry,
    /// Pairs that are compared already, or at this moment: types may contain themselves.
    assumed: HashSet<(u32, u32)>,
    wider: Vec<String>,
    /// Where in the type; stays at the place of the difference when one is found.
    path: Vec<String>,
}

impl Comparison<'_> {
    fn same(&mut self, old_id: u32, new_id: u32) -> Result<(), String> {
        let old_id = peel(self.old, old_id);
        let new_id = peel(self.new, new_id);
        if !self.assumed.insert((old_id, new_id)) {
            return Ok(());
        }
        let (Some(old), Some(new)) = (self.old.resolve(old_id), self.new.resolve(new_id)) else {
            return Err("the metadata lacks a type".into());
        };
        match (&old.type_def, &new.type_def) {
            (TypeDef::Primitive(a), TypeDef::Primitive(b)) if a == b => Ok(()),
            (TypeDef::Compact(a), TypeDef::Compact(b)) => {
                self.inside("(compact)", a.type_param.id, b.type_param.id)
            }
            (TypeDef::Sequence(a), TypeDef::Sequence(b)) => {
                self.inside("[]", a.type_param.id, b.type_param.id)
            }
            (TypeDef::Array(a), TypeDef::Array(b)) if a.len == b.len => {
                self.inside("[]", a.type_param.id, b.type_param.id)
            }
            (TypeDef::Tuple(a), TypeDef::Tuple(b)) if a.fields.len() == b.fields.len() => {
                let pairs = a.fields.iter().zip(&b.fields).enumerate();
                for (index, (a, b)) in pairs {
                    self.inside(&format!(".{index}"), a.id, b.id)?;
                }
                Ok(())
            }
            (TypeDef::Composite(a), TypeDef::Composite(b)) => self.fields(&a.fields, &b.fields),
            (TypeDef::Variant(a), TypeDef::Variant(b)) => self.variants(a, b),
            (TypeDef::BitSequence(a), TypeDef::BitSequence(b)) => {
                self.inside("(store)", a.bit_store_type.id, b.bit_store_type.id)?;
                self.inside("(order)", a.bit_order_type.id, b.bit_order_type.id)
            }
            _ => Err(format!("{} became {}", name(old), name(new))),
        }
    }

    fn inside(&mut self, step: &str, old: u32, new: u32) -> Result<(), String> {
        self.path.push(step.to_owned());
        self.same(old, new)?;
        self.path.pop();
        Ok(())
    }

    fn fields(
        &mut self,
        old: &[Field<PortableForm>],
        new: &[Field<PortableForm>],
    ) -> Result<(), String> {
        let label = |index: usize, field: &Field<PortableForm>| {
            field.name.clone().unwrap_or_else(|| index.to_string())
        };
        let list = |fields: &[Field<PortableForm>]| {
            let labels: Vec<_> = fields
                .iter()
                .enumerate()
                .map(|(i, f)| label(i, f))
                .collect();
            format!("{{{}}}", labels.join(", "))
        };
        if list(old) != list(new) {
            return Err(format!("fields {} became {}", list(old), list(new)));
        }
        for (index, (a, b)) in old.iter().zip(new).enumerate() {
            self.inside(&format!(".{}", label(index, a)), a.ty.id, b.ty.id)?;
        }
        Ok(())
    }

    fn variants(
        &mut self,
        old: &TypeDefVariant<PortableForm>,
        new: &TypeDefVariant<PortableForm>,
    ) -> Result<(), String> {
        let named = |variants: &[Variant<PortableForm>], index: u8| {
            variants.iter().find(|v| v.index == index).cloned()
        };
        for before in &old.variants {
            let Some(after) = named(&new.variants, before.index) else {
                return Err(format!(
                    "variant {} ({}) is gone",
                    before.name, before.index
                ));
            };
            if after.name != before.name {
                return Err(format!(
                    "variant {} was {} and is {}",
                    before.index, before.name, after.name
                ));
            }
            self.path.push(format!("::{}", before.name));
            self.fields(&before.fields, &after.fields)?;
            self.path.pop();
        }
        for after in &new.variants {
            if named(&old.variants, after.index).is_none() {
                let path = self.path.concat();
                let wider = format!("{}::{}", path.trim_start_matches('.'), after.name);
                self.wider.push(wider.trim_start_matches("::").to_owned());
            }
        }
        Ok(())
    }
}

/// What a newtype wraps: a struct or tuple of one field is encoded like that field.
fn peel(types: &PortableRegistry, mut id: u32) -> u32 {
    for _ in 0..DEPTH {
        id = match types.resolve(id).map(|ty| &ty.type_def) {
            Some(TypeDef::Composite(composite)) => match &composite.fields[..] {
                [only] => only.ty.id,
                _ => return id,
            },
            Some(TypeDef::Tuple(tuple)) => match &tuple.fields[..] {
                [only] => only.id,
                _ => return id,
            },
            _ => return id,
        };
    }
    id
}

fn name(ty: &Type<PortableForm>) -> String {
    if let Some(name) = ty.path.segments.last() {
        return name.clone();
    }
    match &ty.type_def {
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        TypeDef::Array(array) => format!("an array of {}", array.len),
        TypeDef::Tuple(tuple) => format!("a tuple of {}", tuple.fields.len()),
        TypeDef::Sequence(_) => "a list".into(),
        TypeDef::Compact(_) => "a compact number".into(),
        TypeDef::BitSequence(_) => "a bit sequence".into(),
        TypeDef::Composite(_) => "a struct".into(),
        TypeDef::Variant(_) => "an enum".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scale_info::{meta_type, Registry, TypeInfo};

    fn registry<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
        let mut registry = Registry::new();
        let id = registry.register_type(&meta_type::<T>()).id;
        (registry.into(), id)
    }

    fn difference<Old: TypeInfo + 'static, New: TypeInfo + 'static>() -> Difference {
        let (old, old_id) = registry::<Old>();
        let (new, new_id) = registry::<New>();
        compare(&old, old_id, &new, new_id)
    }

    fn changed<Old: TypeInfo + 'static, New: TypeInfo + 'static>() -> String {
        match difference::<Old, New>() {
            Difference::Changed(what) => what,
            other => panic!("expected a change, found {other:?}"),
        }
    }

    mod old {
        #[derive(scale_info::TypeInfo)]
        pub(super) struct Wrapped(#[allow(dead_code)] pub(super) u32);

        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) struct Account {
            pub(super) nonce: u32,
            pub(super) data: Data,
        }

        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) struct Data {
            pub(super) free: u64,
            pub(super) more: Vec<Account>,
        }

        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) enum State {
            Draft,
            Done(u8),
        }
    }

    mod new {
        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) struct Account {
            pub(super) nonce: u32,
            pub(super) data: Data,
        }

        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) struct Data {
            pub(super) free: u128,
            pub(super) more: Vec<Account>,
        }

        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) enum State {
            Draft,
            Done(u8),
            Lost { when: u32 },
        }

        #[derive(scale_info::TypeInfo)]
        #[allow(dead_code)]
        pub(super) enum Moved {
            Done(u8),
            Draft,
        }
    }

    #[test]
    fn types_that_are_encoded_alike_do_not_differ() {
        assert_eq!(difference::<u32, old::Wrapped>(), Difference::None);
        assert_eq!(difference::<(u8, String), (u8, String)>(), Difference::None);
        // It contains itself.
        assert_eq!(difference::<old::Account, old::Account>(), Difference::None);
    }

    #[test]
    fn types_that_changed_deep_inside_name_the_place() {
        assert_eq!(
            changed::<old::Account, new::Account>(),
            "data.free: u64 became u128"
        );
        assert_eq!(
            changed::<Vec<(u8, old::Data)>, Vec<(u8, new::Data)>>(),
            "[].1.free: u64 became u128"
        );
        assert!(changed::<[u8; 4], [u8; 5]>().contains("array of 4"));
        assert!(changed::<(u8, u8), (u8, u8, u8)>().contains("tuple of 3"));
        assert!(changed::<old::Account, old::Data>().contains("{nonce, data}"));
        assert!(changed::<codec::Compact<u32>, u32>().contains("compact"));
    }

    #[test]
    fn variants_may_be_added_and_nothing_else() {
        assert_eq!(
            difference::<Vec<old::State>, Vec<new::State>>(),
            Difference::Wider("[]::Lost".into())
        );
        assert_eq!(
            changed::<new::State, old::State>(),
            "variant Lost (2) is gone"
        );
        assert!(changed::<old::State, new::Moved>().contains("was Draft and is Done"));
    }
}
