//! A folder of flag files, edited in place: what is published goes into the files, and nothing else in them changes.
//!
//! The files are the truth: each opening begins a control plane of its own from them, whose chart is that of the session;
//! what came before stands in Git. Committing is the user's.

use crate::control_plane::{Asked, ControlPlane, NoControlPlane, failed};
use crate::{edit, stream};
use axum::body::to_bytes;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use downhaul_core::check::{Source, check};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::Flag;
use downhaul_core::read::Format;
use futures_util::StreamExt;
use jsonc_parser::cst::{CstObject, CstRootNode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The one environment of a folder.
pub const ENVIRONMENT: &str = "local";
/// What a file of flags may be called.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];
/// Deeper is a mistake, such as a link that leads back up.
const DEPTH: usize = 16;
/// Members of a flag set that a file may hold in part.
const PARTS: [&str; 3] = ["segments", "tenants", "regions"];
const LARGEST: usize = 1 << 28;

/// Says something to the user: what, and what it is about.
pub type Tell = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Writes what is published, until it is finished.
#[derive(Debug)]
pub struct Writing {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Writing {
    /// Everything that was published is in the files then.
    pub async fn finish(self) {
        let _ = self.stop.send(());
        let _ = self.ended.await;
    }
}

/// Reads the folder into a control plane that is empty, and writes back what is published there from now on.
pub async fn open(folder: &Path, plane: Arc<ControlPlane>, tell: Tell) -> Result<Writing, NoControlPlane> {
    let files = read(folder).map_err(|why| {
        failed(&format!("`{}` cannot be read: {why}", folder.display()), "choose a folder that this user may read")
    })?;
    if !files.is_empty() {
        let sources: Vec<Value> =
            files.iter().map(|(path, text)| json!({ "name": shown(folder, path), "text": text })).collect();
        let request = json!({ "sources": sources, "reason": "what stands in the files" });
        let checked = refused(folder, &files);
        let answer = ask(&plane, Method::POST, "apply", Some(&request)).await;
        answer.map_err(|why| checked.unwrap_or(why))?;
    }
    let before = document(&plane).await?;
    let path = format!("/api/v1/environments/{ENVIRONMENT}/events");
    let mut events = stream::listen(&plane, &path).await.ok_or_else(|| failed("the folder cannot be followed", ""))?;
    let (stop, mut stopped) = oneshot::channel::<()>();
    let mut step = Step { folder: folder.to_owned(), read: files.into_iter().collect(), document: before, tell };
    let ended = tokio::spawn(async move {
        loop {
            let is_change = tokio::select! {
                event = events.next() => match event {
                    Some(data) => data.contains("\"type\":\"change\""),
                    None => return,
                },
                _ = &mut stopped => {
                    step.take(&plane).await;
                    return;
                }
            };
            if is_change {
                step.take(&plane).await;
            }
        }
    });
    Ok(Writing { stop, ended })
}

/// A folder of the app's own for this one.
pub fn name(folder: &Path) -> String {
    downhaul_control::Hash::of(folder.as_os_str().as_encoded_bytes())
        .to_string()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .take(24)
        .collect()
}

/// The first error of the files, with its place.
fn refused(folder: &Path, files: &[(PathBuf, String)]) -> Option<NoControlPlane> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| {
            let name = shown(folder, path);
            Source { format: Format::of_name(&name), name, text: text.clone() }
        })
        .collect();
    let diagnostics = check(&sources, None).diagnostics;
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|each| each.is_error()).collect();
    let first = errors.first()?;
    let place = first.place.file.as_deref().unwrap_or_default();
    let line = first.place.span.as_ref().map(|span| format!(", line {}", span.line)).unwrap_or_default();
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    Some(failed(&format!("in `{place}`{line}: {}{more}", first.message), first.help.as_deref().unwrap_or_default()))
}

/// What was last in the files, and last in the control plane.
struct Step {
    folder: PathBuf,
    read: BTreeMap<PathBuf, String>,
    /// As text: a parsed one may not be handed to another thread.
    document: String,
    tell: Tell,
}

impl Step {
    async fn take(&mut self, plane: &ControlPlane) {
        let Ok(after) = document(plane).await else { return };
        if after == self.document {
            return;
        }
        for (what, why) in self.write(&after) {
            (self.tell)(&what, &why);
        }
        self.document = after;
    }

