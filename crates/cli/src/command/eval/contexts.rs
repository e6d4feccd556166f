use super::pipeline::{Block, LINE_LIMIT};
use downhaul_blast::strict_json::{Malformed, object};
use serde_json::{Map, Value};

/// What `--now` gives to contexts that lack it.
const NOW: &str = "now";

/// Calls `each` with the number of every line that is not blank and what it holds. `now` is put into contexts without
/// one.
pub(super) fn each_line(
    block: &Block,
    now: Option<&Value>,
    mut each: impl FnMut(u64, Result<Map<String, Value>, Malformed>),
) {
    if block.is_too_long {
        each(block.first_line, Err(too_long()));
        return;
    }
    for (number, line) in (block.first_line..).zip(block.bytes.split(|byte| *byte == b'\n')) {
        // A byte order mark is no part of the first line.
        let line = if number == 1 { line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line) } else { line };
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if line.len() > LINE_LIMIT {
            each(number, Err(too_long()));
            continue;
        }
        let context = object(line).map(|mut context| {
            if let Some(now) = now {
                context.entry(NOW).or_insert_with(|| now.clone());
            }
            context
        });
        each(number, context);
    }
}

fn too_long() -> Malformed {
    Malformed::new(
        "too-long",
        format!("the line has more than {LINE_LIMIT} bytes"),
        "a context holds what rules read, not whole records: leave out the rest",
    )
}
