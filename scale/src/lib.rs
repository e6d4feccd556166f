//! The replay of `downhaul plan` over populations larger than memory, and on a cluster.
//!
//! The replay is an aggregate function of DataFusion, [`function`]: it takes the columns that the change looks at, batch by
//! batch, and gives what `downhaul_blast::replay` finds in them. Its states add up in any order, so DataFusion may part
//! the rows between threads and Ballista between machines; the two flag sets travel with the function.
//! [`columns`] makes rows of contexts from Arrow; [`run`] puts a query together; `cluster` lends it to Ballista.

#[cfg(feature = "cluster")]
pub mod cluster;
pub mod columns;
pub mod documents;
pub mod failure;
pub mod function;
pub mod human;
pub mod order;
pub mod run;
pub mod sources;
#[path = "../../crates/blast/src/population/parquet/values.rs"]
mod values;
