//! What circuit breakers of clients do, as they told of it: by flag and variant, over all kinds of clients.

use super::number::{count, counted};
use super::time::age;
use downhaul_control::api::{BreakerPage, BreakerView, Trust};
use downhaul_core::document::{ClientKind, FlagSet};
use std::collections::BTreeMap;

/// The breakers of one flag and variant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaker {
    pub flag: String,
    pub variant: String,
    /// Clients that have it.
    pub instances: u64,
    pub open: u64,
    pub half_open: u64,
    pub forced_open: u64,
    pub closed: u64,
    pub observing: u64,
    pub disabled: u64,
    /// For how long the first of those that are open or half-open has been so.
    pub open_for_ms: Option<u64>,
    /// Why, the most frequent first.
    pub causes: Vec<&'static str>,
    /// `2 of 3 servers`, by kind of client.
    pub places: Vec<String>,
    /// Calls of the last minutes: tried and well, tried in vain, not tried.
    pub ok: u64,
    pub failed: u64,
    pub degraded: u64,
}

impl Breaker {
    /// Clients turned to the degraded mode by themselves. A kill is none of their doing.
    pub fn is_open(&self) -> bool {
        self.open + self.half_open > 0
    }

    /// How many are in which state; those that need somebody come first.
    pub fn states(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("warn", self.open, "open"),
            ("warn", self.half_open, "half-open"),
            ("killed", self.forced_open, "forced open by a kill"),
            ("line", self.observing, "only observing"),
            ("line", self.disabled, "disabled"),
            ("line", self.closed, "closed"),
        ];
        let some = all.into_iter().filter(|(_, number, _)| *number > 0);
        some.map(|(class, number, state)| (class, format!("{} {state}", count(number)))).collect()
    }

    /// `3 of 12 clients that tell of it give the degraded variant instead of on by themselves, for 5 min: failures in a row`.
    pub fn sentence(&self) -> String {
        let turned = self.open + self.half_open;
        let (verb, selves) = if turned == 1 { ("gives", "itself") } else { ("give", "themselves") };
        let time = self.open_for_ms.map(|ms| age(ms as f64)).filter(|time| !time.is_empty());
        let time = time.map(|time| format!(", for {time}")).unwrap_or_default();
        let why = if self.causes.is_empty() { String::new() } else { format!(": {}", self.causes.join(", ")) };
        let clients = if self.instances == 1 { "client that tells" } else { "clients that tell" };
        format!(
            "{} of {} {clients} of it {verb} the degraded variant instead of {} by {selves}{time}{why}",
            count(turned),
            count(self.instances),
            self.variant
        )
    }
}

/// Those that are open come first, the widest of them at the top; then by key.
pub fn breakers(page: &BreakerPage) -> Vec<Breaker> {
    let mut by_name: BTreeMap<(&str, &str), Breaker> = BTreeMap::new();
    let mut causes: BTreeMap<(&str, &str), BTreeMap<&'static str, u64>> = BTreeMap::new();
    for view in &page.breakers {
        let name = (view.flag.as_str(), view.variant.as_str());
        by_name.entry(name).or_default().take(view);
        for (cause, clients) in &view.causes {
            *causes.entry(name).or_default().entry(why(cause)).or_default() += clients;
        }
    }
    let mut all: Vec<Breaker> = by_name
        .into_iter()
        .map(|(name, breaker)| {
            let mut causes: Vec<(&str, u64)> = causes.remove(&name).unwrap_or_default().into_iter().collect();
            causes.sort_by_key(|(_, clients)| std::cmp::Reverse(*clients));
            let causes = causes.into_iter().map(|(why, _)| why).filter(|why| !why.is_empty()).collect();
            Breaker { causes, ..breaker }
        })
        .collect();
    all.sort_by_key(|breaker| std::cmp::Reverse(breaker.open + breaker.half_open));
    all
}

/// How often it is asked for again, in milliseconds: the stream tells of changes, and a breaker that opens is none.
pub const AGAIN_MS: u32 = 10_000;

/// Flags with a breaker of which no client tells.
pub fn untold(document: &FlagSet, page: &BreakerPage) -> Vec<String> {
    let is_told = |key: &str| page.breakers.iter().any(|view| view.flag == key);
    let declared = document.flags.iter().filter(|flag| flag.breaker.is_some()).map(|flag| flag.key.to_string());
    declared.filter(|key| !is_told(key)).collect()
}

