//! One replay, from files to a plan.

use crate::failure::Failure;
use crate::function::{self, Answer};
use crate::order::{Order, Weight};
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use datafusion::common::Column;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{AggregateUDF, Expr, lit};
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext};
use downhaul_blast::plan::{Found, Plan, Side};
use downhaul_blast::population::PopulationError;
use downhaul_core::validate::Valid;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be replayed over what.
#[derive(Debug)]
pub struct Job {
    /// Each with its name.
    pub old: (String, Valid),
    pub new: (String, Valid),
    /// Its name and files.
    pub population: (String, Vec<PathBuf>),
    pub by: Vec<String>,
    pub now: Option<Value>,
    /// How many different values are kept of an attribute that moved weight is grouped by.
    pub values: usize,
    pub columns: Named,
}

/// Columns by what they hold: names, or dotted paths to something nested.
#[derive(Debug, Default)]
pub struct Named {
    pub weight: Option<String>,
    pub targeting_key: Option<String>,
    pub tenant: Option<String>,
    pub region: Option<String>,
}

/// What a replay gave.
#[derive(Debug)]
pub struct Planned {
    /// As `downhaul plan --no-exact` makes it; examples have no row numbers.
    pub plan: Plan,
    /// Attributes that have too many values to group by.
    pub not_grouped: Vec<String>,
}

/// Where queries run: on this machine's cores, within so many bytes of memory.
///
/// # Errors
/// Where DataFusion does not start.
pub fn local(memory: Option<usize>, partitions: Option<usize>) -> Result<SessionContext, Failure> {
    let mut config = SessionConfig::new();
    if let Some(partitions) = partitions {
        config = config.with_target_partitions(partitions);
    }
    let mut runtime = RuntimeEnvBuilder::new();
    if let Some(bytes) = memory {
        runtime = runtime.with_memory_limit(bytes, 1.0);
    }
    Ok(SessionContext::new_with_config_rt(config, Arc::new(runtime.build()?)))
}

/// Replays, wherever the session runs.
///
/// # Errors
/// Where the population is none, or the run failed.
pub async fn run(session: &SessionContext, job: &Job) -> Result<Planned, Failure> {
    let (name, files) = &job.population;
    let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let people = session.read_parquet(paths, ParquetReadOptions::default()).await?;
    let mut order = order(job, people.schema().as_arrow())?;
    if let Some(weight) = &mut order.weight {
        // First of all, as whole numbers stand for parts of it.
        let of = weight.source.split('.').next().map(str::to_owned);
        let column = order.columns.iter().find(|column| **column == weight.source).cloned().or(of).unwrap_or_default();
        let only = Order { columns: vec![column.clone()], ..order.clone() };
        let total: f64 = ask(&people, &function::weight(only), &[column]).await?;
        if let Some(weight) = &mut order.weight {
            weight.total = Some(total);
        }
    }
    let columns = order.columns.clone();
    let answer: Answer = ask(&people, &function::replay(order)?, &columns).await?;
    let [old, new] = [&job.old, &job.new];
    let side = |(name, valid): &(String, Valid)| {
        Side::of(name, valid.document()).map_err(|error| Failure::could_not_run("cannot-write", error.to_string()))
    };
    let found = Found {
        old: old.1.document(),
        new: new.1.document(),
        exact: None,
        replay: Some((answer.replay, name.clone())),
    };
    Ok(Planned { plan: Plan::new(side(old)?, side(new)?, found), not_grouped: answer.not_grouped })
}

/// One aggregate over all rows.
async fn ask<T: DeserializeOwned>(
    people: &DataFrame,
    function: &AggregateUDF,
    columns: &[String],
) -> Result<T, Failure> {
    let mut arguments: Vec<Expr> = columns.iter().map(|column| Expr::Column(Column::new_unqualified(column))).collect();
    if arguments.is_empty() {
        // Rows are counted all the same.
        arguments.push(lit(true));
    }
    let batches =
        people.clone().aggregate(Vec::new(), vec![function.call(arguments).alias("answer")])?.collect().await?;
    let texts = batches.iter().find_map(|batch| batch.columns().first().filter(|answer| !answer.is_empty()));
    let text = match texts {
        Some(texts) => match texts.as_string_opt::<i32>() {
            Some(texts) => Some(texts.value(0)),
            None => texts.as_string_view_opt().map(|texts| texts.value(0)),
        },
        None => None,
    };
    text.and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Failure::could_not_run("replay-ended", "the replay gave no answer"))
}

