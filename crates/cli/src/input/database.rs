//! Where the shared database is. Its URL may hold a password, so it is never repeated.

use super::sources;
use crate::exit::Failure;
use downhaul_store::DatabaseUrl;
use std::path::PathBuf;

/// A PostgreSQL database.
#[derive(Debug, clap::Args)]
pub(crate) struct DatabaseArgs {
    /// URL of a PostgreSQL database that replicas share, in place of one in the data folder: `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL", env = "DOWNHAUL_DATABASE", hide_env_values = true, help_heading = "Replicas")]
    database: Option<String>,
    /// File that holds this URL, for one with a password
    #[arg(
        long,
        value_name = "FILE",
        env = "DOWNHAUL_DATABASE_FILE",
        hide_env_values = true,
        conflicts_with = "database",
        help_heading = "Replicas"
    )]
    database_file: Option<PathBuf>,
}

impl DatabaseArgs {
    /// `None` where none is named.
    ///
    /// # Errors
    /// It is no URL, cannot be read, or holds a password that others see.
    pub(crate) fn read(&self) -> Result<Option<DatabaseUrl>, Failure> {
        let (text, from) = match (&self.database, &self.database_file) {
            (Some(url), _) => {
                refuse_password_for_all(url)?;
                (url.clone(), "`--database`".to_owned())
            }
            (None, Some(file)) => {
                let bytes = sources::read_file(file)?.bytes;
                (String::from_utf8_lossy(&bytes).into_owned(), format!("`{}`", file.display()))
            }
            (None, None) => return Ok(None),
        };
        let url = text.parse().map_err(|error| {
            Failure::refused("database-url", format!("{from}: {error}")).help(
                "write it as `postgres://USER@HOST:PORT/NAME`, and what is special in a name or password as `%2F`",
            )
        })?;
        Ok(Some(url))
    }
}

/// Every user of a machine sees the command lines of all others.
fn refuse_password_for_all(url: &str) -> Result<(), Failure> {
    let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    let has_password = user.is_some_and(|user| user.contains(':')) || url.contains("password=");
    let is_on_command_line = crate::arguments().iter().any(|argument| argument.to_string_lossy().contains(url));
    if has_password && is_on_command_line {
        return Err(Failure::refused("password-on-command-line", "the URL on the command line holds a password").help(
            "put the URL into a file for `--database-file`, or into the environment variable `DOWNHAUL_DATABASE`",
        ));
    }
    Ok(())
}
