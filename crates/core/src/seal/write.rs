//! Writes any value as RFC 8785 says, into one buffer.
//!
//! Members are written as they come, and put in order at the end of their object where they were not: most types of a
//! document name their members in order, or almost.

use super::lexical::{number, order, text};
use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error;
use std::cmp::Ordering;
use std::fmt::Display;
use std::ops::Range;

/// Largest whole number up to which every one is a double of its own.
const WHOLE: u64 = 1 << 53;

/// Appends the canonical form of `value` to `out`.
pub(super) fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut writer = Writer { out, members: Vec::new() };
    value.serialize(&mut writer)
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Members of the objects that are open, innermost last.
    members: Vec<Member>,
}

/// A member that is written: where its key and all of it stand.
struct Member {
    /// The key, where it is written with escapes; else the bytes in `out` are the key itself.
    escaped: Option<String>,
    key: Range<usize>,
    end: usize,
}

impl Writer<'_> {
    fn key_of<'s>(&'s self, member: &'s Member) -> &'s [u8] {
        match &member.escaped {
            Some(key) => key.as_bytes(),
            None => self.out.get(member.key.clone()).unwrap_or_default(),
        }
    }

    fn order_of(&self, one: &Member, other: &Member) -> Ordering {
        order(self.key_of(one), self.key_of(other))
    }

    fn begin_key(&mut self, first: bool, key: &str) {
        if !first {
            self.out.push(b',');
        }
        let start = self.out.len() + 1;
        text(key, self.out);
        let range = start..self.out.len() - 1;
        let escaped = (range.len() != key.len()).then(|| key.to_owned());
        self.members.push(Member { escaped, key: range, end: 0 });
        self.out.push(b':');
    }

    fn end_value(&mut self) {
        let end = self.out.len();
        if let Some(member) = self.members.last_mut() {
            member.end = end;
        }
    }

    /// Puts the members from `base` on in order.
    fn end_object(&mut self, base: usize) -> Result<(), Error> {
        let members = self.members.split_off(base);
        let (mut is_sorted, mut is_unique) = (true, true);
        for (one, next) in members.iter().zip(members.iter().skip(1)) {
            match self.order_of(one, next) {
                Ordering::Less => {}
                Ordering::Equal => is_unique = false,
                Ordering::Greater => is_sorted = false,
            }
        }
        if !is_sorted {
            let mut sorted: Vec<&Member> = members.iter().collect();
            sorted.sort_by(|one, other| self.order_of(one, other));
            is_unique =
                sorted.iter().zip(sorted.iter().skip(1)).all(|(one, next)| self.key_of(one) != self.key_of(next));
            let start = members.first().map_or(0, |first| first.key.start - 1);
            let mut ordered = Vec::with_capacity(self.out.len() - start);
            for member in sorted {
                if !ordered.is_empty() {
                    ordered.push(b',');
                }
                ordered.extend_from_slice(self.out.get(member.key.start - 1..member.end).unwrap_or_default());
            }
            self.out.truncate(start);
            self.out.extend_from_slice(&ordered);
        }
        if !is_unique {
            return Err(Error::custom("an object has the same key twice"));
        }
        self.out.push(b'}');
        Ok(())
    }
}