impl Breaker {
    fn take(&mut self, view: &BreakerView) {
        (self.flag, self.variant) = (view.flag.clone(), view.variant.clone());
        for (sum, more) in [
            (&mut self.instances, view.instances),
            (&mut self.open, view.open),
            (&mut self.half_open, view.half_open),
            (&mut self.forced_open, view.forced_open),
            (&mut self.closed, view.closed),
            (&mut self.observing, view.observing),
            (&mut self.disabled, view.disabled),
            (&mut self.ok, view.ok),
            (&mut self.failed, view.failed),
            (&mut self.degraded, view.degraded),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.open_for_ms = self.open_for_ms.max(view.open_for_ms);
        if view.instances > 0 {
            let open = view.open + view.half_open;
            let part = if open > 0 { format!("{} of ", count(open)) } else { String::new() };
            let claims = match (view.trust, view.instances) {
                (Trust::Claimed, 1) => ", which only claims it",
                (Trust::Claimed, _) => ", which only claim it",
                (Trust::Trusted, _) => "",
            };
            self.places.push(format!("{part}{}{claims}", clients(view.kind, view.instances)));
        }
    }
}

fn clients(kind: ClientKind, number: u64) -> String {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    match kind {
        ClientKind::Browser => counted(number, "browser", "browsers"),
        ClientKind::Edge => counted(number, "edge", "edges"),
        ClientKind::Server => counted(number, "server", "servers"),
    }
}

/// What leads to an open breaker, by the names of docs/reference/telemetry.md; nothing for one that is not known here.
fn why(cause: &str) -> &'static str {
    match cause {
        "consecutive" => "failures in a row",
        "failures" => "too large a share failed",
        "slow" => "too large a share was slow",
        "probe" => "a try failed",
        "session" => "failures all through a session",
        "crash-loop" => "starts that did not come through",
        "shared" => "another tab said so",
        "waited" => "trying again",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn view(flag: &str, kind: &str, of: Value) -> Value {
        let trust = if kind == "browser" { "claimed" } else { "trusted" };
        let mut view = json!({
            "flag": flag, "variant": "on", "kind": kind, "trust": trust, "instances": 0, "closed": 0, "open": 0,
            "half_open": 0, "forced_open": 0, "disabled": 0, "observing": 0, "open_share": 0.0, "ok": 0, "failed": 0,
            "degraded": 0, "opened": 0,
        });
        for (member, value) in of.as_object().unwrap() {
            view[member] = value.clone();
        }
        view
    }

    fn page(views: Vec<Value>) -> BreakerPage {
        let ignored = json!({ "unknown": 0, "repeated": 0, "late": 0, "limited": 0 });
        serde_json::from_value(json!({ "minutes": 5, "listening_seconds": 9, "breakers": views, "ignored": ignored }))
            .unwrap()
    }

    #[test]
    fn the_widest_open_one_is_first_and_kinds_add_up() {
        let page = page(vec![
            view("a", "server", json!({ "instances": 4, "closed": 3, "observing": 1, "ok": 9 })),
            view(
                "b",
                "server",
                json!({ "instances": 3, "open": 1, "closed": 2, "degraded": 5, "open_for_ms": 61_000, "causes": { "slow": 1 } }),
            ),
            view(
                "c",
                "browser",
                json!({ "instances": 1_000, "open": 20, "half_open": 2, "closed": 978, "degraded": 7, "open_for_ms": 400, "causes": { "consecutive": 20, "waited": 2, "whim": 9 } }),
            ),
            view("c", "edge", json!({ "instances": 1, "forced_open": 1, "degraded": 1 })),
        ]);
        let all = breakers(&page);
        let shown: Vec<(&str, bool, u64, &[String])> = all
            .iter()
            .map(|each| (each.flag.as_str(), each.is_open(), each.degraded, each.places.as_slice()))
            .collect();
        let narrow = "\u{202F}";
        let browsers = format!("22 of 1{narrow}000 browsers, which only claim it");
        assert_eq!(
            shown,
            [
                ("c", true, 8, [browsers, "1 edge".to_owned()].as_slice()),
                ("b", true, 5, ["1 of 3 servers".to_owned()].as_slice()),
                ("a", false, 0, ["4 servers".to_owned()].as_slice()),
            ]
        );
        let states = |at: usize| all[at].states().into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ");
        assert_eq!(states(0), "20 open, 2 half-open, 1 forced open by a kill, 978 closed");
        assert_eq!(states(2), "1 only observing, 3 closed");
    }

    #[test]
    fn what_is_open_is_a_sentence() {
        let said = |of: Value| breakers(&page(vec![view("a", "server", of)]))[0].sentence().replace('\u{202F}', " ");
        let one = json!({ "instances": 1, "open": 1, "open_for_ms": 300, "causes": { "consecutive": 1 } });
        assert_eq!(
            said(one),
            "1 of 1 client that tells of it gives the degraded variant instead of on by itself: failures in a row"
        );
        let more = json!({ "instances": 12, "open": 2, "half_open": 1, "open_for_ms": 300_000, "causes": { "slow": 1, "waited": 2 } });
        assert_eq!(
            said(more),
            "3 of 12 clients that tell of it give the degraded variant instead of on by themselves, for 5 min: trying again, too large a share was slow"
        );
    }

    #[test]
    fn a_breaker_of_which_nobody_tells_is_named() {
        let flag = |key: &str, breaker: Value| {
            let mut flag = json!({
                "key": key, "owner": "a", "kind": "ops", "review": "2099-01-01", "default": "on",
                "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "m" },
            });
            if !breaker.is_null() {
                flag["breaker"] = breaker;
            }
            flag
        };
        let set = json!({ "schema": 1, "environment": "e", "revision": 1, "flags": [flag("a", json!({})), flag("b", json!({})), flag("c", Value::Null)] });
        let (document, _) = downhaul_core::read::flag_set(&set.to_string(), downhaul_core::read::Format::Json).unwrap();
        assert_eq!(untold(&document, &page(vec![view("b", "server", json!({ "instances": 1 }))])), ["a"]);
    }
}
