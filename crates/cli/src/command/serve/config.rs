//! The configuration file of `serve`: each option by its name, under the command line and the environment.
//!
//! There is no second list of options: a name is looked up among those of the command line, and its value is read by the
//! same parser.

use super::SHOP_ORIGINS;
use crate::exit::Failure;
use crate::input::sources;
use crate::render::{Format, Output};
use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use downhaul_store::DatabaseUrl;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The verb whose options these are.
const VERB: &str = "serve";
/// Options about the file itself.
const NOT_IN_FILE: [&str; 2] = ["config", "print-config"];
/// The option whose value may hold a password.
const DATABASE: &str = "database";
/// Options that name a place on the disk: in a file they are below its folder.
const PATHS: [&str; 4] = ["data", "console", "database-file", "targets"];

/// What a configuration file sets.
#[derive(Debug, Default)]
pub(super) struct Settings {
    path: PathBuf,
    settings: Vec<Setting>,
}

#[derive(Debug)]
struct Setting {
    name: String,
    line: usize,
    values: Vec<String>,
}

/// Reads a configuration file. `command` is the whole command line.
///
/// # Errors
/// The first thing that is wrong with it, with its place.
pub(super) fn read(path: &Path, command: &Command) -> Result<Settings, Failure> {
    let bytes = sources::read_file(path)?.bytes;
    let refused = |message: String| Failure::invalid("config-file", message);
    let text = String::from_utf8(bytes).map_err(|_| refused(format!("`{}` is not UTF-8", path.display())))?;
    let line_at = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    let place = |at: usize| format!("{}:{}", path.display(), line_at(at));
    let table = DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        refused(format!("{}: {}", place(at), error.message())).help("write it as TOML: `listen = \"0.0.0.0:8790\"`")
    })?;
    let mut settings = Vec::new();
    for (key, value) in table.get_ref() {
        let at = place(key.span().start);
        let name = key.get_ref().to_string();
        let arg = find(command, &name).ok_or_else(|| {
            refused(format!("{at}: there is no setting `{name}`")).help(nearest(command, &name).map_or_else(
                || "see `downhaul serve -h` for what there is; each option is a setting".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ))
        })?;
        let mut values = values(arg, value.get_ref()).map_err(|why| {
            refused(format!("{at}: `{name}` {why}")).help(format!("`downhaul serve --{name}` takes the same"))
        })?;
        if PATHS.contains(&name.as_str()) {
            values.iter_mut().for_each(|value| *value = below(path, value));
        }
        for value in &values {
            let asked = ["downhaul".to_owned(), VERB.to_owned(), format!("--{name}={value}")];
            if let Err(error) = command.clone().try_get_matches_from(asked) {
                let why = first_line(&error.to_string());
                return Err(
                    refused(format!("{at}: {why}")).help(format!("`downhaul serve -h` says what `{name}` takes"))
                );
            }
        }
        settings.push(Setting { name, line: line_at(key.span().start), values });
    }
    Ok(Settings { path: path.to_owned(), settings })
}

impl Settings {
    /// The command line with these in place of its defaults.
    pub(super) fn under(&self, command: Command) -> Command {
        command.mut_subcommand(VERB, |mut verb| {
            for setting in self.settings.iter().filter(|setting| !setting.values.is_empty()) {
                let id = id_of(&verb, &setting.name);
                verb = verb.mut_arg(id, |arg| arg.default_values(setting.values.clone()));
            }
            verb
        })
    }

    fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name && !setting.values.is_empty())
    }
}

