use crate::environment::Publication;
use crate::error::{AppError, AppResult};
use downhaul_control::api::{OfrepFlag, OfrepMetadata, Position};
use downhaul_core::compile::load;
use downhaul_core::document::{ClientKind, FlagSet};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The whole flag set as a program, made when someone first asks.
#[derive(Debug, Default)]
pub(crate) struct Programs(Mutex<Option<Arc<Made>>>);

#[derive(Debug)]
pub(crate) struct Made {
    position: Position,
    definition: u64,
    loaded: Loaded,
}

impl Programs {
    /// That of a publication, or of a newer one. Where only kills differ, nothing is compiled.
    pub(crate) async fn of(&self, publication: &Arc<Publication>) -> AppResult<Arc<Made>> {
        let mut kept = self.0.lock().await;
        if let Some(made) = kept.as_ref().filter(|made| made.position >= publication.position()) {
            return Ok(Arc::clone(made));
        }
        let (position, definition) = (publication.position(), publication.definition);
        let same = kept.clone().filter(|made| made.definition == definition);
        let of = Arc::clone(publication);
        let make = move || match same {
            Some(made) => {
                let FlagSet { kills, regions, .. } = of.valid.document();
                Loaded::new(made.loaded.program.clone(), KillSet::encode(kills, regions, 0, |_| None))
            }
            None => load(&of.valid),
        };
        let loaded = spawn_blocking(make).await.map_err(AppError::internal)?;
        let made = Arc::new(Made { position, definition, loaded });
        *kept = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// Whether clients of this kind may know of the flag.
fn is_for(publication: &Publication, kind: ClientKind, key: &str) -> bool {
    publication.valid.document().flag(key).is_some_and(|flag| flag.clients.contains(&kind))
}

/// `None` where there is no such flag for this kind of client.
pub(super) fn one(
    made: &Made,
    publication: &Publication,
    kind: ClientKind,
    context: &Map<String, Value>,
    key: &str,
) -> AppResult<Option<OfrepFlag>> {
    let Some(number) = made.loaded.program.flag_index(key).filter(|_| is_for(publication, kind, key)) else {
        return Ok(None);
    };
    let mut prepared = prepare(&made.loaded, &at_now(context));
    flag(made, kind, key, number, &mut prepared).map(Some)
}

/// In the order of the document.
pub(super) fn all(
    made: &Made,
    publication: &Publication,
    kind: ClientKind,
    context: &Map<String, Value>,
) -> AppResult<Vec<OfrepFlag>> {
    let mut prepared = prepare(&made.loaded, &at_now(context));
    let keys = publication.valid.document().flags.iter().map(|flag| flag.key.as_str());
    let known = keys.filter(|key| is_for(publication, kind, key));
    let numbered = known.filter_map(|key| Some((key, made.loaded.program.flag_index(key)?)));
    numbered.map(|(key, number)| flag(made, kind, key, number, &mut prepared)).collect()
}

/// `now` is what every evaluation fills in where the context does not say it.
fn at_now(context: &Map<String, Value>) -> Map<String, Value> {
    let mut context = context.clone();
    context.entry("now").or_insert_with(|| Value::from(Timestamp::now().as_millisecond()));
    context
}

fn flag(
    made: &Made,
    kind: ClientKind,
    key: &str,
    number: u32,
    prepared: &mut downhaul_core::context::Prepared,
) -> AppResult<OfrepFlag> {
    let loaded = &made.loaded;
    let unanswered = || AppError::internal(format!("`{key}` could not be decided"));
    let decision = evaluate(loaded, &[], prepared, number).map_err(|_| unanswered())?;
    let (variant, value) = loaded.program.variant(number, u32::from(decision.variant)).ok_or_else(unanswered)?;
    let rule_index = decision.rule().filter(|_| kind != ClientKind::Browser);
    Ok(OfrepFlag {
        key: key.to_owned(),
        value: serde_json::from_str(value).map_err(AppError::internal)?,
        reason: decision.reason.as_str().to_owned(),
        variant: variant.to_owned(),
        metadata: OfrepMetadata { cause: decision.cause.as_str().map(str::to_owned), rule_index },
    })
}
