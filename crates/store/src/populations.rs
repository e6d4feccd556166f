use crate::StoreError;
use async_trait::async_trait;
use downhaul_control::api::{PopulationEvent, PopulationName, PopulationView};
use downhaul_core::ids::EnvironmentKey;
use std::fmt;

/// Where populations are kept, beside the log.
///
/// Their content is bytes here; what they mean is said by `about`.
#[async_trait]
pub trait PopulationStore: fmt::Debug + Send + Sync + 'static {
    /// By name.
    async fn populations(&self, environment: &EnvironmentKey) -> Result<Vec<PopulationView>, StoreError>;

    async fn population(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
    ) -> Result<Option<PopulationView>, StoreError>;

    /// What is kept of a population and its bytes, of the same moment.
    async fn population_content(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
    ) -> Result<Option<(PopulationView, Vec<u8>)>, StoreError>;

    /// Keeps a population, in place of the one of this name. Until the last byte is there the other one stays, and a change
    /// is appended between any two pieces: a kill does not wait for it.
    async fn put_population(
        &self,
        environment: &EnvironmentKey,
        about: &PopulationView,
        content: &[u8],
        event: Option<&PopulationEvent>,
    ) -> Result<(), StoreError>;

    /// False where there was none.
    async fn remove_population(
        &self,
        environment: &EnvironmentKey,
        name: &PopulationName,
        event: &PopulationEvent,
    ) -> Result<bool, StoreError>;

    /// The newest first.
    async fn population_journal(
        &self,
        environment: &EnvironmentKey,
        limit: u32,
    ) -> Result<Vec<PopulationEvent>, StoreError>;
}

/// What one transaction writes of a population: a kill waits for no more than this.
pub(crate) const PIECE: usize = 256 * 1024;

/// Runs in a task of its own, and so to its end even if the caller goes away.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(why) => Err(StoreError::Damaged(format!("writing was cut off: {why}"))),
    }
}

/// A population and its bytes, if no piece is missing.
pub(crate) fn whole(
    name: &PopulationName,
    about: PopulationView,
    pieces: &[&[u8]],
) -> Result<(PopulationView, Vec<u8>), StoreError> {
    let bytes = pieces.concat();
    if bytes.len() as u64 == about.size {
        Ok((about, bytes))
    } else {
        Err(StoreError::Damaged(format!("the population `{name}` lacks a part of its content")))
    }
}

pub(crate) fn about(text: String) -> Result<PopulationView, StoreError> {
    serde_json::from_str(&text)
        .map_err(|why| StoreError::Damaged(format!("what is kept of a population cannot be read: {why}")))
}

pub(crate) fn event(text: String) -> Result<PopulationEvent, StoreError> {
    serde_json::from_str(&text).map_err(|why| StoreError::Damaged(format!("the journal of populations: {why}")))
}

pub(crate) fn written(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::Damaged(format!("cannot be written: {why}")))
}
