//! The populations of an environment: read once, and kept while they are asked for.

use crate::environment::log_failed;
use crate::error::{AppError, AppResult};
use crate::live::Save;
use axum::http::StatusCode;
use downhaul_blast::population::{Bytes, Limits, Mapping, Population, PopulationError, Report};
use downhaul_control::api::{
    DrawnFrom, POPULATION_MEDIA_TYPE, PopulationAct, PopulationEvent, PopulationName, PopulationView,
};
use downhaul_control::{Hash, time};
use downhaul_core::ids::EnvironmentKey;
use downhaul_store::PopulationStore;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// Largest body of an upload, and largest binary form that is kept.
pub(crate) const SIZE_LIMIT: usize = 64 * 1024 * 1024;
/// Most populations of an environment.
const COUNT_LIMIT: usize = 64;
/// Entries of the journal that are shown.
const JOURNAL: u32 = 100;

/// What an uploaded population may grow to.
fn limits(malformed_rows: u64) -> Limits {
    Limits { rows: 5_000_000, bytes: 512 << 20, columns: 1024, malformed_rows, ..Limits::default() }
}

/// The populations of one environment.
#[derive(Debug)]
pub(crate) struct Populations {
    environment: EnvironmentKey,
    store: Arc<dyn PopulationStore>,
    /// The one that was asked for last.
    read: Mutex<Option<Arc<Kept>>>,
    /// Held while one is put, so that there are never more than may be.
    putting: tokio::sync::Mutex<()>,
}

/// A population, and what is known of it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) about: PopulationView,
    pub(crate) population: Population,
}

/// A population as it was uploaded.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) form: Form,
    pub(crate) body: Bytes,
    pub(crate) mapping: Mapping,
    pub(crate) malformed: u64,
}

/// How an upload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    Csv,
    JsonLines,
    Parquet,
}

impl Form {
    /// By media type, whatever its parameters.
    pub(crate) fn of(content_type: Option<&str>) -> AppResult<Form> {
        let media_type = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            POPULATION_MEDIA_TYPE => Ok(Form::Binary),
            "text/csv" => Ok(Form::Csv),
            "application/x-ndjson" | "application/jsonl" => Ok(Form::JsonLines),
            "application/vnd.apache.parquet" => Ok(Form::Parquet),
            other => Err(AppError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "population-format",
                format!("a population cannot be read from `{other}`"),
                format!(
                    "send `text/csv`, `application/x-ndjson` (one JSON object a line), `application/vnd.apache.parquet` \
                     or `{POPULATION_MEDIA_TYPE}`"
                ),
            )),
        }
    }
}

impl Upload {
    /// Reads all of it.
    pub(crate) async fn read(self) -> AppResult<(Population, Report)> {
        spawn_blocking(move || {
            let Upload { form, body, mapping, malformed } = self;
            let limits = limits(malformed);
            let read = match form {
                Form::Binary => Population::from_sample_bytes(&body, &limits).map(|read| (read, Report::default())),
                Form::Csv => Population::from_csv(&*body, &mapping, &limits),
                Form::JsonLines => Population::from_json_lines(&*body, &mapping, &limits),
                Form::Parquet => Population::from_parquet(body, &mapping, &limits),
            };
            read.map_err(|error| unusable(&error))
        })
        .await
        .map_err(AppError::internal)?
    }
}

fn unusable(error: &PopulationError) -> AppError {
    AppError::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string(), error.help())
}

impl Populations {
    pub(crate) fn new(environment: EnvironmentKey, store: Arc<dyn PopulationStore>) -> Self {
        Populations { environment, store, read: Mutex::default(), putting: tokio::sync::Mutex::default() }
    }

    pub(crate) async fn list(&self) -> AppResult<Vec<PopulationView>> {
        self.store.populations(&self.environment).await.map_err(log_failed)
    }

    pub(crate) async fn journal(&self) -> AppResult<Vec<PopulationEvent>> {
        self.store.population_journal(&self.environment, JOURNAL).await.map_err(log_failed)
    }

    pub(crate) async fn about(&self, name: &PopulationName) -> AppResult<PopulationView> {
        let found = self.store.population(&self.environment, name).await.map_err(log_failed)?;
        found.ok_or_else(|| unknown(name.as_str()))
    }

    /// The bytes as they are kept, and their digest.
    pub(crate) async fn content(&self, name: &PopulationName) -> AppResult<(PopulationView, Vec<u8>)> {
        let found = self.store.population_content(&self.environment, name).await.map_err(log_failed)?;
        found.ok_or_else(|| unknown(name.as_str()))
    }

