//! Reads a flag exactly as [`canonical_bytes`](crate::seal::canonical_bytes) writes one, in one pass over the text.
//!
//! It takes less than the reader of documents, and says nothing of what is wrong: every other form, and everything that is
//! wrong in any way, is declined and left to that one. What it takes, that one reads as the same flag, and the flag is
//! written as the same text; `tests/written.rs` holds it to both.

use super::breaker::read_breaker;
use super::condition::{OPERATORS, Operands, of_number, of_scalars, of_texts, of_time};
use super::fields::{At, Reader};
use super::flag::{CLIENTS, KINDS, ON_STALE, PHASES, REVERSIBILITIES, is_reviewed};
use super::guard::read_guards;
use super::place::Files;
use super::rule::BUCKETS;
use super::{DEPTH_LIMIT, deserialize};
use crate::diagnostic::Diagnostic;
use crate::document::{
    Breaker, ClientKind, Condition, Degraded, Flag, Guard, Outcome, Prerequisite, Rule, Scalar, Slice, Split, Test,
    Until,
};
use crate::ids::{NameError, VariantKey};
use crate::seal::Scan;
use serde_json::Value;
use std::borrow::Cow;
use std::str::FromStr;

/// Passes a flag that is written in canonical form. Where it declines, how far it came means nothing.
pub fn written_flag(scan: &mut Scan<'_>) -> Option<Flag> {
    // Members as RFC 8785 orders them. One that is left out where it has its default must not have it here.
    take(scan, "{")?;
    let breaker = if scan.take("\"breaker\":") { Some(breaker(scan)?) } else { None };
    take(scan, "\"clients\":")?;
    let clients = clients(scan)?;
    let created = if scan.take(",\"created\":") { Some(owned(scan)?) } else { None };
    let critical = scan.take(",\"critical\":true");
    take(scan, ",\"default\":")?;
    let default = name(scan)?;
    take(scan, ",\"degraded\":{\"meaning\":")?;
    let meaning = filled(scan)?;
    take(scan, ",\"variant\":")?;
    let degraded = Degraded { variant: name(scan)?, meaning };
    take(scan, "}")?;
    let description = if scan.take(",\"description\":") { not_empty(owned(scan)?)? } else { String::new() };
    let expires = if scan.take(",\"expires\":") { Some(owned(scan)?) } else { None };
    let forward_fix = if scan.take(",\"forward_fix\":") { Some(filled(scan)?) } else { None };
    let guards = if scan.take(",\"guards\":") { some(guards(scan)?)? } else { Vec::new() };
    take(scan, ",\"key\":")?;
    let key = name(scan)?;
    take(scan, ",\"kind\":")?;
    let kind = word(scan, KINDS)?;
    take(scan, ",\"on_stale\":")?;
    let on_stale = word(scan, ON_STALE)?;
    take(scan, ",\"owner\":")?;
    let owner = filled(scan)?;
    let phase = if scan.take(",\"phase\":") { Some(word(scan, PHASES)?) } else { None };
    let requires = if scan.take(",\"requires\":") { some(list(scan, prerequisite)?)? } else { Vec::new() };
    take(scan, ",\"reversibility\":")?;
    let reversibility = word(scan, REVERSIBILITIES)?;
    let review = if scan.take(",\"review\":") { Some(owned(scan)?) } else { None };
    // Open around a rule are the flag and the list.
    let rules = if scan.take(",\"rules\":") { some(list(scan, |scan| rule(scan, 2))?)? } else { Vec::new() };
    let unaffected = if scan.take(",\"unaffected\":") { some(list(scan, filled)?)? } else { Vec::new() };
    take(scan, ",\"variants\":")?;
    let variants = variants(scan)?;
    take(scan, "}")?;
    let until = match (is_reviewed(kind), expires, review) {
        (false, Some(date), None) => Until::Expires(date),
        (true, None, Some(date)) => Until::Review(date),
        _ => return None,
    };
    Some(Flag {
        key,
        description,
        owner,
        kind,
        created,
        until,
        phase,
        unaffected,
        critical,
        clients,
        variants,
        degraded,
        on_stale,
        requires,
        rules,
        default,
        reversibility,
        forward_fix,
        breaker,
        guards,
    })
}

