use super::Policy;
use downhaul_core::diagnostic::Diagnostic;
use serde_json::Value;
use std::collections::BTreeSet;

/// Reads a policy that a person wrote.
///
/// # Errors
/// What is wrong with it, each with its place in the document.
pub fn read(document: &Value) -> Result<Policy, Vec<Diagnostic>> {
    if !document.is_object() {
        let problem = Diagnostic::error("not-a-policy", "", "a policy is an object");
        return Err(vec![problem.help("write `{}` for the policy that every environment begins with")]);
    }
    let policy: Policy =
        serde_path_to_error::deserialize(document).map_err(|error| {
            let pointer = pointer(error.path());
            let problem = Diagnostic::error("not-a-policy", pointer, error.into_inner().to_string());
            vec![problem.help(
                "`downhaul schema policy` describes what may stand there, docs/reference/policy.md what it means",
            )]
        })?;
    let problems = problems(&policy);
    if problems.is_empty() { Ok(policy) } else { Err(problems) }
}

/// What the types do not say.
pub(crate) fn problems(policy: &Policy) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if let Some(share) = policy.budget.share.filter(|share| !(0.0..=1.0).contains(share)) {
        let problem = Diagnostic::error("not-a-share", "/budget/share", format!("{share} is not a part from 0 to 1"));
        problems.push(problem.help("write 5 % as `0.05`"));
    }
    let told = policy.telemetry.share;
    if !(0.0..=1.0).contains(&told) {
        let problem = Diagnostic::error("not-a-share", "/telemetry/share", format!("{told} is not a part from 0 to 1"));
        problems.push(problem.help("write one in ten as `0.1`"));
    }
    let twice = |names: &mut dyn Iterator<Item = String>, place: &str| {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for (at, name) in names.enumerate() {
            if !seen.insert(name.clone()) {
                let problem =
                    Diagnostic::error("named-twice", format!("{place}/{at}"), format!("`{name}` stands there twice"));
                found.push(problem.help("name it once"));
            }
        }
        found
    };
    let budget = &policy.budget;
    let tenants = &mut budget.critical_tenants.iter().map(ToString::to_string);
    problems.extend(twice(tenants, "/budget/critical_tenants"));
    problems.extend(twice(&mut budget.regions.iter().map(ToString::to_string), "/budget/regions"));
    problems
}

/// RFC 6901, of the place that serde was at.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let part = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => "/?".to_owned(),
    };
    path.iter().map(part).collect()
}