    /// The population itself.
    pub(crate) async fn get(&self, name: &PopulationName) -> AppResult<Arc<Kept>> {
        let about = self.about(name).await?;
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.about == about) {
            return Ok(known);
        }
        let (about, bytes) = self.content(name).await?;
        let read = spawn_blocking(move || Population::from_sample_bytes(&bytes, &Limits::default()));
        let population = read.await.map_err(AppError::internal)?.map_err(AppError::internal)?;
        let kept = Arc::new(Kept { about, population });
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&kept));
        Ok(kept)
    }

    /// The population itself, if there is one.
    pub(crate) async fn find(&self, name: &PopulationName) -> AppResult<Option<Arc<Kept>>> {
        let known = self.store.population(&self.environment, name).await.map_err(log_failed)?;
        match known {
            Some(_) => self.get(name).await.map(Some),
            None => Ok(None),
        }
    }

    /// Keeps a population in place of the one of this name.
    pub(crate) async fn put(&self, population: Population, provenance: Provenance) -> AppResult<PopulationView> {
        let putting = self.putting.lock().await;
        let known = self.list().await?;
        if known.len() >= COUNT_LIMIT && !known.iter().any(|known| known.name == provenance.name) {
            return Err(AppError::new(
                StatusCode::CONFLICT,
                "too-many-populations",
                format!("the environment has {COUNT_LIMIT} populations, which is the limit"),
                "remove one that is not used: `downhaul population remove NAME`",
            ));
        }
        let made = spawn_blocking(move || {
            let content = population.to_bytes();
            let about = provenance.about(&population, &content);
            (about, content)
        });
        let (about, content) = made.await.map_err(AppError::internal)?;
        if content.len() > SIZE_LIMIT {
            return Err(too_large(content.len()));
        }
        let event = PopulationEvent {
            at: about.put_at.clone(),
            by: about.put_by.clone(),
            name: about.name.to_string(),
            what: PopulationAct::Put,
            digest: about.digest.clone(),
        };
        self.store.put_population(&self.environment, &about, &content, Some(&event)).await.map_err(not_kept)?;
        drop(putting);
        Ok(about)
    }

    /// Keeps the live sample, or removes it.
    pub(crate) async fn save_live(&self, save: Save) -> AppResult<()> {
        match save {
            Save::Put(population, provenance, live) => {
                let made = spawn_blocking(move || {
                    let content = population.to_bytes();
                    let about = PopulationView { live: Some(live), ..provenance.about(&population, &content) };
                    (about, content)
                });
                let (about, content) = made.await.map_err(AppError::internal)?;
                self.store.put_population(&self.environment, &about, &content, None).await.map_err(not_kept)
            }
            Save::Remove => {
                let name = PopulationName::live();
                if self.store.population(&self.environment, &name).await.map_err(log_failed)?.is_none() {
                    return Ok(());
                }
                self.remove(&name, time::to_text(Timestamp::now()), "system".to_owned()).await
            }
        }
    }

    pub(crate) async fn remove(&self, name: &PopulationName, at: String, by: String) -> AppResult<()> {
        let digest = self.about(name).await?.digest;
        let event = PopulationEvent { at, by, name: name.to_string(), what: PopulationAct::Removed, digest };
        let removed = self.store.remove_population(&self.environment, name, &event).await.map_err(not_kept)?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if removed { Ok(()) } else { Err(unknown(name.as_str())) }
    }
}

/// Where a population comes from, and who put it when.
#[derive(Debug, Clone)]
pub(crate) struct Provenance {
    pub(crate) name: PopulationName,
    pub(crate) source: String,
    pub(crate) taken_at: String,
    pub(crate) put_at: String,
    pub(crate) put_by: String,
}

impl Provenance {
    fn about(self, population: &Population, content: &[u8]) -> PopulationView {
        let Provenance { name, source, taken_at, put_at, put_by } = self;
        let drawn_from = population.sampled().map(|sampled| DrawnFrom { rows: sampled.rows, weight: sampled.weight });
        PopulationView {
            name,
            taken_at,
            source,
            rows: population.rows() as u64,
            weight: population.weight(),
            columns: population.columns().iter().map(|column| column.name()).collect(),
            size: content.len() as u64,
            digest: Hash::of(content).to_string(),
            drawn_from,
            put_at,
            put_by,
            live: None,
        }
    }
}

pub(crate) fn unknown(name: &str) -> AppError {
    AppError::not_found(
        "unknown-population",
        format!("there is no population `{name}`"),
        "see which there are: `downhaul population list`",
    )
}

fn too_large(size: usize) -> AppError {
    let mib = |bytes: usize| bytes.div_ceil(1024 * 1024);
    AppError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "population-too-large",
        format!("the population takes {} MiB, and {} MiB may be kept", mib(size), mib(SIZE_LIMIT)),
        "keep a sample of it: `downhaul population put NAME FILE --sample 100000`",
    )
}

/// Nothing of it was kept.
fn not_kept(error: downhaul_store::StoreError) -> AppError {
    match error {
        downhaul_store::StoreError::Full(_) => AppError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            error.code(),
            "the population was not kept: no room is left in the data folder",
            "free space on its disk and repeat; the population that was there is still there",
        ),
        error => log_failed(error),
    }
}