fn document(valid: &Valid) -> Result<Value, Failure> {
    serde_json::to_value(valid.document()).map_err(|error| Failure::could_not_run("cannot-write", error.to_string()))
}

/// The order for a population with these columns.
fn order(job: &Job, schema: &Schema) -> Result<Order, Failure> {
    let named = &job.columns;
    let roles: BTreeMap<String, String> =
        [("targetingKey", &named.targeting_key), ("tenant", &named.tenant), ("region", &named.region)]
            .into_iter()
            .filter_map(|(role, column)| Some((column.clone()?, role.to_owned())))
            .collect();
    let mut parts = Vec::new();
    for (root, field) in schema.fields().iter().enumerate() {
        let path = vec![roles.get(field.name()).unwrap_or(field.name()).clone()];
        collect(field, Part { root, source: field.name().clone(), path }, &roles, &mut parts);
    }
    let known = |source: &str| parts.iter().any(|part| part.source == source);
    let is_named = roles.keys().chain(&named.weight).find(|source| !known(source));
    if let Some(column) = is_named {
        let known = parts.iter().map(|part| part.source.clone()).take(12).collect();
        return Err(PopulationError::MissingColumn { column: column.clone(), known }.into());
    }
    let named_roles = [&named.targeting_key, &named.tenant, &named.region].into_iter().flatten().count();
    if let Some(twice) = named.weight.as_ref().filter(|weight| roles.contains_key(*weight)) {
        return Err(PopulationError::NamedTwice(twice.clone()).into());
    }
    if roles.len() < named_roles {
        return Err(PopulationError::NamedTwice(roles.keys().next().cloned().unwrap_or_default()).into());
    }
    let weight = named.weight.clone().or_else(|| known("weight").then(|| "weight".to_owned()));
    let weight = weight.map(|source| Weight { source, named: named.weight.is_some(), total: None });
    let is_weight = |part: &Part| weight.as_ref().is_some_and(|weight| weight.source == part.source);
    let attributes: Vec<&Part> = parts.iter().filter(|part| !is_weight(part)).collect();
    for (at, first) in attributes.iter().enumerate() {
        if let Some(second) = attributes.iter().skip(at + 1).find(|other| other.path == first.path) {
            let (first, second, attribute) = (first.source.clone(), second.source.clone(), first.path.join("."));
            return Err(PopulationError::SameAttribute { attribute, first, second }.into());
        }
    }
    let mut order = Order {
        old: document(&job.old.1)?,
        new: document(&job.new.1)?,
        by: job.by.clone(),
        now: job.now.clone(),
        values: job.values,
        columns: Vec::new(),
        roles,
        weight: weight.clone(),
    };
    let names = order.piecewise()?.attributes();
    let is_wanted = |part: &Part| is_weight(part) || names.iter().any(|name| part.may_give(name));
    let wanted: BTreeSet<usize> = parts.iter().filter(|part| is_wanted(part)).map(|part| part.root).collect();
    for field in wanted.iter().filter_map(|root| schema.fields().get(*root)) {
        if !crate::values::is_supported(field.data_type()) {
            let (column, found) = (field.name().clone(), field.data_type().to_string());
            return Err(PopulationError::UnsupportedType { column, found }.into());
        }
        order.columns.push(field.name().clone());
    }
    Ok(order)
}

/// A column, or something nested in one.
struct Part {
    /// The column's number.
    root: usize,
    source: String,
    path: Vec<String>,
}

impl Part {
    /// Whether what a rule finds under a name can lie here, within, or around.
    fn may_give(&self, name: &str) -> bool {
        let own = self.path.join(".");
        let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        own == name || within(&own, name) || within(name, &own)
    }
}

fn collect(field: &Field, part: Part, roles: &BTreeMap<String, String>, into: &mut Vec<Part>) {
    if let DataType::Struct(fields) = field.data_type() {
        for field in fields {
            let source = format!("{}.{}", part.source, field.name());
            let path = match roles.get(&source) {
                Some(role) => vec![role.clone()],
                None => part.path.iter().cloned().chain([field.name().clone()]).collect(),
            };
            collect(field, Part { root: part.root, source, path }, roles, into);
        }
    }
    into.push(part);
}
