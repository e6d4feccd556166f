//! The tooling module: documents in, diagnostics, programs and explanations out, all as plain JavaScript values.

use downhaul_blast::exact::{self, Assertion};
use downhaul_blast::population::{self, Limits, Mapping};
use downhaul_blast::replay;
use downhaul_core::check::{self, Checked, Source};
use downhaul_core::compile::{self, Audience, Options};
use downhaul_core::decision::Cause;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{ClientKind, FlagSet};
use downhaul_core::explain::Explainer;
use downhaul_core::kills::KillSet;
use downhaul_core::read::Format;
use downhaul_core::validate::Valid;
use downhaul_core::{schema, seal, specialise};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasm_bindgen::prelude::*;

/// A file, as people know it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    text: String,
}

#[derive(Serialize)]
struct Report<'a> {
    valid: bool,
    diagnostics: &'a [Diagnostic],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Compiled<'a> {
    #[serde(with = "as_bytes")]
    program: Vec<u8>,
    #[serde(with = "as_bytes")]
    kills: Vec<u8>,
    diagnostics: &'a [Diagnostic],
}

/// Bytes become a `Uint8Array`, not a list of numbers.
mod as_bytes {
    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }
}

/// Checks documents: `[{name, text}]` gives `{valid, diagnostics}`. `today` (`YYYY-MM-DD`) says which dates have passed;
/// `lints`: also what is said in vain.
#[wasm_bindgen]
pub fn check(files: JsValue, today: Option<String>, lints: bool) -> Result<JsValue, JsValue> {
    let checked = checked(files, today.as_deref(), lints)?;
    give(&Report { valid: checked.valid.is_some(), diagnostics: &checked.diagnostics })
}

/// Compiles documents for an audience (`all`, `browser`, `edge` or `server`) into program and kill set.
#[wasm_bindgen]
pub fn compile(files: JsValue, audience: &str, kill_revision: f64) -> Result<JsValue, JsValue> {
    let (valid, diagnostics) = valid(files)?;
    let audience = match audience {
        "all" => Audience::All,
        "browser" => Audience::Kind(ClientKind::Browser),
        "edge" => Audience::Kind(ClientKind::Edge),
        "server" => Audience::Kind(ClientKind::Server),
        _ => return Err(refused("`audience` is none of `all`, `browser`, `edge`, `server`")),
    };
    let program = compile::compile(&valid, &Options { audience }).to_bytes();
    let kills = kill_set(&valid, kill_revision).to_bytes().map_err(|error| refused(error.message()))?;
    give(&Compiled { program, kills, diagnostics: &diagnostics })
}

/// One decision and how it came about. `overrides` names flags that the client degrades by itself, and the cause.
#[wasm_bindgen]
pub fn explain(files: JsValue, context: JsValue, flag: &str, overrides: JsValue) -> Result<JsValue, JsValue> {
    let (valid, _) = valid(files)?;
    let context: Map<String, Value> = take(context)?;
    let overrides: BTreeMap<String, String> = take(overrides)?;
    let flags = valid
        .document()
        .flags
        .iter()
        .filter_map(|each| Some((each.key.to_string(), cause(overrides.get(each.key.as_str()))?)));
    give(&Explainer::new(&valid).explain(flag, &context, &flags.collect()))
}

/// What is left of documents for everyone who has these attributes.
#[wasm_bindgen]
pub fn specialise(files: JsValue, known: JsValue) -> Result<JsValue, JsValue> {
    let (valid, _) = valid(files)?;
    let known: BTreeMap<String, Value> = take(known)?;
    let residual = specialise::specialise(valid.document(), &known);
    give(&residual.to_json().map_err(|error| refused(&error.to_string()))?)
}

/// For which contexts two documents decide differently, exactly. `nodes` bounds the work for each flag; 0 is the default.
#[wasm_bindgen]
pub fn compare(old: JsValue, new: JsValue, nodes: f64) -> Result<JsValue, JsValue> {
    let ((old, _), (new, _)) = (valid(old)?, valid(new)?);
    give(&exact::compare(&old, &new, &limited(nodes)))
}

/// Claims about the change from one document to another, each proved or refuted.
#[wasm_bindgen]
pub fn prove(old: JsValue, new: JsValue, assertions: JsValue, nodes: f64) -> Result<JsValue, JsValue> {
    let ((old, _), (new, _)) = (valid(old)?, valid(new)?);
    let assertions: Vec<Assertion> = take(assertions)?;
    give(&exact::prove(&old, &new, &assertions, &limited(nodes)))
}

/// Contexts with weights, to replay changes over.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Population {
    people: Arc<population::Population>,
    /// Keeps what does not change from draft to draft.
    replayer: RefCell<replay::Replayer>,
}

impl Population {
    fn new(people: population::Population) -> Self {
        let people = Arc::new(people);
        Population { replayer: RefCell::new(replay::Replayer::new(Arc::clone(&people))), people }
    }
}

#[wasm_bindgen]
impl Population {
    /// From JSON lines; `mapping` says which column is what.
    #[wasm_bindgen(js_name = fromJsonLines)]
    pub fn from_json_lines(text: &str, mapping: JsValue) -> Result<Population, JsValue> {
        let mapping: Mapping = take(mapping)?;
        let read = population::Population::from_json_lines(text.as_bytes(), &mapping, &Limits::default());
        read.map(|(population, _)| Population::new(population)).map_err(|error| refused(&error.to_string()))
    }

