//! Closed JSON: one document, no repeated member, nothing that two libraries could read differently.
//!
//! serde by itself takes an array for a struct, an object for an enum, `null` for an absent member, and keeps the last of two
//! members of the same name in a map. Signed claims are judged by their bytes, so each of these is refused here, for every type
//! that derives `Deserialize`:
//!
//! - a member twice, at any depth;
//! - an array where an object is expected, an object where a word is expected;
//! - `null` anywhere, unless [`Nulls::Allowed`];
//! - a number that is no integer within ±(2⁵³ − 1), the range every JSON library keeps exactly;
//! - deeper nesting than allowed, or anything after the document.
//!
//! Unknown members are the type's own business: `#[serde(deny_unknown_fields)]`.

use std::{collections::BTreeSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor,
        value::StrDeserializer,
    },
};

/// The largest integer that every JSON library keeps exactly: 2⁵³ − 1.
pub const MAX_INTEGER: u64 = 9_007_199_254_740_991;

/// The document is not of the closed form. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one JSON document of the expected form")]
pub struct NotClosed;

/// Whether `null` may stand anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// Where the type takes an `Option`.
    Allowed,
    /// Nowhere: an absent member is absent.
    Refused,
}

/// Reads a document of at most `depth` nested objects and arrays.
pub fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8], depth: u8) -> Result<T, NotClosed> {
    read_with(bytes, depth, Nulls::Refused)
}

/// Like [`read`], saying whether `null` may stand where the type takes an `Option`.
pub fn read_with<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
    depth: u8,
    nulls: Nulls,
) -> Result<T, NotClosed> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let rules = Rules { depth, nulls };
    let value = T::deserialize(Closed { inner: &mut json, rules }).map_err(|_ignored| NotClosed)?;
    json.end().map_err(|_ignored| NotClosed)?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Rules {
    depth: u8,
    nulls: Nulls,
}

impl Rules {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth, ..self })
    }
}

/// A deserialiser, a visitor, a sequence, a map or a seed of the library, with the rules around it.
struct Closed<I> {
    inner: I,
    rules: Rules,
}

macro_rules! forward {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(Closed { inner: visitor, rules: self.rules })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Closed<D> {
    type Error = D::Error;

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq
        deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Word { visitor, lifetime: PhantomData })
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, Closed { inner: visitor, rules: self.rules })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_newtype_struct(name, Closed { inner: visitor, rules: self.rules })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple(len, Closed { inner: visitor, rules: self.rules })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple_struct(name, len, Closed { inner: visitor, rules: self.rules })
    }
}

