//! Names with a digest, so that browsers keep what was built for good and never mix two builds: a page of an older console
//! asks for a part under a name that is gone, and says so.

use crate::workspace;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Letters of the digest; the server takes eight or more for one.
const LETTERS: usize = 12;

/// What stands before a name where it is fetched. The module asks for its imports under the loader's old name, which stays.
const LOADED_BY: [&str; 4] = ["from \"./", "from './", "URL(\"./", "href=\"/"];

/// Renames what was built in `folder`, and what names it in there. `built` are file names; gives old name to new.
pub(crate) fn settle(folder: &Path, built: &[String]) -> Result<BTreeMap<String, String>> {
    let digest = digest(folder, built)?;
    let names: BTreeMap<String, String> = built.iter().map(|name| (name.clone(), with(name, &digest))).collect();
    let mut named: BTreeMap<&str, bool> = names.keys().map(|name| (name.as_str(), false)).collect();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        if !file.extension().is_some_and(|extension| extension == "js" || extension == "html") {
            continue;
        }
        let mut text =
            fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", workspace::shown(&file)))?;
        for (old, new) in &names {
            for before in LOADED_BY {
                let (from, to) = (format!("{before}{old}"), format!("{before}{new}"));
                if text.contains(&from) {
                    text = text.replace(&from, &to);
                    named.insert(old, true);
                }
            }
        }
        fs::write(&file, text)?;
    }
    let lost: Vec<&str> = named.into_iter().filter(|(_, is_named)| !is_named).map(|(name, _)| name).collect();
    if !lost.is_empty() {
        bail!(
            "nothing in the console names {}\n  mend: see how it is loaded in boot.js and worker.js",
            lost.join(", ")
        );
    }
    for (old, new) in &names {
        fs::rename(folder.join(old), folder.join(new))?;
    }
    Ok(names)
}

/// Of all of it together: the parts fit no other build.
fn digest(folder: &Path, built: &[String]) -> Result<String> {
    let mut sorted: Vec<&String> = built.iter().collect();
    sorted.sort();
    let mut hasher = Sha256::new();
    for name in sorted {
        let bytes = fs::read(folder.join(name)).with_context(|| format!("`{name}` was not built"))?;
        hasher.update(name.as_bytes());
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(&bytes);
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digest.chars().take(LETTERS).collect())
}

fn with(name: &str, digest: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{digest}.{extension}"),
        None => format!("{name}-{digest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn what_was_built_is_renamed_wherever_it_is_named() {
        let built = ["app.js".to_owned(), "app_bg.wasm".to_owned()];
        let files = [
            ("app.js", "\"./app.js\": own"),
            ("app_bg.wasm", "b"),
            ("boot.js", "from \"./app.js\"; new URL(\"./app_bg.wasm\")"),
        ];
        let first = folder(&files);
        let names = settle(first.path(), &built).unwrap();
        let boot = fs::read_to_string(first.path().join("boot.js")).unwrap();
        assert_eq!(boot, format!("from \"./{}\"; new URL(\"./{}\")", names["app.js"], names["app_bg.wasm"]));
        let script = fs::read_to_string(first.path().join(&names["app.js"])).unwrap();
        assert_eq!(script, "\"./app.js\": own", "imports go by the name that the module knows");
        assert!(first.path().join(&names["app.js"]).is_file() && !first.path().join("app.js").exists());
        // The same gives the same; anything else another name for all.
        assert_eq!(settle(folder(&files).path(), &built).unwrap(), names);
        let other = folder(&[files[0], ("app_bg.wasm", "c"), files[2]]);
        assert_ne!(settle(other.path(), &built).unwrap()["app.js"], names["app.js"]);
    }

    #[test]
    fn what_nothing_loads_is_a_mistake() {
        let built = ["app.js".to_owned(), "app_bg.wasm".to_owned()];
        let lost = folder(&[("app.js", "\"./app.js\": own"), ("app_bg.wasm", "b"), ("boot.js", "from \"./app.js\"")]);
        let error = settle(lost.path(), &built).unwrap_err().to_string();
        assert!(error.contains("app_bg.wasm") && !error.contains("app.js,"), "{error}");
    }
}
