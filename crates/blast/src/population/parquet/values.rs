//! Values of Arrow arrays as JSON.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Map, Number, Value};
use std::str::Utf8Error;

/// Whether attributes can have values of this type.
pub(super) fn is_supported(of: &DataType) -> bool {
    use DataType as T;
    match of {
        T::Null
        | T::Boolean
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::UInt8
        | T::UInt16
        | T::UInt32
        | T::UInt64
        | T::Float16
        | T::Float32
        | T::Float64
        | T::Timestamp(..)
        | T::Date32
        | T::Date64
        | T::Binary
        | T::LargeBinary
        | T::BinaryView
        | T::Utf8
        | T::LargeUtf8
        | T::Utf8View
        | T::Decimal32(..)
        | T::Decimal64(..)
        | T::Decimal128(..)
        | T::Decimal256(..) => true,
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => is_supported(item.data_type()),
        T::Struct(fields) => fields.iter().all(|field| is_supported(field.data_type())),
        T::Dictionary(_, values) => is_supported(values),
        T::Map(entries, _) => match entries.data_type() {
            T::Struct(fields) => match fields.as_ref() {
                [key, value] => is_text(key.data_type()) && is_supported(value.data_type()),
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

fn is_text(of: &DataType) -> bool {
    matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The text of a row of texts, or of bytes, as older writers store texts; `None` of other types.
pub(super) fn text_at(array: &dyn Array, at: usize) -> Option<Result<&str, Utf8Error>> {
    Some(match array.data_type() {
        DataType::Utf8 => Ok(array.as_string_opt::<i32>()?.value(at)),
        DataType::LargeUtf8 => Ok(array.as_string_opt::<i64>()?.value(at)),
        DataType::Utf8View => Ok(array.as_string_view_opt()?.value(at)),
        DataType::Binary => str::from_utf8(array.as_binary_opt::<i32>()?.value(at)),
        DataType::LargeBinary => str::from_utf8(array.as_binary_opt::<i64>()?.value(at)),
        DataType::BinaryView => str::from_utf8(array.as_binary_view_opt()?.value(at)),
        _ => return None,
    })
}

/// The value of a row; null where there is none, and of numbers that are not finite.
pub(super) fn value_at(array: &dyn Array, at: usize) -> Result<Value, Utf8Error> {
    if at >= array.len() || array.is_null(at) {
        return Ok(Value::Null);
    }
    if let Some(text) = text_at(array, at) {
        return text.map(Value::from);
    }
    Ok(match array.data_type() {
        DataType::Boolean => array.as_boolean_opt().map_or(Value::Null, |array| Value::Bool(array.value(at))),
        DataType::Int8 => integer::<Int8Type>(array, at),
        DataType::Int16 => integer::<Int16Type>(array, at),
        DataType::Int32 => integer::<Int32Type>(array, at),
        DataType::Int64 => integer::<Int64Type>(array, at),
        DataType::UInt8 => integer::<UInt8Type>(array, at),
        DataType::UInt16 => integer::<UInt16Type>(array, at),
        DataType::UInt32 => integer::<UInt32Type>(array, at),
        DataType::UInt64 => integer::<UInt64Type>(array, at),
        DataType::Float16 => number(primitive::<Float16Type>(array, at).map(f64::from)),
        DataType::Float32 => number(primitive::<Float32Type>(array, at).map(f64::from)),
        DataType::Float64 => number(primitive::<Float64Type>(array, at)),
        DataType::Date32 => primitive::<Date32Type>(array, at).map_or(Value::Null, |days| {
            const DAY: i64 = 24 * 60 * 60 * 1000;
            Value::from(i64::from(days) * DAY)
        }),
        DataType::Date64 => integer::<Date64Type>(array, at),
        DataType::Timestamp(TimeUnit::Second, _) => {
            let seconds = primitive::<TimestampSecondType>(array, at);
            seconds.and_then(|seconds| seconds.checked_mul(1000)).map_or(Value::Null, Value::from)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => integer::<TimestampMillisecondType>(array, at),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitive::<TimestampMicrosecondType>(array, at).map_or(Value::Null, |time| time.div_euclid(1000).into())
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => primitive::<TimestampNanosecondType>(array, at)
            .map_or(Value::Null, |time| time.div_euclid(1_000_000).into()),
        DataType::Decimal32(..) => decimal::<Decimal32Type>(array, at),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(array, at),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(array, at),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(array, at),
        DataType::List(_) => list(array.as_list_opt::<i32>().map(|lists| lists.value(at)).as_deref())?,
        DataType::LargeList(_) => list(array.as_list_opt::<i64>().map(|lists| lists.value(at)).as_deref())?,
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list_opt().map(|lists| lists.value(at)).as_deref())?,
        DataType::Struct(_) => {
            let mut members = Map::new();
            if let Some(array) = array.as_struct_opt() {
                for (field, column) in array.fields().iter().zip(array.columns()) {
                    let value = value_at(column.as_ref(), at)?;
                    if !value.is_null() {
                        members.insert(field.name().clone(), value);
                    }
                }
            }
            Value::Object(members)
        }
        DataType::Map(..) => {
            let mut members = Map::new();
            if let Some(entries) = array.as_map_opt().map(|array| array.value(at))
                && let [keys, values] = entries.columns()
            {
                for entry in 0..entries.len() {
                    if let (Value::String(key), value) =
                        (value_at(keys.as_ref(), entry)?, value_at(values.as_ref(), entry)?)
                        && !value.is_null()
                    {
                        members.insert(key, value);
                    }
                }
            }
            Value::Object(members)
        }
        DataType::Dictionary(..) => match array.as_any_dictionary_opt() {
            Some(coded) => {
                let key = value_at(coded.keys(), at)?.as_u64().and_then(|key| usize::try_from(key).ok());
                key.map_or(Ok(Value::Null), |key| value_at(coded.values().as_ref(), key))?
            }
            None => Value::Null,
        },
        _ => Value::Null,
    })
}

fn primitive<T: ArrowPrimitiveType>(array: &dyn Array, at: usize) -> Option<T::Native> {
    array.as_primitive_opt::<T>().map(|array| array.value(at))
}

fn integer<T: ArrowPrimitiveType<Native: Into<Value>>>(array: &dyn Array, at: usize) -> Value {
    primitive::<T>(array, at).map_or(Value::Null, Into::into)
}

fn number(value: Option<f64>) -> Value {
    value.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// The double that is nearest, as when it is written in JSON.
fn decimal<T: DecimalType>(array: &dyn Array, at: usize) -> Value {
    let written = array.as_primitive_opt::<T>().map(|array| array.value_as_string(at));
    number(written.and_then(|written| written.parse().ok()))
}

fn list(items: Option<&dyn Array>) -> Result<Value, Utf8Error> {
    let Some(items) = items else { return Ok(Value::Null) };
    (0..items.len()).map(|at| value_at(items, at)).collect::<Result<Vec<Value>, _>>().map(Value::Array)
}
