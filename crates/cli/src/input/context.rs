use crate::exit::Failure;
use crate::input::sources;
use serde_json::Value;
use std::path::Path;
use std::str::FromStr;

/// An attribute given as `name=value`. The value is JSON if it reads as such, else text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) value: Value,
}

impl FromStr for Known {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
                Ok(Known { name: name.to_owned(), value })
            }
            _ => Err("write it as `name=value`, such as `tenant=acme`".to_owned()),
        }
    }
}

/// The bytes of `--context`: JSON, or `@` and the path of a file that holds it.
pub(crate) fn argument(text: &str) -> Result<Vec<u8>, Failure> {
    match text.strip_prefix('@') {
        Some(path) => Ok(sources::read_file(Path::new(path))?.bytes),
        None => Ok(text.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_attributes() {
        for (text, name, value) in [
            ("tenant=acme", "tenant", json!("acme")),
            ("age=42", "age", json!(42)),
            ("beta=true", "beta", json!(true)),
            ("id=\"42\"", "id", json!("42")),
            ("empty=", "empty", json!("")),
            ("a=b=c", "a", json!("b=c")),
        ] {
            assert_eq!(text.parse(), Ok(Known { name: name.to_owned(), value }), "{text}");
        }
        assert!("tenant".parse::<Known>().is_err());
        assert!("=acme".parse::<Known>().is_err());
    }
}
