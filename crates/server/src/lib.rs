//! The control plane: admin API, client API, stream, metrics.
