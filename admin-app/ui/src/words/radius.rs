//! Whom a change moves, in words.

use super::number::count;
use super::rule;
use super::sentence::{Kind, Sentence};
use downhaul_blast::exact::{Bucket, Region};
use downhaul_blast::plan::{FlagPlan, Share, Status};
use serde_json::Value;

/// A weight as people count: whole where it is whole or large.
pub fn weight(weight: f64) -> String {
    if weight.fract() == 0.0 || weight >= 100.0 {
        return count(weight.round() as u64);
    }
    format!("{weight:.2}")
}

/// A part of a whole: `2.3 %`, never rounded to nothing or to everything.
pub fn percent(part: f64) -> String {
    let percent = part * 100.0;
    match percent {
        percent if percent <= 0.0 => "0\u{202F}%".to_owned(),
        percent if percent < 0.01 => "under 0.01\u{202F}%".to_owned(),
        percent if percent >= 100.0 => "100\u{202F}%".to_owned(),
        percent if percent > 99.9 => "over 99.9\u{202F}%".to_owned(),
        percent if percent < 1.0 => format!("{percent:.2}\u{202F}%"),
        percent if (percent - percent.round()).abs() < 0.05 => format!("{percent:.0}\u{202F}%"),
        percent => format!("{percent:.1}\u{202F}%"),
    }
}

/// Of everyone, as far as that is known without a population.
pub fn of_everyone(part: Share) -> String {
    let Share { least, most } = part;
    match part.is_certain() {
        true if most <= 0.0 => "Nobody".to_owned(),
        true if most >= 1.0 => "Everyone".to_owned(),
        true => format!("{} of everyone", percent(most)),
        false if least <= 0.0 && most >= 1.0 => "An unknown part".to_owned(),
        false if least <= 0.0 => format!("At most {} of everyone", percent(most)),
        false => format!("{} to {} of everyone", percent(least), percent(most)),
    }
}

/// Who is in a region: `tenant is acme and region is within eu: 5 % of users`.
pub fn region(flag: &str, region: &Region) -> Sentence {
    let mut sentence = Sentence::new();
    let mut parts: Vec<Sentence> = region.when.iter().map(rule::condition).collect();
    let mut says = |names: &[String], words: &str| {
        parts.extend(names.iter().map(|name| Sentence::new().value(Kind::Plain, name).text(words).clone()));
    };
    says(&region.no_unit, " holds nothing to take a bucket by");
    says(&region.unit, " holds something to take a bucket by");
    says(&region.lists_aside, " taken for an empty list where it is one");
    let everyone = parts.is_empty();
    for (at, part) in parts.into_iter().enumerate() {
        sentence.text(if at > 0 { " and " } else { "" }).push_all(part);
    }
    let some = if region.exact { "" } else { "at most " };
    match &region.bucket {
        None if everyone && region.exact => sentence.text("everyone"),
        None if region.exact => &mut sentence,
        None if everyone => sentence.text("some or all"),
        None => sentence.text(": some or all of them"),
        Some(bucket) => {
            sentence.text(if everyone { "" } else { ": " }).text(some).text(&percent(region.share));
            let buckets: Vec<String> =
                std::iter::once(bucket).chain(&region.and_buckets).map(|bucket| buckets(flag, bucket)).collect();
            sentence.text(&format!(" of {}, {}", unit(bucket), buckets.join(" and ")))
        }
    };
    sentence
}

fn unit(bucket: &Bucket) -> &str {
    if bucket.by == "targetingKey" { "users" } else { &bucket.by }
}

fn buckets(flag: &str, bucket: &Bucket) -> String {
    let Bucket { salt, from, to, .. } = bucket;
    let salt = if salt == flag { String::new() } else { format!(" of salt {salt}") };
    format!("buckets {} to {}{salt}", count(*from), count(*to))
}

/// A group's value: `acme`, or that there is none.
pub fn group(value: &Value) -> String {
    match value {
        Value::Null => "not given".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A sentence for screen readers: how many, and from what to what.
pub fn spoken(plan: Option<&FlagPlan>) -> String {
    let Some(plan) = plan else { return "Nobody changes".to_owned() };
    let ways: Vec<String> = plan
        .transitions
        .iter()
        .map(|way| match way.weight {
            Some(moved) => format!("{} from {} to {}", weight(moved), way.from, way.to),
            None => format!("from {} to {}", way.from, way.to),
        })
        .collect();
    let how_many = match (plan.moved, plan.of) {
        (Some(moved), Some(of)) => format!("{} of {} change", weight(moved), weight(of)),
        _ => match plan.status {
            Status::Added => "The flag is new".to_owned(),
            Status::Removed => "The flag is gone".to_owned(),
            Status::Changed | Status::ReasonOnly | Status::Unknown => {
                format!("{} changes", of_everyone(plan.share()))
            }
        },
    };
    if ways.is_empty() { how_many } else { format!("{how_many}: {}", ways.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(region_json: Value) -> String {
        let mut whole = json!({
            "when": [], "bucket": null, "share": 1.0, "from": "off", "to": "on", "from_reason": "DEFAULT",
            "to_reason": "SPLIT", "witness": null, "exact": true,
        });
        for (name, value) in region_json.as_object().unwrap() {
            whole[name] = value.clone();
        }
        region("f", &serde_json::from_value(whole).unwrap()).to_string().replace('\u{202F}', " ")
    }

    #[test]
    fn regions_are_sentences() {
        let bucket = json!({ "by": "targetingKey", "salt": "f", "from": 20_000, "to": 25_000 });
        let other = json!({ "by": "tenant", "salt": "s", "from": 0, "to": 10 });
        let acme = json!([{ "tenant": ["acme"] }, { "region": ["eu"] }]);
        for (given, expected) in [
            (json!({}), "everyone"),
            (json!({ "exact": false }), "some or all"),
            (json!({ "when": acme }), "tenant is [acme] and region is within [eu]"),
            (
                json!({ "when": acme, "bucket": bucket, "share": 0.05 }),
                "tenant is [acme] and region is within [eu]: 5 % of users, buckets 20 000 to 25 000",
            ),
            (json!({ "bucket": other, "share": 0.0001 }), "0.01 % of tenant, buckets 0 to 10 of salt s"),
            (json!({ "no_unit": ["targetingKey"] }), "[targetingKey] holds nothing to take a bucket by"),
        ] {
            assert_eq!(words(given.clone()), expected, "{given}");
        }
    }

    #[test]
    fn parts_are_never_rounded_to_the_ends() {
        for (part, expected) in [
            (0.0, "0 %"),
            (0.000_01, "under 0.01 %"),
            (0.0234, "2.3 %"),
            (0.05, "5 %"),
            (0.0012, "0.12 %"),
            (0.9999, "over 99.9 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(part).replace('\u{202F}', " "), expected);
        }
        assert_eq!(of_everyone(Share { least: 0.0, most: 0.25 }).replace('\u{202F}', " "), "At most 25 % of everyone");
        assert_eq!(of_everyone(Share::UNKNOWN), "An unknown part");
    }
}
