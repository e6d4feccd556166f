//! What the palette looks for beyond what every page knows: asked for when it is opened.

use crate::backend::Get;
use crate::backend::api::within;
use serde::Deserialize;

/// Of these pages of the API, what is found by: to read them whole belongs to the pages that show them.
#[derive(Debug, Default, Deserialize)]
pub struct Releases {
    pub releases: Vec<Release>,
}

#[derive(Debug, Deserialize)]
pub struct Release {
    pub key: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Rollouts {
    pub rollouts: Vec<Rollout>,
}

#[derive(Debug, Deserialize)]
pub struct Rollout {
    pub id: String,
    pub flag: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct People {
    pub people: Vec<Person>,
}

#[derive(Debug, Deserialize)]
pub struct Person {
    pub actor: String,
    pub name: Option<String>,
    pub roles: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Chart {
    pub changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
pub struct Change {
    pub revision: u64,
    pub summary: String,
    pub reason: String,
    pub actor_name: Option<String>,
}

/// Changes that are found; older ones are searched for in the chart itself.
const CHANGES: u32 = 200;

pub fn releases(environment: &str) -> Get<Releases> {
    Get::new(within(environment, "releases"))
}

pub fn rollouts(environment: &str) -> Get<Rollouts> {
    Get::new(within(environment, "rollouts"))
}

pub fn people(environment: &str) -> Get<People> {
    Get::new(within(environment, "people"))
}

pub fn chart(environment: &str) -> Get<Chart> {
    Get::new(within(environment, &format!("chart?limit={CHANGES}")))
}
