//! The populations that a control plane keeps.

use super::{ANSWER_LIMIT, ControlPlane};
use crate::exit::Failure;
use downhaul_blast::population::{Limits, Population};
use downhaul_control::Hash;
use downhaul_control::api::{POPULATION_MEDIA_TYPE, PopulationPut, PopulationView, Populations, PutPopulationQuery};

impl ControlPlane {
    pub(crate) async fn populations(&self) -> Result<Populations, Failure> {
        self.get(&["populations"], &[]).await
    }

    /// What is known of a population, and its bytes, which have the digest that it says.
    pub(crate) async fn population_bytes(&self, name: &str) -> Result<(PopulationView, Vec<u8>), Failure> {
        // Another one may be put between the two requests.
        for _ in 0..3 {
            let about: PopulationView = self.get(&["populations", name], &[]).await?;
            let request = self.http.get(self.url(&["populations", name, "content"])).timeout(ANSWER_LIMIT);
            let body = self.send(request).await?.bytes().await.map_err(|error| self.unreachable(&error))?;
            if Hash::of(&body).to_string() == about.digest {
                return Ok((about, body.to_vec()));
            }
        }
        Err(Failure::could_not_run("population-changed", format!("`{name}` is not what its digest says"))
            .help("try again; someone may be putting it anew"))
    }

    pub(crate) async fn population(&self, name: &str) -> Result<(PopulationView, Population), Failure> {
        let (about, bytes) = self.population_bytes(name).await?;
        let population = Population::from_sample_bytes(&bytes, &Limits::default())
            .map_err(|error| Failure::could_not_run(error.code(), error.to_string()).help(error.help()))?;
        Ok((about, population))
    }

    /// Keeps a population under a name.
    pub(crate) async fn put_population(
        &self,
        name: &str,
        query: &PutPopulationQuery,
        bytes: Vec<u8>,
    ) -> Result<PopulationPut, Failure> {
        let mut url = self.url(&["populations", name]);
        let PutPopulationQuery { source, taken_at, mapping: _, malformed: _ } = query;
        for (key, value) in [("source", source), ("taken_at", taken_at)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(key, value);
            }
        }
        let request =
            self.http.put(url).header("content-type", POPULATION_MEDIA_TYPE).body(bytes).timeout(ANSWER_LIMIT);
        self.read(self.send(request).await?).await
    }
}