    /// Brings the files in step; gives what could not be written, and why.
    fn write(&mut self, after: &str) -> Vec<(String, String)> {
        let (Some(old), Some(new)) = (edit::parse(&self.document), edit::parse(after)) else { return Vec::new() };
        let (before, wanted) = (flags(&old), flags(&new));
        let mut problems = Vec::new();
        let mut in_files = BTreeSet::new();
        for path in self.read.keys().cloned().collect::<Vec<_>>() {
            match self.file(&path, &old, &new, &before, &wanted, &mut in_files) {
                Ok(()) => {}
                Err(why) => problems.push((format!("{} was not written", shown(&self.folder, &path)), why)),
            }
        }
        for (key, flag) in wanted.iter().filter(|(key, _)| !before.contains_key(*key) && !in_files.contains(*key)) {
            let path = self.folder_of_flags().join(format!("{key}.json"));
            let written = pretty(&flag.to_string()).and_then(|text| {
                if path.exists() {
                    Err("a file of this name is there already".to_owned())
                } else {
                    self.put(&path, text)
                }
            });
            if let Err(why) = written {
                problems.push((format!("{} was not written", shown(&self.folder, &path)), why));
            }
        }
        problems
    }

    fn file(
        &mut self,
        path: &Path,
        old: &CstRootNode,
        new: &CstRootNode,
        before: &BTreeMap<String, CstObject>,
        wanted: &BTreeMap<String, CstObject>,
        in_files: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let Some(known) = self.read.get(path).cloned() else { return Ok(()) };
        let name = path.to_string_lossy().into_owned();
        let is_json = name.ends_with(".json");
        let held = held(&known, &name);
        in_files.extend(held.iter().cloned());
        let value = |flag: Option<&CstObject>| flag.and_then(CstObject::to_serde_value);
        let changed: Vec<&String> =
            held.iter().filter(|key| value(before.get(*key)) != value(wanted.get(*key))).collect();
        let parts = PARTS.iter().any(|part| is_json && part_of(old, part) != part_of(new, part));
        if changed.is_empty() && !parts {
            return Ok(());
        }
        // What others have done to the file meanwhile is theirs.
        let current = std::fs::read_to_string(path).map_err(|why| why.to_string())?;
        if !is_json {
            let ([key], true) = (changed.as_slice(), held.len() == 1) else {
                return Err("only files of one flag are edited in YAML; the change is in the app's chart".to_owned());
            };
            if current != known {
                return Err("it was changed outside as well; open the folder again".to_owned());
            }
            let Some(flag) = wanted.get(*key) else { return self.remove(path) };
            let old = value(before.get(*key)).unwrap_or_default();
            let text = edit::yaml(&current, &old, &flag.to_string()).ok_or("it cannot be read")?;
            says(&text, &name, value(Some(flag)))?;
            return self.put(path, text);
        }
        let mut text = current;
        for key in changed {
            let old = value(before.get(key)).unwrap_or_default();
            text = match (wanted.get(key), held.len()) {
                (None, 1) => return self.remove(path),
                (None, _) => without(&text, key).ok_or("it cannot be read")?,
                (Some(flag), _) => {
                    let file = edit::parse(&text).ok_or("it cannot be read any more; mend it, and publish again")?;
                    let find = |root: &CstRootNode| flag_in(root, key);
                    edit::json(&file, find, &old, &flag.to_string()).ok_or("the flag is not in it any more")?
                }
            };
        }
        for part in PARTS {
            let (was, is) = (part_of(old, part), part_of(new, part));
            let file = edit::parse(&text).ok_or("it cannot be read")?;
            let holds = |root: &CstRootNode| root.value()?.as_object()?.object_value(part);
            if let (true, Some(_), Some(after)) = (was != is, holds(&file), object_of(new, part)) {
                text = edit::json(&file, holds, &was.unwrap_or_default(), &after.to_string()).unwrap_or(text);
            }
        }
        self.put(path, text)
    }

