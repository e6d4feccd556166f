//! Whether a variant does harm, judged while it is rolled out.
//!
//! A guard looks at every bucket of counts as it comes, for as long as a rollout lasts. A test that is made for one look would
//! cry wolf: looked at 1 000 times, a level of 0.1 % is no level at all. Everything here is an *e-process*: a number that starts
//! at 1 and, while the variant is harmless, is not expected to grow, whatever happened before. By Ville's inequality it ever
//! reaches `1 / level` with a probability of at most `level`, however often and whenever somebody looks, and whatever the
//! rollout did meanwhile because of what it saw.
//!
//! ```text
//! counts of a bucket -> Comparison (harm, harmlessness)  \
//!                       Latency (three thresholds)        -> Guard -> Standing
//! units that were first seen -> Arms (a Ratio for each instance: are the arms as large as they should be)
//! ```
//!
//! What is counted decides whether the promise holds; see [`Counts`].
//!
//! Nothing here reads a clock or rolls a die: a decision is a function of the buckets, and the same on every platform.
//! Sources: Turner, Ly and Grünwald (<https://arxiv.org/abs/2106.02693>) for two rates; Grünwald, Ly, Pérez-Ortiz and ter Schure
//! (<https://arxiv.org/abs/2011.06931>) for units at risk; Lindon and Malek, *Anytime-valid inference for multinomial count data*
//! (NeurIPS 2022), for the sizes of arms.

mod arms;
mod ceiling;
mod comparison;
mod counts;
mod guard;
mod kernel;
mod latency;
mod level;
mod margin;
mod mixture;
mod ratio;
mod record;
mod rules;

pub use arms::{Arms, Short, Stage};
pub use ceiling::Ceiling;
pub use comparison::Comparison;
pub use counts::{Bucket, Counts, NotCounts};
pub use guard::{Guard, Standing};
pub use kernel::GRID;
pub use latency::Latency;
pub use level::{Evidence, Grouped, Level, NotALevel};
pub use margin::{Margin, NotAMargin};
pub use mixture::Plan;
pub use ratio::{NotShares, Ratio};
pub use record::Record;
pub use rules::{Against, NotRules, Rules, Seen};
