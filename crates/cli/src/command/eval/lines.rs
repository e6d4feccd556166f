use super::pipeline::Done;
use crate::exit::Failure;
use crate::render::{Format, to_json};
use downhaul_blast::strict_json::Malformed;
use downhaul_core::context::Prepared;
use downhaul_core::decision::{ErrorCode, Reason};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::Loaded;
use serde::Serialize;
use std::io::Write;

/// Decides the chosen flags for a context and writes the line.
///
/// Everything that a line can hold is a run of bytes made beforehand; writing a decision only puts them together.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    loaded: &'a Loaded,
    overrides: Vec<u8>,
    flags: Vec<Chosen>,
    format: Format,
}

#[derive(Debug)]
struct Chosen {
    key: String,
    /// The flag's number in the program, and its variants; `None` where the flag set has no such flag.
    known: Option<(u32, Vec<Variant>)>,
    /// `"key":{"variant":`
    opening: Vec<u8>,
}

#[derive(Debug)]
struct Variant {
    key: String,
    /// `"key"`
    key_json: Vec<u8>,
    value: String,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    error: MalformedLine<'a>,
}

#[derive(Serialize)]
struct MalformedLine<'a> {
    line: u64,
    code: &'a str,
    message: &'a str,
    help: &'a str,
}

impl<'a> Lines<'a> {
    /// For the flags with these keys, or for all.
    pub(super) fn new(
        loaded: &'a Loaded,
        keys: &[String],
        overrides: Vec<u8>,
        format: Format,
    ) -> Result<Self, Failure> {
        let program = &loaded.program;
        // In the order of the document, whatever the order of the arguments; flags that it lacks come last.
        let in_document = (0..program.flag_count()).map(|flag| (program.flag_key(flag), Some(flag)));
        let chosen = in_document.filter(|(key, _)| keys.is_empty() || keys.iter().any(|each| each == key));
        let mut missing: Vec<&str> = Vec::new();
        for key in keys {
            if program.flag_index(key).is_none() && !missing.contains(&key.as_str()) {
                missing.push(key);
            }
        }
        let missing = missing.into_iter().map(|key| (key, None));
        let flags =
            chosen.chain(missing).map(|(key, flag)| Chosen::new(loaded, key, flag)).collect::<Result<_, _>>()?;
        Ok(Lines { loaded, overrides, flags, format })
    }

    /// The decisions for line `number`.
    pub(super) fn decisions(&self, number: u64, context: &mut Prepared, done: &mut Done) {
        match self.format {
            Format::Json => self.json(context, &mut done.data),
            Format::Plain => self.each(context, |key, variant, value, reason| {
                // Writing into memory cannot fail.
                let _ = writeln!(done.data, "{number}\t{key}\t{variant}\t{reason}\t{value}");
            }),
            Format::Human => {
                let _ = writeln!(done.data, "line {number}");
                let width = self.flags.iter().map(|flag| flag.key.len()).max().unwrap_or(0);
                self.each(context, |key, variant, value, reason| {
                    let _ = writeln!(done.data, "  {key:<width$}  {variant} = {value} ({reason})");
                });
            }
        }
    }

    /// The error that stands for line `number`.
    pub(super) fn malformed(&self, number: u64, malformed: &Malformed, done: &mut Done) {
        done.malformed += 1;
        let Malformed { code, message, help } = malformed;
        if self.format == Format::Json {
            let error = ErrorLine { error: MalformedLine { line: number, code, message, help } };
            // Texts and a number always have a JSON form.
            let _ = writeln!(done.data, "{}", serde_json::to_string(&error).unwrap_or_default());
        } else {
            let _ = writeln!(done.notes, "line {number}: error[{code}]: {message} ({help})");
        }
    }

    fn json(&self, context: &mut Prepared, into: &mut Vec<u8>) {
        into.push(b'{');
        for (at, flag) in self.flags.iter().enumerate() {
            if at > 0 {
                into.push(b',');
            }
            into.extend_from_slice(&flag.opening);
            match self.decide(flag, context) {
                Some((variant, reason)) => {
                    into.extend_from_slice(&variant.key_json);
                    into.extend_from_slice(b",\"reason\":\"");
                    into.extend_from_slice(reason.as_str().as_bytes());
                    into.extend_from_slice(b"\",\"value\":");
                    into.extend_from_slice(variant.value.as_bytes());
                }
                None => {
                    into.extend_from_slice(b"null,\"reason\":\"ERROR\",\"value\":null,\"errorCode\":\"");
                    into.extend_from_slice(ErrorCode::FlagNotFound.as_str().as_bytes());
                    into.push(b'"');
                }
            }
            into.push(b'}');
        }
        into.extend_from_slice(b"}\n");
    }

    fn each(&self, context: &mut Prepared, mut write: impl FnMut(&str, &str, &str, &str)) {
        for flag in &self.flags {
            match self.decide(flag, context) {
                Some((variant, reason)) => write(&flag.key, &variant.key, &variant.value, reason.as_str()),
                None => write(&flag.key, "-", "null", "ERROR FLAG_NOT_FOUND"),
            }
        }
    }

    /// `None` where the flag set has no such flag.
    fn decide<'f>(&self, flag: &'f Chosen, context: &mut Prepared) -> Option<(&'f Variant, Reason)> {
        let (number, variants) = flag.known.as_ref()?;
        // A context that was prepared from JSON has all its texts, so none is asked for.
        let decision = evaluate(self.loaded, &self.overrides, context, *number).ok()?;
        Some((variants.get(usize::from(decision.variant))?, decision.reason))
    }
}

impl Chosen {
    fn new(loaded: &Loaded, key: &str, flag: Option<u32>) -> Result<Self, Failure> {
        let opening = format!("{}:{{\"variant\":", to_json(&key)?).into_bytes();
        let known = match flag {
            Some(flag) => {
                let count = loaded.program.variant_count(flag);
                let variants = (0..count).filter_map(|variant| loaded.program.variant(flag, variant));
                let variants = variants.map(|(key, value)| {
                    Ok(Variant { key: key.to_owned(), key_json: to_json(&key)?.into_bytes(), value: value.to_owned() })
                });
                Some((flag, variants.collect::<Result<_, Failure>>()?))
            }
            None => None,
        };
        Ok(Chosen { key: key.to_owned(), known, opening })
    }
}
