//! The first steps: from a flag to its rehearsed kill. What has been done follows from what the server knows; only the
//! choices that nobody else knows are kept in the browser.

use crate::words::text::state as text;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a person has chosen so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guide {
    /// The flag that it goes by.
    pub flag: String,
    pub platform: Platform,
    /// A browser key, which stands in every page; others are kept nowhere.
    pub key: String,
    /// Put away: nothing reminds of it any more.
    pub is_put_away: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    #[default]
    Page,
    React,
    Node,
    Rust,
    Edge,
}

impl Platform {
    pub const ALL: [Platform; 5] = [Platform::Page, Platform::React, Platform::Node, Platform::Rust, Platform::Edge];

    pub fn name(self) -> &'static str {
        match self {
            Platform::Page => "page",
            Platform::React => "react",
            Platform::Node => "node",
            Platform::Rust => "rust",
            Platform::Edge => "edge",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Platform::Page => text::A_PLAIN_PAGE,
            Platform::React => text::REACT,
            Platform::Node => text::NODE,
            Platform::Rust => text::RUST,
            Platform::Edge => text::AN_EDGE_WORKER,
        }
    }

    /// Whether its key stands in a page, where anyone can read it.
    pub fn is_public(self) -> bool {
        matches!(self, Platform::Page | Platform::React)
    }
}

/// What the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    pub has_flag: bool,
    /// A client told that its application asked for the flag.
    pub is_asked: bool,
    /// A drill of the flag has passed.
    pub is_rehearsed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Flag,
    Snippet,
    Decision,
    Rehearsal,
    Done,
}

/// The step that is next. A key is no step by itself: someone may have one already.
pub fn step(guide: &Guide, facts: Facts) -> Step {
    match facts {
        Facts { has_flag: false, .. } => Step::Flag,
        Facts { is_rehearsed: true, is_asked: true, .. } => Step::Done,
        Facts { is_asked: true, .. } => Step::Rehearsal,
        _ if guide.key.is_empty() => Step::Snippet,
        _ => Step::Decision,
    }
}

/// Under which it is kept.
pub fn shelf(environment: &str) -> String {
    format!("downhaul.guide/{environment}")
}

/// The first flag: on for everyone, so that a kill shows.
pub fn first_flag(key: &str, owner: &str, meaning: &str, expires: &str) -> Value {
    json!({
        "key": key, "description": text::THE_FIRST_FLAG, "owner": owner, "kind": "release", "expires": expires,
        "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false },
        "degraded": { "variant": "off", "meaning": meaning }, "default": "on",
    })
}

/// How the package comes there.
pub fn install(platform: Platform) -> &'static str {
    match platform {
        Platform::Page => text::NPM_INSTALL_DOWNHAUL_CP_R_NODE,
        Platform::React => text::NPM_INSTALL_DOWNHAUL_OPENFEATURE_REACT_SDK,
        Platform::Node | Platform::Edge => text::NPM_INSTALL_DOWNHAUL,
        Platform::Rust => text::CARGO_ADD_DOWNHAUL_SDK_CARGO_ADD,
    }
}