/// Takes a word for a variant, and nothing else.
struct Word<'de, V> {
    visitor: V,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Word<'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<V::Value, E> {
        let word: StrDeserializer<'_, E> = word.into_deserializer();
        self.visitor.visit_enum(word)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Closed<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        if value.unsigned_abs() > MAX_INTEGER {
            return Err(E::invalid_value(Unexpected::Signed(value), &self));
        }
        self.inner.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        if value > MAX_INTEGER {
            return Err(E::invalid_value(Unexpected::Unsigned(value), &self));
        }
        self.inner.visit_u64(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.inner.visit_str(value)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.inner.visit_borrowed_str(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<V::Value, E> {
        self.inner.visit_string(value)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        match self.rules.nulls {
            Nulls::Allowed => self.inner.visit_none(),
            Nulls::Refused => Err(E::invalid_type(Unexpected::Unit, &self)),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        match self.rules.nulls {
            Nulls::Allowed => self.inner.visit_unit(),
            Nulls::Refused => Err(E::invalid_type(Unexpected::Unit, &self)),
        }
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Closed { inner: value, rules: self.rules })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Closed { inner: value, rules: self.rules })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let rules = self.rules.deeper()?;
        self.inner.visit_seq(Closed { inner: items, rules })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let rules = self.rules.deeper()?;
        self.inner.visit_map(Members { inner: members, rules, seen: BTreeSet::new() })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Closed<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Closed { inner: value, rules: self.rules })
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Closed<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(Closed { inner: seed, rules: self.rules })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

struct Members<A> {
    inner: A,
    rules: Rules,
    seen: BTreeSet<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(name) = self.inner.next_key::<String>()? else { return Ok(None) };
        if self.seen.contains(&name) {
            return Err(A::Error::custom("a member twice"));
        }
        let word: StrDeserializer<'_, A::Error> = name.as_str().into_deserializer();
        let key = seed.deserialize(word)?;
        self.seen.insert(name);
        Ok(Some(key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Closed { inner: seed, rules: self.rules })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        n: i64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer<'a> {
        word: &'a str,
        colour: Colour,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        map: BTreeMap<String, serde_json::Value>,
        #[serde(default)]
        list: Vec<Inner>,
    }

    fn outer(json: &str) -> Result<Outer<'_>, NotClosed> {
        read(json.as_bytes(), 4)
    }

    #[test]
    fn a_document_of_the_expected_form_is_read() {
        let read = outer(
            r#" {"word":"w","colour":"red","inner":{"n":-1},"map":{"a":[1,"b",{"c":true}]},"list":[{"n":2}]} "#,
        );
        assert_eq!(read.as_ref().unwrap().inner, Some(Inner { n: -1 }));
        assert_eq!(read.unwrap().map["a"], serde_json::json!([1, "b", { "c": true }]));
        assert!(outer(r#"{"word":"w","colour":"red"}"#).is_ok());
    }

    #[test]
    fn what_two_libraries_could_read_differently_is_refused() {
        for json in [
            "",
            "1",
            "[]",
            r#"["w","red"]"#,
            r#"{"word":"w","colour":"red"}{}"#,
            r#"{"word":"w","colour":"red"} x"#,
            r#"{"word":"w","word":"w","colour":"red"}"#,
            r#"{"word":"w","colour":{"red":null}}"#,
            r#"{"word":"w","colour":"blue"}"#,
            r#"{"word":"w","colour":"red","unknown":1}"#,
            r#"{"word":"w","colour":"red","inner":null}"#,
            r#"{"word":"w","colour":"red","inner":[1]}"#,
            r#"{"word":"w","colour":"red","list":[[1]]}"#,
            r#"{"word":"w","colour":"red","inner":{"n":1.0}}"#,
            r#"{"word":"w","colour":"red","inner":{"n":1e0}}"#,
            r#"{"word":"w","colour":"red","inner":{"n":-0}}"#,
            r#"{"word":"w","colour":"red","inner":{"n":9007199254740992}}"#,
            r#"{"word":"w","colour":"red","inner":{"n":-9007199254740992}}"#,
            r#"{"word":"w","colour":"red","inner":{"n":123456789012345678901234567890}}"#,
            r#"{"word":"w","colour":"red","map":{"a":1,"a":1}}"#,
            r#"{"word":"w","colour":"red","map":{"a":{"b":1,"\u0062":1}}}"#,
            r#"{"word":"w","colour":"red","map":{"a":0.5}}"#,
            r#"{"word":"w","colour":"red","map":{"a":[null]}}"#,
            r#"{"word":"w","colour":"red","map":{"a":[[[]]]}}"#,
            r#"{"word":"\u0077","colour":"red"}"#,
        ] {
            assert_eq!(outer(json), Err(NotClosed), "{json}");
        }
        assert_eq!(outer("{\"word\":\"\u{7}\",\"colour\":\"red\"}"), Err(NotClosed));
        assert_eq!(read::<Outer<'_>>(b"{\"word\":\"\xff\",\"colour\":\"red\"}", 4), Err(NotClosed));
    }

    #[test]
    fn a_null_stands_only_where_it_was_asked_for() {
        let list = |nulls| read_with::<Vec<Option<u8>>>(b"[1,null]", 1, nulls);
        assert_eq!(list(Nulls::Allowed), Ok(vec![Some(1), None]));
        assert_eq!(list(Nulls::Refused), Err(NotClosed));
    }
}
