//! What a browser downloads, and how much of it there may be.

use crate::step::{self, Step};
use crate::{at_once, workspace};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Most bytes of each, gzipped, with everything that it brings along.
const BUDGETS: [(&str, usize); 10] = [
    ("first load", 600 * 1024),
    ("flag", 120 * 1024),
    ("edit", 560 * 1024),
    ("stage", 560 * 1024),
    ("course", 330 * 1024),
    ("look", 420 * 1024),
    ("around", 560 * 1024),
    ("worker", 600 * 1024),
    ("kill page", 20 * 1024),
    ("all of it", 2600 * 1024),
];

/// Below this, compression is not worth a file.
const SMALL: usize = 1024;

/// Of zopfli.
const ROUNDS: NonZeroU64 = NonZeroU64::new(5).expect("5 is not 0");

/// Writes `NAME.gz` and `NAME.br` beside what gets smaller by them, for the server to send, and gives every file's bytes as they
/// travel to a browser that knows gzip alone. They are made once and sent often, so both are made as small as can be.
pub(crate) fn pack(folder: &Path) -> Result<BTreeMap<String, usize>> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    let weights = at_once::each(&files, |file| gzip(folder, file))?;
    let packed: Vec<&PathBuf> = files.iter().filter(|file| beside(file, "gz").is_file()).collect();
    brotli(&packed)?;
    Ok(weights.into_iter().collect())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() { list(&entry.path(), files)? } else { files.push(entry.path()) }
    }
    Ok(())
}

/// The file's name within the folder, and its bytes as they travel.
fn gzip(folder: &Path, file: &Path) -> Result<(String, usize)> {
    let bytes = fs::read(file)?;
    let mut packed = Vec::new();
    // Three times as many rounds make it some tens of bytes smaller.
    let options = zopfli::Options { iteration_count: ROUNDS, ..zopfli::Options::default() };
    zopfli::compress(options, zopfli::Format::Gzip, bytes.as_slice(), &mut packed)?;
    let is_worth_it = bytes.len() >= SMALL && packed.len() < bytes.len();
    if is_worth_it {
        fs::write(beside(file, "gz"), &packed)?;
    }
    let name = file.strip_prefix(folder)?.components().map(|part| part.as_os_str().to_string_lossy());
    let name = name.collect::<Vec<_>>().join("/");
    Ok((name, if is_worth_it { packed.len() } else { bytes.len() }))
}

/// By Node.js, whose Brotli is the original.
fn brotli(files: &[&PathBuf]) -> Result<()> {
    let mut node = Command::new("node");
    node.current_dir(workspace::root()).args(["--input-type=module", "--eval", include_str!("brotli.mjs"), "--"]);
    node.args(files);
    Step::new("pack the console", node).mend("`cargo xtask setup` if Node.js is missing").run().map(drop)
}

fn beside(file: &Path, kind: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{kind}"));
    name.into()
}

/// What is downloaded when: `groups` gives the files of everything but the first load, which is the rest.
pub(crate) fn sums(
    weights: &BTreeMap<String, usize>,
    groups: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, usize> {
    let of = |files: &Vec<String>| files.iter().filter_map(|file| weights.get(file)).sum::<usize>();
    let mut sums: BTreeMap<String, usize> = groups.iter().map(|(group, files)| (group.clone(), of(files))).collect();
    let comes_later = |file: &String| groups.values().any(|files| files.contains(file));
    let first = weights.iter().filter(|(file, _)| !comes_later(file)).map(|(_, weight)| weight).sum();
    sums.insert("first load".to_owned(), first);
    sums.insert("all of it".to_owned(), weights.values().sum());
    sums
}

/// Prints each sum, and refuses what is too large or has no budget.
pub(crate) fn judge(sums: &BTreeMap<String, usize>, folder: &Path) -> Result<()> {
    let mut problems = Vec::new();
    for (group, &weight) in sums {
        match BUDGETS.iter().find(|(name, _)| name == group) {
            Some((_, budget)) => {
                step::done(&format!("{group}: {weight} bytes gzipped of {budget}"));
                if weight > *budget {
                    problems.push(format!("{group} is {weight} bytes gzipped, {} too many", weight - budget));
                }
            }
            None => problems.push(format!("{group} has no budget, with {weight} bytes gzipped")),
        }
    }
    if !problems.is_empty() {
        bail!(
            "the console in `{}` is too large to download: {}\n  mend: let pages come later (admin-app/ui/README.md), \
             take out what brings much in, or write another budget into crates/xtask/src/ui/weight.rs and say why",
            workspace::shown(folder),
            problems.join("; ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn map<V: Clone>(pairs: &[(&str, V)]) -> BTreeMap<String, V> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn shared_files_count_wherever_they_are_needed_and_once_in_all() {
        let weights = map(&[("index.html", 1), ("app.wasm", 10), ("split_edit.wasm", 100), ("chunk_1.wasm", 1000)]);
        let of = |files: &[&str]| files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>();
        let groups = map(&[("edit", of(&["split_edit.wasm", "chunk_1.wasm"])), ("look", of(&["chunk_1.wasm"]))]);
        let sums = sums(&weights, &groups);
        assert_eq!(sums, map(&[("all of it", 1111), ("edit", 1100), ("first load", 11), ("look", 1000)]));
    }

    #[test]
    fn what_is_too_large_or_unknown_is_named() {
        let folder = Path::new("dist");
        assert!(judge(&map(&[("first load", 614_400)]), folder).is_ok());
        let error = judge(&map(&[("first load", 614_401), ("new", 5)]), folder).unwrap_err().to_string();
        assert!(error.contains("first load is 614401 bytes gzipped, 1 too many; new has no budget"), "{error}");
    }

    #[test]
    fn what_gets_smaller_lies_there_packed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("styles")).unwrap();
        fs::write(folder.path().join("styles/a.css"), "a".repeat(5000)).unwrap();
        fs::write(folder.path().join("tiny.js"), "a").unwrap();
        let weights = pack(folder.path()).unwrap();
        assert!(weights["styles/a.css"] < 100, "{weights:?}");
        let mut whole = String::new();
        let packed = fs::File::open(folder.path().join("styles/a.css.gz")).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut whole).unwrap();
        assert_eq!(whole, "a".repeat(5000));
        let brotli = fs::metadata(folder.path().join("styles/a.css.br")).unwrap().len();
        assert!((1..100).contains(&brotli), "{brotli}");
        assert_eq!((weights["tiny.js"], folder.path().join("tiny.js.gz").exists()), (1, false));
    }
}
