//! Evidence of one bucket, as the logarithm of a factor whose expectation is at most 1 while the variant is harmless.

use crate::{Bucket, Margin};
use libm::log;

/// By how much more than the margin allows a variant may fail: what is looked for, from barely to disastrously.
pub const GRID: [f64; 8] = [1.15, 1.3, 1.6, 2.0, 3.0, 5.0, 10.0, 30.0];

/// Harmless is `p_t <= r p_c + d`; looked for is a rate `g` times what is allowed.
///
/// With `D = (r g n_t + n_c) / (r n_t + n_c)`, `a = g / D` and `b = 1 / D` the factor is `a^x_t b^x_c exp(-n_t d (a - 1))`.
/// Why that is not expected to be more than 1: by `1 + z <= e^z` the expectation of `a^x_t b^x_c` is at most
/// `exp(n_t p_t (a - 1) - n_c p_c (1 - b))`; `r n_t (a - 1)` is `n_c (1 - b)` by construction, so that what remains of the
/// exponent is at most `n_t d (a - 1)`, which the last factor takes away. No approximation, and rates may differ by unit.
pub(crate) fn poisson(margin: Margin, g: f64, bucket: &Bucket) -> f64 {
    let (r, d) = (margin.relative(), margin.absolute());
    comparing(r, d, g, bucket)
}

/// The same for any factor `r` above 0, also where less is asked than equality.
pub(crate) fn comparing(r: f64, d: f64, g: f64, bucket: &Bucket) -> f64 {
    let ((n_t, x_t), (n_c, x_c)) = (bucket.treatment.as_floats(), bucket.control.as_floats());
    if n_t <= 0.0 || n_c <= 0.0 {
        // Nothing to compare with.
        return 0.0;
    }
    let spread = (r * g * n_t + n_c) / (r * n_t + n_c);
    let a = g / spread;
    x_t * log(a) - x_c * log(spread) - n_t * d * (a - 1.0)
}

/// Without control: harmless is `p <= most`.
pub(crate) fn ceiling(most: f64, g: f64, units: f64, failed: f64) -> f64 {
    failed * log(g) - units * most * (g - 1.0)
}

/// The exact test of two rates, by the reverse information projection of Turner, Ly and Grünwald
/// (<https://arxiv.org/abs/2106.02693>, section 3): where failures are common it keeps the power that [`poisson`] loses.
/// `guess` is the rate of control, from earlier buckets only; a bad guess costs power, never validity.
pub(crate) fn bernoulli(margin: Margin, g: f64, guess: f64, bucket: &Bucket) -> f64 {
    let ((n_t, x_t), (n_c, x_c)) = (bucket.treatment.as_floats(), bucket.control.as_floats());
    if n_t <= 0.0 || n_c <= 0.0 {
        return 0.0;
    }
    let (r, d) = (margin.relative(), margin.absolute());
    let border = r * guess + d;
    if border >= 0.999 {
        // Control fails so often that nothing would be worse than the margin allows.
        return 0.0;
    }
    let odds = border / (1.0 - border) * g;
    let harmful = odds / (1.0 + odds);

    // The point of the border `t = r c + d` that is nearest to what is looked for. The distance is convex in `c`.
    let (mut low, mut high) = (1e-12, ((1.0 - d) / r).min(1.0) - 1e-12);
    for _ in 0..60 {
        let c = f64::midpoint(low, high);
        let t = r * c + d;
        let slope = -n_t * r * (harmful - t) / (t * (1.0 - t)) - n_c * (guess - c) / (c * (1.0 - c));
        if slope > 0.0 { high = c } else { low = c }
    }
    let c = f64::midpoint(low, high);
    let t = r * c + d;
    x_t * log(harmful / t)
        + (n_t - x_t) * log((1.0 - harmful) / (1.0 - t))
        + x_c * log(guess / c)
        + (n_c - x_c) * log((1.0 - guess) / (1.0 - c))
}