/// Code that asks for the flag, whole: it runs as it stands.
pub fn snippet(platform: Platform, url: &str, key: &str, flag: &str) -> String {
    let [url, key, flag] = [url, key, flag].map(|text| Value::from(text).to_string());
    match platform {
        Platform::Page => format!(
            r##"<!doctype html>
<meta charset="utf-8">
<p>The flag is <b id="flag">…</b></p>
<script type="module">
  import {{ createClient }} from "./downhaul/browser.js";

  const flags = createClient({{ url: {url}, key: {key}, context: {{ targetingKey: "visitor-1" }} }});
  const show = () => (document.querySelector("#flag").textContent = flags.boolean({flag}, false) ? "on" : "off");
  flags.on("changed", show);
  await flags.ready();
  show();
</script>
"##
        ),
        Platform::React => format!(
            r#"import {{ OpenFeature, OpenFeatureProvider, useBooleanFlagValue }} from "@openfeature/react-sdk";
import {{ createClient }} from "downhaul";
import {{ DownhaulWebProvider }} from "downhaul/openfeature-web";

const client = createClient({{ url: {url}, key: {key} }});
OpenFeature.setProvider(new DownhaulWebProvider(client), {{ targetingKey: "visitor-1" }});

function First() {{
  return <p>The flag is {{useBooleanFlagValue({flag}, false) ? "on" : "off"}}</p>;
}}

export default () => <OpenFeatureProvider><First /></OpenFeatureProvider>;
"#
        ),
        Platform::Node => format!(
            r#"import {{ createClient }} from "downhaul";

const flags = createClient({{ url: {url}, key: {key}, kind: "server" }});
await flags.ready();
const show = () => console.log("the flag is", flags.evaluate({{ targetingKey: "visitor-1" }}).boolean({flag}, false) ? "on" : "off");
flags.on("changed", show);
show();
"#
        ),
        Platform::Rust => format!(
            r#"use downhaul_sdk::{{Context, Options}};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let client = Options::new({url}, {key}).start()?;
    let mut events = client.events();
    client.ready().await;
    loop {{
        let mine = client.evaluate(&Context::new("visitor-1"));
        println!("the flag is {{}}", if mine.boolean({flag}, false) {{ "on" }} else {{ "off" }});
        if events.next().await.is_none() {{
            return Ok(());
        }}
    }}
}}
"#
        ),
        Platform::Edge => format!(
            r#"import {{ createClient }} from "downhaul";

let flags;
export default {{
  async fetch(request, env, execution) {{
    flags ??= createClient({{ url: {url}, key: {key}, kind: "edge", transport: "manual" }});
    if (!flags.status().position) await flags.refresh();
    else execution.waitUntil(flags.refresh());
    const mine = flags.evaluate({{ targetingKey: "visitor-1" }});
    return new Response(`the flag is ${{mine.boolean({flag}, false) ? "on" : "off"}}\n`);
  }},
}};
"#
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_next_follows_from_what_is_known() {
        let facts = |has_flag, is_asked, is_rehearsed| Facts { has_flag, is_asked, is_rehearsed };
        let (none, keyed) = (Guide::default(), Guide { key: "dhk_1".into(), ..Guide::default() });
        for (guide, facts, next) in [
            (&none, facts(false, false, false), Step::Flag),
            (&keyed, facts(false, false, false), Step::Flag),
            (&none, facts(true, false, false), Step::Snippet),
            (&keyed, facts(true, false, false), Step::Decision),
            // Someone had a key of their own.
            (&none, facts(true, true, false), Step::Rehearsal),
            (&keyed, facts(true, true, true), Step::Done),
            // A drill proves nothing of a page that never asked.
            (&keyed, facts(true, false, true), Step::Decision),
        ] {
            assert_eq!(step(guide, facts), next, "{guide:?} {facts:?}");
        }
    }

    #[test]
    fn snippets_name_the_real_thing() {
        for platform in Platform::ALL {
            let code = snippet(platform, "https://flags.example", "dhk_1", "hello");
            for part in ["\"https://flags.example\"", "\"dhk_1\"", "\"hello\"", "downhaul"] {
                assert!(code.contains(part), "{platform:?} {part}: {code}");
            }
            assert_eq!(code.matches('{').count(), code.matches('}').count(), "{code}");
        }
    }

    #[test]
    fn the_first_flag_is_valid_and_on() {
        let flag = first_flag("hello", "us", "Nothing", "2099-01-01");
        let read: downhaul_core::document::Flag = serde_json::from_value(flag).unwrap();
        assert_eq!(read.default.as_str(), "on");
        let kept: Guide = serde_json::from_str("{\"platform\":\"react\",\"later\":1}").unwrap();
        assert_eq!(kept.platform, Platform::React, "what a later console kept is passed over");
    }
}
