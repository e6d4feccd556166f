//! Words that do not belong into the repository: places of one machine, registries of one network, remarks on who typed.

/// Each word, in pieces so that this file may be looked through as well, and what to write instead.
const WORDS: &[(&[&str], &str)] = &[
    (&["/wo", "rk/main"], "a path of one machine; name it from the root of the repository"),
    (&["/wo", "rk/shared"], "a path of one machine; name it from the root of the repository"),
    (&["/ro", "ot/"], "a path of one machine; name it from the root of the repository"),
    (&["/ho", "me/"], "a path of one machine; name it from the root of the repository"),
    (&["artifac", "tory"], "the registry of one network; leave the host out"),
    (&["co-authored", "-by"], "who typed is the log's matter"),
    (&["cla", "ude"], "the repository speaks of the product only"),
    (&["anthro", "pic"], "the repository speaks of the product only"),
    (&["chat", "gpt"], "the repository speaks of the product only"),
    (&["copi", "lot"], "the repository speaks of the product only"),
];

/// Every line of a text that has one of the words, or that pins a lock file to a host.
pub(crate) fn check(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let words: Vec<(String, &str)> = WORDS.iter().map(|(pieces, why)| (pieces.concat(), *why)).collect();
    let whole = text.to_lowercase();
    for (word, why) in &words {
        if whole.contains(word.as_str())
            && let Some(line) = whole.lines().position(|line| line.contains(word.as_str()))
        {
            problems.push(format!("{path}:{}: `{word}`: {why}", line + 1));
        }
    }
    if path.ends_with("package-lock.json")
        && let Some(line) = text.lines().position(|line| line.trim_start().starts_with("\"resolved\": \"http"))
    {
        problems.push(format!(
            "{path}:{}: names the host of a registry; `npm install` in that folder leaves it out",
            line + 1
        ));
    }
    if path.ends_with("Cargo.lock") {
        let foreign = |line: &str| {
            line.starts_with("source = ")
                && line != "source = \"registry+https://github.com/rust-lang/crates.io-index\""
        };
        if let Some(line) = text.lines().position(foreign) {
            problems.push(format!("{path}:{}: a source other than crates.io", line + 1));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_words_are_found_with_their_line() {
        let text = format!("fine\n\nsee {}{}/x\n", "/wo", "rk/main");
        let problems = check("docs/x.md", &text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("docs/x.md:3: "), "{problems:?}");
        assert!(check("docs/x.md", "how clients work / main thread\n").is_empty());
    }

    #[test]
    fn lock_files_name_no_host_but_that_of_crates_io() {
        let pinned = "    \"resolved\": \"https://registry.example/x.tgz\",\n";
        assert_eq!(check("web/package-lock.json", pinned).len(), 1);
        assert!(check("web/package-lock.json", "    \"resolved\": \"sdk\",\n").is_empty());
        assert_eq!(check("Cargo.lock", "source = \"git+https://git.example/x\"\n").len(), 1);
        let crates_io = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert!(check("Cargo.lock", crates_io).is_empty());
    }
}