    /// Where most flags are.
    fn folder_of_flags(&self) -> PathBuf {
        let mut counts = BTreeMap::<&Path, usize>::new();
        for (path, text) in &self.read {
            if held(text, &path.to_string_lossy()).len() == 1 {
                *counts.entry(path.parent().unwrap_or(&self.folder)).or_default() += 1;
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map_or(&*self.folder, |(folder, _)| folder).to_owned()
    }

    fn put(&mut self, path: &Path, text: String) -> Result<(), String> {
        replace(path, &text).map_err(|why| why.to_string())?;
        self.read.insert(path.to_owned(), text);
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> Result<(), String> {
        std::fs::remove_file(path).map_err(|why| why.to_string())?;
        self.read.remove(path);
        Ok(())
    }
}

/// Writes a file whole, or leaves it as it was.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    if let Ok(about) = std::fs::metadata(path) {
        std::fs::set_permissions(&beside, about.permissions())?;
    }
    std::fs::rename(beside, path)
}

/// Whether a text says what it should.
fn says(text: &str, name: &str, wanted: Option<Value>) -> Result<(), String> {
    let source = Source { name: name.to_owned(), text: text.to_owned(), format: Format::of_name(name) };
    let read = check(&[source], None);
    let flag = read.valid.and_then(|valid| serde_json::to_value(valid.into_document().flags.iter().next()?).ok());
    // A flag that names what other files declare cannot be read alone; then its text is left to the next opening.
    if flag.is_none() || flag == wanted {
        Ok(())
    } else {
        Err("it is laid out in a way that this app does not edit".to_owned())
    }
}

/// The keys of the flags that a file holds.
fn held(text: &str, name: &str) -> Vec<String> {
    if !name.ends_with(".json") {
        let keys = text.lines().filter_map(|line| line.strip_prefix("key:"));
        return keys
            .map(|key| key.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned())
            .collect();
    }
    let Some(root) = edit::parse(text).and_then(|file| file.value()).and_then(|root| root.as_object()) else {
        return Vec::new();
    };
    match key_of(&root) {
        Some(key) => vec![key],
        None => root
            .array_value("flags")
            .into_iter()
            .flat_map(|flags| flags.elements())
            .filter_map(|flag| key_of(&flag.as_object()?))
            .collect(),
    }
}

fn key_of(flag: &CstObject) -> Option<String> {
    flag.get("key")?.value()?.as_string_lit()?.decoded_value().ok()
}

/// The flag of this key in a file: the file itself, or one of its list.
fn flag_in(root: &CstRootNode, key: &str) -> Option<CstObject> {
    let root = root.value()?.as_object()?;
    if key_of(&root).as_deref() == Some(key) {
        return Some(root);
    }
    let flags = root.array_value("flags")?.elements();
    flags.iter().filter_map(|flag| flag.as_object()).find(|flag| key_of(flag).as_deref() == Some(key))
}

fn without(text: &str, key: &str) -> Option<String> {
    let file = edit::parse(text)?;
    flag_in(&file, key)?.remove();
    Some(file.to_string())
}

/// The flags of a flag set, by key.
fn flags(flag_set: &CstRootNode) -> BTreeMap<String, CstObject> {
    let flags = flag_set.value().and_then(|root| root.as_object()).and_then(|root| root.array_value("flags"));
    let flags = flags.into_iter().flat_map(|flags| flags.elements());
    flags.filter_map(|flag| flag.as_object()).filter_map(|flag| Some((key_of(&flag)?, flag))).collect()
}

fn object_of(flag_set: &CstRootNode, part: &str) -> Option<CstObject> {
    flag_set.value()?.as_object()?.object_value(part)
}

fn part_of(flag_set: &CstRootNode, part: &str) -> Option<Value> {
    object_of(flag_set, part)?.to_serde_value()
}

/// As people write a new file.
fn pretty(flag: &str) -> Result<String, String> {
    let flag: Flag = serde_json::from_str(flag).map_err(|why| why.to_string())?;
    serde_json::to_string_pretty(&flag).map(|text| text + "\n").map_err(|why| why.to_string())
}

async fn document(plane: &ControlPlane) -> Result<String, NoControlPlane> {
    ask(plane, Method::GET, "document", None).await
}

async fn ask(plane: &ControlPlane, method: Method, what: &str, body: Option<&Value>) -> Result<String, NoControlPlane> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let path = format!("/api/v1/environments/{ENVIRONMENT}/{what}");
    let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let answer = plane.ask(Asked { method, path, headers, body }).await?;
    let status = answer.status();
    let text = to_bytes(answer.into_body(), LARGEST).await.map_err(|why| failed(&why.to_string(), ""))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    if status.is_success() {
        return Ok(text);
    }
    let problem: Value = serde_json::from_str(&text).unwrap_or_default();
    let part = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Err(failed(&part("detail"), &part("help")))
}

/// All files of flags below the folder, in the order of their paths; hidden ones are not looked at.
fn read(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut paths = Vec::new();
    collect(folder, 0, &mut paths)?;
    paths.sort();
    paths.into_iter().map(|path| std::fs::read_to_string(&path).map(|text| (path, text))).collect()
}

fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > DEPTH {
        return Err(io::Error::other("folders are nested too deeply"));
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            collect(&path, depth + 1, into)?;
        } else if path.extension().and_then(|end| end.to_str()).is_some_and(|end| EXTENSIONS.contains(&end)) {
            into.push(path);
        }
    }
    Ok(())
}

/// A path as people know it: from the folder on.
fn shown(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}
