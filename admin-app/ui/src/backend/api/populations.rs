//! The populations that the control plane keeps.

use super::{encoded, within};
use crate::backend::{Failure, Get, Handle, Method, Request, Upload};
use downhaul_control::api::{PopulationPut, PopulationValues, Populations, PutPopulationQuery};

pub fn populations_kept(environment: &str) -> Get<Populations> {
    Get::new(within(environment, "populations"))
}

pub fn population_values(environment: &str, name: &str) -> Get<PopulationValues> {
    Get::new(within(environment, &format!("populations/{}/values", encoded(name))))
}

/// Keeps a file as a population; `upload` tells how much of it has left.
pub async fn put_population(
    backend: Handle,
    environment: String,
    name: String,
    query: PutPopulationQuery,
    upload: Upload,
) -> Result<PopulationPut, Failure> {
    let PutPopulationQuery { source, taken_at, mapping, malformed } = query;
    let malformed = malformed.map(|rows| rows.to_string());
    let parts = [("source", source), ("taken_at", taken_at), ("mapping", mapping), ("malformed", malformed)];
    let given = parts.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", encoded(&value?))));
    let query = given.collect::<Vec<_>>().join("&");
    let path = within(&environment, &format!("populations/{}?{query}", encoded(&name)));
    super::parsed(backend.upload(path, upload).await?)
}

pub async fn remove_population(backend: Handle, environment: String, name: String) -> Result<(), Failure> {
    let path = within(&environment, &format!("populations/{}", encoded(&name)));
    backend.request(Request { method: Method::Delete, path, body: None }).await.map(|_| ())
}
