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