/// What stands behind it is a comma, as every flag has clients.
fn breaker(scan: &mut Scan<'_>) -> Option<Breaker> {
    let written = scan.any()?;
    take(scan, ",")?;
    // Open around it is the flag.
    let node = deserialize::tree(written, DEPTH_LIMIT - 1)?;
    let files = Files::none();
    let mut reader = Reader::new(&files);
    let breaker = read_breaker(&mut reader, &node, At::ROOT);
    reader.into_diagnostics().is_empty().then_some(breaker)
}

fn guards(scan: &mut Scan<'_>) -> Option<Vec<Guard>> {
    let node = deserialize::tree(scan.any()?, DEPTH_LIMIT - 1)?;
    let files = Files::none();
    let mut reader = Reader::new(&files);
    let guards = read_guards(&mut reader, &node, At::ROOT);
    reader.into_diagnostics().is_empty().then_some(guards)
}

fn clients(scan: &mut Scan<'_>) -> Option<Vec<ClientKind>> {
    let clients = some(list(scan, |scan| word(scan, CLIENTS))?)?;
    let is_once = clients.iter().enumerate().all(|(at, client)| !clients.iter().take(at).any(|each| each == client));
    is_once.then_some(clients)
}

fn prerequisite(scan: &mut Scan<'_>) -> Option<Prerequisite> {
    take(scan, "{\"flag\":")?;
    let flag = name(scan)?;
    take(scan, ",\"variants\":")?;
    let variants = list(scan, name)?;
    take(scan, "}")?;
    Some(Prerequisite { flag, variants })
}

fn variants(scan: &mut Scan<'_>) -> Option<Vec<(VariantKey, Value)>> {
    take(scan, "{")?;
    let mut variants: Vec<(VariantKey, Value)> = Vec::with_capacity(2);
    if scan.take("}") {
        return Some(variants);
    }
    loop {
        // Names are ASCII, which is ordered the same by bytes and by UTF-16.
        let key: VariantKey = name(scan)?;
        if variants.last().is_some_and(|(before, _)| *before >= key) {
            return None;
        }
        take(scan, ":")?;
        variants.push((key, value(scan)?));
        if !scan.take(",") {
            take(scan, "}")?;
            return Some(variants);
        }
    }
}

/// The value of a variant: almost always true or false.
fn value(scan: &mut Scan<'_>) -> Option<Value> {
    if scan.take("true") {
        return Some(Value::Bool(true));
    }
    if scan.take("false") {
        return Some(Value::Bool(false));
    }
    let written = scan.any().filter(|written| *written != "null")?;
    // Open around it are the flag and its variants.
    let node = deserialize::tree(written, DEPTH_LIMIT - 2)?;
    let files = Files::none();
    let mut reader = Reader::new(&files);
    let value = reader.json(&node, At::ROOT);
    let is_wrong = reader.into_diagnostics().iter().any(Diagnostic::is_error);
    (!is_wrong).then_some(value)
}

/// `depth` lists and objects are open around it.
fn rule(scan: &mut Scan<'_>, depth: usize) -> Option<Rule> {
    take(scan, "{")?;
    let name = if scan.take("\"name\":") {
        let name = owned(scan)?;
        take(scan, ",")?;
        Some(name)
    } else {
        None
    };
    let then = if scan.take("\"serve\":") {
        Outcome::Serve(self::name(scan)?)
    } else {
        take(scan, "\"split\":")?;
        Outcome::Split(split(scan)?)
    };
    let when = if scan.take(",\"when\":") { some(conditions(scan, depth + 1)?)? } else { Vec::new() };
    take(scan, "}")?;
    Some(Rule { name, when, then })
}

fn split(scan: &mut Scan<'_>) -> Option<Split> {
    take(scan, "{\"by\":")?;
    let by = filled(scan)?;
    take(scan, ",\"salt\":")?;
    let salt = name(scan)?;
    take(scan, ",\"slices\":")?;
    let slices = list(scan, slice)?;
    take(scan, "}")?;
    Some(Split { by, salt, slices })
}

fn slice(scan: &mut Scan<'_>) -> Option<Slice> {
    take(scan, "[")?;
    let variant = name(scan)?;
    take(scan, ",")?;
    let width = u32::try_from(scan.whole()?).ok().filter(|width| *width <= BUCKETS)?;
    take(scan, "]")?;
    Some(Slice { variant, width })
}

