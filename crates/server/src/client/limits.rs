use crate::error::AppError;
use crate::metrics::{Kind, KindLabels, Metrics, ReasonLabels};
use axum::http::StatusCode;
use downhaul_core::document::ClientKind;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts open streams per client key and per address.
#[derive(Debug, Clone)]
pub(crate) struct StreamLimits {
    counts: Arc<Mutex<Counts>>,
    open: Arc<AtomicUsize>,
    per_key: usize,
    per_address: usize,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Counts {
    keys: BTreeMap<String, usize>,
    addresses: BTreeMap<IpAddr, usize>,
}

/// The place of one open stream; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    limits: StreamLimits,
    key: String,
    address: IpAddr,
    kind: Kind,
}

impl StreamLimits {
    pub(crate) fn new(per_key: usize, per_address: usize, metrics: Arc<Metrics>) -> Self {
        StreamLimits { counts: Arc::default(), open: Arc::default(), per_key, per_address, metrics }
    }

    /// Streams that are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self, key: &str, address: IpAddr, kind: ClientKind) -> Result<Place, AppError> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = counts.keys.get(key).copied().unwrap_or(0);
        let of_address = counts.addresses.get(&address).copied().unwrap_or(0);
        for (open, most, limit) in [(of_key, self.per_key, "key"), (of_address, self.per_address, "address")] {
            if open >= most {
                self.metrics.streams_refused.get_or_create(&ReasonLabels { limit }).inc();
                return Err(too_many(limit, most));
            }
        }
        counts.keys.insert(key.to_owned(), of_key + 1);
        counts.addresses.insert(address, of_address + 1);
        let kind = Kind::from(kind);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.metrics.streams.get_or_create(&KindLabels { kind }).inc();
        Ok(Place { limits: self.clone(), key: key.to_owned(), address, kind })
    }
}

fn too_many(limit: &str, most: usize) -> AppError {
    AppError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-streams",
        format!("this {limit} has {most} streams open, which is the limit"),
        "close streams that are not used, share one per browser, or raise the limit of the server",
    )
    .retry_after(30)
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limits.open.fetch_sub(1, Ordering::Relaxed);
        let mut counts = self.limits.counts.lock().unwrap_or_else(PoisonError::into_inner);
        give_back(&mut counts.keys, &self.key);
        give_back(&mut counts.addresses, &self.address);
        self.limits.metrics.streams.get_or_create(&KindLabels { kind: self.kind }).dec();
    }
}

fn give_back<K: Ord + Clone>(counts: &mut BTreeMap<K, usize>, key: &K) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let limits = StreamLimits::new(2, 3, Arc::new(Metrics::new()));
        let [one, two]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let take = |key: &str, address| limits.take(key, address, ClientKind::Browser);
        let first = take("a", one).unwrap();
        let _second = take("a", two).unwrap();
        assert!(take("a", one).is_err(), "the key is full");
        let _third = take("b", one).unwrap();
        let _fourth = take("b", one).unwrap();
        assert!(take("c", one).is_err(), "the address is full");
        assert_eq!(limits.open(), 4);
        drop(first);
        assert_eq!(limits.open(), 3);
        assert!(take("a", one).is_ok());
    }
}