impl<'w, 'a> Serializer for &'w mut Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'w, 'a>;
    type SerializeTuple = List<'w, 'a>;
    type SerializeTupleStruct = List<'w, 'a>;
    type SerializeTupleVariant = List<'w, 'a>;
    type SerializeMap = Object<'w, 'a>;
    type SerializeStruct = Object<'w, 'a>;
    type SerializeStructVariant = Object<'w, 'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        if value.unsigned_abs() > WHOLE {
            #[expect(clippy::cast_precision_loss, reason = "JSON's numbers are doubles")]
            return number(value as f64, self.out);
        }
        self.out.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        number(value.into(), self.out)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        number(value, self.out)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        if value > WHOLE {
            #[expect(clippy::cast_precision_loss, reason = "JSON's numbers are doubles")]
            return number(value as f64, self.out);
        }
        self.out.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        text(value.encode_utf8(&mut [0; 4]), self.out);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        text(value, self.out);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut object = self.serialize_map(Some(1))?;
        object.serialize_entry(variant, value)?;
        SerializeMap::end(object)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'w, 'a>, Error> {
        self.out.push(b'[');
        Ok(List { writer: self, first: true, is_variant: false })
    }

    fn serialize_tuple(self, length: usize) -> Result<List<'w, 'a>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List<'w, 'a>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'w, 'a>, Error> {
        self.out.push(b'{');
        text(variant, self.out);
        self.out.extend_from_slice(b":[");
        Ok(List { writer: self, first: true, is_variant: true })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'w, 'a>, Error> {
        self.out.push(b'{');
        let base = self.members.len();
        Ok(Object { writer: self, base, is_variant: false })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Object<'w, 'a>, Error> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'w, 'a>, Error> {
        self.out.push(b'{');
        text(variant, self.out);
        self.out.extend_from_slice(b":{");
        let base = self.members.len();
        Ok(Object { writer: self, base, is_variant: true })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        text(&value.to_string(), self.out);
        Ok(())
    }
}

struct List<'w, 'a> {
    writer: &'w mut Writer<'a>,
    first: bool,
    /// Within an object that names the variant.
    is_variant: bool,
}

impl List<'_, '_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(b',');
        }
        value.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.out.push(b']');
        if self.is_variant {
            self.writer.out.push(b'}');
        }
    }
}

macro_rules! list {
    ($($trait:ident: $item:ident),*) => {$(
        impl $trait for List<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

list! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

struct Object<'w, 'a> {
    writer: &'w mut Writer<'a>,
    base: usize,
    /// Within an object that names the variant.
    is_variant: bool,
}

impl Object<'_, '_> {
    fn begin(&mut self, key: &str) {
        let first = self.writer.members.len() == self.base;
        self.writer.begin_key(first, key);
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        self.writer.end_value();
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        self.writer.end_object(self.base)?;
        if self.is_variant {
            self.writer.out.push(b'}');
        }
        Ok(())
    }
}

impl SerializeMap for Object<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let key = key.serialize(Key)?;
        self.begin(&key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

macro_rules! object {
    ($($trait:ident),*) => {$(
        impl $trait for Object<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
                self.begin(key);
                self.value(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

object! { SerializeStruct, SerializeStructVariant }

/// A key as text.
struct Key;

macro_rules! keys {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<String, Error> {
            Ok(value.to_string())
        }
    )*};
}

macro_rules! no_keys {
    ($($name:ident($($argument:ty),*)),*) => {$(
        fn $name(self, $(_: $argument),*) -> Result<String, Error> {
            Err(not_a_key())
        }
    )*};
}

fn not_a_key() -> Error {
    Error::custom("the key of an object is no text")
}

impl Serializer for Key {
    type Ok = String;
    type Error = Error;
    type SerializeSeq = Impossible<String, Error>;
    type SerializeTuple = Impossible<String, Error>;
    type SerializeTupleStruct = Impossible<String, Error>;
    type SerializeTupleVariant = Impossible<String, Error>;
    type SerializeMap = Impossible<String, Error>;
    type SerializeStruct = Impossible<String, Error>;
    type SerializeStructVariant = Impossible<String, Error>;

    keys! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_bool: bool, serialize_char: char,
        serialize_str: &str
    }

    no_keys! {
        serialize_f32(f32), serialize_f64(f64), serialize_bytes(&[u8]), serialize_none(), serialize_unit(),
        serialize_unit_struct(&'static str)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<String, Error> {
        Err(not_a_key())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<String, Error> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<String, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, Error> {
        Err(not_a_key())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Err(not_a_key())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(not_a_key())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        Err(not_a_key())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(not_a_key())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(not_a_key())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        Err(not_a_key())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(not_a_key())
    }
}