fn conditions(scan: &mut Scan<'_>, depth: usize) -> Option<Vec<Condition>> {
    list(scan, |scan| condition(scan, depth + 1))
}

fn condition(scan: &mut Scan<'_>, depth: usize) -> Option<Condition> {
    // The deepest that a condition opens are itself and its values.
    if depth + 2 > DEPTH_LIMIT {
        return None;
    }
    let condition = if scan.take("{\"attribute\":") {
        let attribute = filled(scan)?;
        take(scan, ",\"op\":")?;
        let operator = scan.text()?;
        Condition::Attribute { attribute, test: test(scan, &operator)? }
    } else if scan.take("{\"tenant\":") {
        Condition::Tenant(list(scan, name)?)
    } else if scan.take("{\"segment\":") {
        Condition::Segment(list(scan, name)?)
    } else if scan.take("{\"region\":") {
        Condition::Region(list(scan, name)?)
    } else if scan.take("{\"any\":") {
        Condition::Any(conditions(scan, depth + 1)?)
    } else if scan.take("{\"all\":") {
        Condition::All(conditions(scan, depth + 1)?)
    } else {
        take(scan, "{\"not\":")?;
        Condition::Not(Box::new(condition(scan, depth + 1)?))
    };
    take(scan, "}")?;
    Some(condition)
}

fn test(scan: &mut Scan<'_>, operator: &str) -> Option<Test> {
    let (_, operands) = OPERATORS.iter().find(|(known, _)| *known == operator)?;
    if *operands == Operands::None {
        return Some(Test::Exists);
    }
    take(scan, ",\"values\":")?;
    Some(match operands {
        Operands::None => Test::Exists,
        Operands::Scalars => of_scalars(operator, list(scan, scalar)?),
        Operands::Texts => of_texts(operator, list(scan, owned)?),
        Operands::OneNumber => {
            let numbers = list(scan, number)?;
            let [number] = numbers.as_slice() else { return None };
            of_number(operator, *number)
        }
        Operands::TwoNumbers => {
            let numbers = list(scan, number)?;
            let [low, high] = numbers.as_slice() else { return None };
            Test::Between(*low, *high)
        }
        Operands::OneTime => {
            let mut times = list(scan, scalar)?;
            let time = times.pop().filter(|time| times.is_empty() && !matches!(time, Scalar::Boolean(_)))?;
            of_time(operator, time)
        }
    })
}

fn scalar(scan: &mut Scan<'_>) -> Option<Scalar> {
    if let Some(text) = scan.text() {
        return Some(Scalar::Text(text.into_owned()));
    }
    if scan.take("true") {
        return Some(Scalar::Boolean(true));
    }
    if scan.take("false") {
        return Some(Scalar::Boolean(false));
    }
    number(scan).map(Scalar::Number)
}

/// In canonical form there is one text for every double, and none for what is not finite.
fn number(scan: &mut Scan<'_>) -> Option<f64> {
    scan.any()?.parse().ok()
}

fn list<T>(scan: &mut Scan<'_>, item: impl Fn(&mut Scan<'_>) -> Option<T>) -> Option<Vec<T>> {
    take(scan, "[")?;
    let mut items = Vec::new();
    if scan.take("]") {
        return Some(items);
    }
    loop {
        items.push(item(scan)?);
        if !scan.take(",") {
            take(scan, "]")?;
            return Some(items);
        }
    }
}

/// What is left out where it is empty.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn not_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn word<T: Copy>(scan: &mut Scan<'_>, known: &[(&str, T)]) -> Option<T> {
    let text = scan.text()?;
    known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
}

fn name<N: FromStr<Err = NameError>>(scan: &mut Scan<'_>) -> Option<N> {
    scan.text()?.parse().ok()
}

fn owned(scan: &mut Scan<'_>) -> Option<String> {
    scan.text().map(Cow::into_owned)
}

fn filled(scan: &mut Scan<'_>) -> Option<String> {
    owned(scan).filter(|text| !text.trim().is_empty())
}

fn take(scan: &mut Scan<'_>, literal: &str) -> Option<()> {
    scan.take(literal).then_some(())
}
