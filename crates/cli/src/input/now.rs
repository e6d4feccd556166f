use jiff::Timestamp;
use serde_json::Value;
use std::str::FromStr;

/// What `--now` puts into contexts: the time as it was given, or the clock's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Now(pub(crate) Value);

impl FromStr for Now {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "clock" {
            return Ok(Now(Value::from(Timestamp::now().as_millisecond())));
        }
        if let Ok(milliseconds) = text.parse::<i64>() {
            return Ok(Now(Value::from(milliseconds)));
        }
        match text.parse::<Timestamp>() {
            Ok(_) => Ok(Now(Value::from(text))),
            Err(_) => Err("write it as `2026-11-23T20:00:00Z` or as epoch milliseconds".to_owned()),
        }
    }
}