/// Writes what is in force, and where each comes from. For people it is a configuration file again.
pub(super) fn print(
    settings: &Settings,
    command: &Command,
    matches: &ArgMatches,
    output: &Output,
) -> Result<(), Failure> {
    let mut all = Map::new();
    for arg in options(command) {
        let name = arg.get_long().unwrap_or_default();
        let id = arg.get_id().as_str();
        let values: Vec<String> = matches
            .get_raw(id)
            .map(|raw| raw.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let from = match matches.value_source(id) {
            None => None,
            Some(ValueSource::CommandLine) => Some(format!("--{name}")),
            Some(ValueSource::EnvVariable) => arg.get_env().map(|name| name.to_string_lossy().into_owned()),
            Some(_) => match settings.setting(name) {
                Some(setting) => Some(format!("{}:{}", settings.path.display(), setting.line)),
                None => Some("default".to_owned()),
            },
        };
        // Whoever reads this over a shoulder learns no password.
        let value = if name == DATABASE { json!(values.first().map(|url| shown(url))) } else { value(arg, &values) };
        match output.format {
            Format::Json => drop(all.insert(name.to_owned(), json!({ "value": value, "from": from }))),
            Format::Human | Format::Plain => output.line(match from {
                Some(from) => format!("{name} = {value}  # {from}"),
                None => format!("# {name} is not set"),
            })?,
        }
    }
    if output.format == Format::Json { output.json(&all) } else { Ok(()) }
}

/// A URL without its password.
fn shown(url: &str) -> String {
    url.parse::<DatabaseUrl>().map_or_else(|error| error.to_string(), |url| url.to_string())
}

/// As it stands in a file: JSON texts and numbers are TOML too.
fn value(arg: &Arg, values: &[String]) -> Value {
    let one = |value: &String| match value.parse::<u64>() {
        Ok(number) if is_number(arg) => json!(number),
        _ => json!(value),
    };
    match values {
        [value] if !is_list(arg) => one(value),
        [] if !is_list(arg) => Value::Null,
        values => values.iter().map(one).collect(),
    }
}

/// The options that a file may set.
fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let verb = command.find_subcommand(VERB);
    verb.into_iter().flat_map(Command::get_arguments).filter(|arg| !arg.is_global_set()).filter(|arg| {
        arg.get_long().is_some_and(|name| name != "help" && name != "version" && !NOT_IN_FILE.contains(&name))
    })
}

fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    options(command).find(|arg| arg.get_long() == Some(name))
}

fn id_of(verb: &Command, name: &str) -> clap::Id {
    let arg = verb.get_arguments().find(|arg| arg.get_long() == Some(name));
    arg.map_or_else(|| clap::Id::from(name.to_owned()), |arg| arg.get_id().clone())
}

/// What was perhaps meant, as the command line would say it.
fn nearest(command: &Command, name: &str) -> Option<String> {
    let asked = ["downhaul".to_owned(), VERB.to_owned(), format!("--{name}=")];
    let error = command.clone().try_get_matches_from(asked).err()?;
    let Some(ContextValue::String(near)) = error.get(ContextKind::SuggestedArg) else { return None };
    let near = near.trim_start_matches("--");
    find(command, near).map(|_| near.to_owned())
}

fn values(arg: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match value {
        DeValue::Array(values) if is_list(arg) => values.iter().map(|value| scalar(value.get_ref())).collect(),
        DeValue::Array(_) => Err("takes one value".to_owned()),
        // As `--demo-keys` does without a value.
        DeValue::Boolean(true) if arg.get_long() == Some("demo-keys") => {
            Ok(SHOP_ORIGINS.split(',').map(str::to_owned).collect())
        }
        DeValue::Boolean(false) if arg.get_long() == Some("demo-keys") => Ok(Vec::new()),
        other => scalar(other).map(|value| vec![value]),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        other => Err(format!("is a {}, and takes a text or a number", other.type_str())),
    }
}

fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn is_number(arg: &Arg) -> bool {
    let id = arg.get_value_parser().type_id();
    [ValueParser::from(clap::value_parser!(u64)).type_id(), ValueParser::from(clap::value_parser!(u32)).type_id()]
        .contains(&id)
}

fn below(file: &Path, value: &str) -> String {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| value.to_owned(), |folder| folder.join(value).to_string_lossy().into_owned())
}

/// `error: invalid value 'x' for …` without what stands before it.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