    /// From the bytes of a sample.
    #[wasm_bindgen(js_name = fromSample)]
    pub fn from_sample(bytes: &[u8]) -> Result<Population, JsValue> {
        let read = population::Population::from_sample_bytes(bytes, &Limits::default());
        read.map(Population::new).map_err(|error| refused(&error.to_string()))
    }

    /// A sample of at most this many rows, as bytes.
    #[wasm_bindgen(js_name = toSample)]
    pub fn to_sample(&self, rows: u32) -> Vec<u8> {
        self.people.to_sample_bytes(rows as usize)
    }

    pub fn rows(&self) -> u32 {
        u32::try_from(self.people.rows()).unwrap_or(u32::MAX)
    }

    pub fn weight(&self) -> f64 {
        self.people.weight()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReplayOptions {
    by: Vec<String>,
    examples: usize,
    groups: usize,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        let replay::Options { by, examples, groups, .. } = replay::Options::default();
        ReplayOptions { by, examples, groups }
    }
}

/// Documents that are compared again and again, read once: while someone drags a slider only the new one changes.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Published(Valid);

#[wasm_bindgen]
impl Published {
    #[wasm_bindgen(constructor)]
    pub fn new(files: JsValue) -> Result<Published, JsValue> {
        Ok(Published(valid(files)?.0))
    }

    /// As the function of this name.
    pub fn compare(&self, new: JsValue, nodes: f64) -> Result<JsValue, JsValue> {
        give(&exact::compare(&self.0, &valid(new)?.0, &limited(nodes)))
    }

    /// Who of a population is moved by a new document: weights, from and to each variant, by tenant, region and more.
    pub fn replay(&self, new: JsValue, population: &Population, options: JsValue) -> Result<JsValue, JsValue> {
        let (new, _) = valid(new)?;
        let ReplayOptions { by, examples, groups } = take(options)?;
        let options = replay::Options { by, examples, groups, ..replay::Options::default() };
        // Nothing in between calls back into JavaScript.
        let mut replayer = population.replayer.try_borrow_mut().map_err(|_| refused("the population is in use"))?;
        let replayed = replayer.replay(&self.0, &new, &options, &mut |_| {}, &AtomicBool::new(false));
        give(&replayed.map_err(|error| refused(&error.to_string()))?)
    }
}

/// SHA-256 of the document as canonical JSON.
#[wasm_bindgen]
pub fn digest(files: JsValue) -> Result<String, JsValue> {
    seal::document_digest(valid(files)?.0.document()).map_err(|error| refused(&error.to_string()))
}

/// The JSON Schema of documents.
#[wasm_bindgen]
pub fn schema() -> Result<JsValue, JsValue> {
    give(&schema::json_schema())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count that JavaScript gives as a double"
)]
fn limited(nodes: f64) -> exact::Options {
    if nodes >= 1.0 { exact::Options { nodes: nodes as usize } } else { exact::Options::default() }
}

fn checked(files: JsValue, today: Option<&str>, lints: bool) -> Result<Checked, JsValue> {
    let files: Vec<File> = take(files)?;
    let sources: Vec<Source> =
        files.into_iter().map(|File { name, text }| Source { format: Format::of_name(&name), name, text }).collect();
    let lint = |set: &FlagSet| if lints { exact::lints(set, &exact::Options::default()) } else { Vec::new() };
    Ok(check::check_and_lint(&sources, today, lint))
}

/// The document, or an exception with every diagnostic.
fn valid(files: JsValue) -> Result<(Valid, Vec<Diagnostic>), JsValue> {
    let Checked { valid, diagnostics } = checked(files, None, false)?;
    match valid {
        Some(valid) => Ok((valid, diagnostics)),
        None => {
            let error = exception(&diagnostics.first().map_or_else(String::new, ToString::to_string));
            let _ = set_property(&error, "diagnostics", &give(&diagnostics)?);
            Err(error)
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count that JavaScript gives as a double"
)]
fn kill_set(valid: &Valid, kill_revision: f64) -> KillSet {
    let document = valid.document();
    KillSet::encode(&document.kills, &document.regions, kill_revision as u64, |_| None)
}

fn cause(name: Option<&String>) -> Option<Cause> {
    let name = name?;
    [Cause::Stale, Cause::Breaker, Cause::CrashLoop].into_iter().find(|cause| cause.as_str() == Some(name))
}

fn take<T: for<'de> Deserialize<'de>>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(Into::into)
}

fn give<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible().serialize_bytes_as_arrays(false))
        .map_err(Into::into)
}

fn refused(message: &str) -> JsValue {
    exception(message)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Error)]
    type Exception;
    #[wasm_bindgen(constructor, js_class = Error)]
    fn new(message: &str) -> Exception;
    #[wasm_bindgen(js_namespace = Reflect, js_name = set, catch)]
    fn set_property(target: &JsValue, key: &str, value: &JsValue) -> Result<bool, JsValue>;
}

fn exception(message: &str) -> JsValue {
    Exception::new(message).into()
}
