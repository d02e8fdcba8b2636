//! Structs that are decoded by the names of their fields.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Unexpected,
    Visitor,
};

/// Defines a struct and the form in which the API sends it, which has the same fields. A field with
/// `= function(Type)` is of that type in the API's form, from which the function derives its value.
macro_rules! object {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident decoded as $form:ident {
            $(
                $(#[$field_attribute:meta])*
                pub $field:ident: $type:ty $(= $derive:ident($form_type:ty))?,
            )*
        }
    ) => {
        $(#[$attribute])*
        pub struct $name {
            $($(#[$field_attribute])* pub $field: $type,)*
        }

        #[derive(serde::Deserialize)]
        struct $form {
            $($(#[$field_attribute])* $field: object!(@type $type $(, $form_type)?),)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            #[inline(always)]
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $crate::model::object::Object::<$form>(form) =
                    serde::Deserialize::deserialize(deserializer)?;
                $($(let $field = $derive::<D::Error>(&form)?;)?)*
                Ok(Self { $($field: object!(@value form, $field $(, $derive)?),)* })
            }
        }
    };
    (@type $type:ty) => { $type };
    (@type $type:ty, $form_type:ty) => { $form_type };
    (@value $form:ident, $field:ident) => { $form.$field };
    (@value $form:ident, $field:ident, $derive:ident) => { $field };
}

pub(super) use object;

/// A struct that is decoded from an object alone: the derived implementation takes an array for
/// it too. Formats that are not for people, such as postcard, have no names and write sequences.
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(ByName(deserializer)).map(Self)
    }
}

struct ByName<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ByName<D> {
    type Error = D::Error;

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if self.0.is_human_readable() {
            self.0.deserialize_any(ObjectVisitor(visitor))
        } else {
            self.0.deserialize_struct(name, fields, visitor)
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct ObjectVisitor<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for ObjectVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    #[inline(always)]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        /// True if another crate has switched on serde_json's feature `arbitrary_precision`: a
        /// number holds a text then, and is larger. The key below is its only one.
        const NUMBERS_ARE_MAPS: bool = size_of::<serde_json::Number>() > size_of::<u128>();
        const NUMBER: &str = "$serde_json::private::Number";

        if !NUMBERS_ARE_MAPS {
            return self.0.visit_map(map);
        }

        let first = map.next_key::<Name<'de>>()?;
        match first {
            Some(Name(name)) if name == NUMBER => {
                Err(A::Error::invalid_type(Unexpected::Other("number"), &self))
            }
            first => self.0.visit_map(Fields { first, rest: map }),
        }
    }

    /// Rejects a text without quoting it, because it may be long.
    fn visit_str<E: Error>(self, _: &str) -> Result<V::Value, E> {
        Err(E::invalid_type(Unexpected::Other("string"), &self))
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The fields of an object whose first name was read.
struct Fields<'de, A> {
    first: Option<Name<'de>>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'de, A> {
    type Error = A::Error;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(Name(name)) => seed.deserialize(name.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    #[inline(always)]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

/// Returns the names of the fields that a struct is decoded from.
pub(crate) fn field_names<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // Always fails: the names are all that is read.
    let _ = T::deserialize(FieldNames(&mut names));
    names
}

struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        Err(Error::invalid_type(Unexpected::Unit, &visitor))
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
