use crate::error::{AppError, AppResult};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// Largest claimed context, as JSON.
pub(crate) const SIZE_LIMIT: usize = 16 * 1024;
/// Deepest nesting of a claimed context.
const DEPTH_LIMIT: usize = 16;

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads what a client says of itself, from `context=` of a query. Nothing in it is believed further than it reaches:
/// it chooses no rules that leave.
pub(crate) fn read(text: Option<&str>) -> AppResult<Map<String, Value>> {
    let Some(text) = text else { return Ok(Map::new()) };
    let too_large = || {
        AppError::bad_request(
            "context-too-large",
            format!("the context is larger than {} KiB", SIZE_LIMIT / 1024),
            "send only the attributes that flags ask for",
        )
    };
    let malformed = |why: &str| {
        let help = "send an object of JSON in base64url, as `context=eyJ0YXJnZXRpbmdLZXkiOiJ1c2VyLTEifQ`";
        AppError::bad_request("context-malformed", format!("the context cannot be read: {why}"), help)
    };
    if text.len() > SIZE_LIMIT.div_ceil(3) * 4 {
        return Err(too_large());
    }
    let bytes = BASE64URL.decode(text).map_err(|_| malformed("it is not base64url"))?;
    if bytes.len() > SIZE_LIMIT {
        return Err(too_large());
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| malformed("it is not JSON"))?;
    if depth(&value) > DEPTH_LIMIT {
        return Err(malformed(&format!("it is nested deeper than {DEPTH_LIMIT}")));
    }
    match value {
        Value::Object(attributes) => Ok(attributes),
        _ => Err(malformed("it is not an object")),
    }
}

/// The reader of JSON has bounded it already, so that this cannot run out of stack.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        format!("{:?}", read(Some(text)).expect_err(text))
    }

    #[test]
    fn contexts() {
        let encode = |json: &str| BASE64URL.encode(json);
        assert_eq!(read(None).unwrap(), Map::new());
        assert_eq!(read(Some(&encode(r#"{"a":1}"#))).unwrap().len(), 1);
        assert_eq!(read(Some(encode(r#"{"ab":1}"#).trim_end_matches('='))).unwrap().len(), 1);
        for bad in ["!", "e30=e30", &encode("[]"), &encode("{"), &encode("1"), &encode(r#"{"a":1}{}"#)] {
            assert!(code(bad).contains("context-malformed"), "{bad}");
        }
        let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(16), "]".repeat(16));
        assert!(code(&encode(&nested)).contains("nested"));
        let hostile = format!(r#"{{"a":{}"#, "[".repeat(12_000));
        assert!(code(&encode(&hostile)).contains("context-malformed"));
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(SIZE_LIMIT));
        assert!(code(&encode(&large)).contains("context-too-large"));
    }
}
