use crate::exit::Failure;
use reqwest::Url;
use std::fs;
use std::path::PathBuf;

/// Which control plane a verb talks to, as whom, about which environment.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Control plane")]
pub(crate) struct ServerArgs {
    /// Address of the control plane
    #[arg(
        long,
        value_name = "URL",
        env = "DOWNHAUL_SERVER",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8790"
    )]
    server: String,
    /// Token; else it is read from the data folder or the configuration folder
    #[arg(long, value_name = "TOKEN", env = "DOWNHAUL_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Environment to act on
    #[arg(
        long,
        value_name = "KEY",
        env = "DOWNHAUL_ENVIRONMENT",
        hide_env_values = true,
        default_value = "production"
    )]
    environment: String,
}

/// The checked arguments.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) server: Url,
    /// Absent where none was given or found; the server then says that one is needed.
    pub(crate) token: Option<String>,
    pub(crate) environment: String,
}

impl ServerArgs {
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let server = parse_server(&self.server)?;
        let token = match &self.token {
            Some(token) => Some(token.trim().to_owned()),
            None => kept_token(&server),
        };
        Ok(Target { server, token, environment: self.environment.clone() })
    }
}

fn parse_server(text: &str) -> Result<Url, Failure> {
    let refused = |why: &str| {
        Failure::refused("server-url", format!("`{text}` is not the address of a control plane: {why}"))
            .help("write it as `http://127.0.0.1:8790`")
    };
    let url: Url = text.parse().map_err(|_| refused("it is not a URL"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(refused("it begins neither with http:// nor with https://")),
    }
}

/// The token that `downhaul serve` left in its data folder, for a server on this machine; else the one in the
/// configuration folder.
fn kept_token(server: &Url) -> Option<String> {
    let in_data_folder = is_loopback(server).then(|| data_folder().join(downhaul_server::TOKEN_FILE));
    let in_configuration = configuration_folder().map(|folder| folder.join("downhaul").join("token"));
    let read = |path: PathBuf| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    in_data_folder.and_then(read).or_else(|| in_configuration.and_then(read)).filter(|token| !token.is_empty())
}

pub(crate) fn is_loopback(server: &Url) -> bool {
    match server.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

fn data_folder() -> PathBuf {
    std::env::var_os("DOWNHAUL_DATA").map_or_else(|| PathBuf::from(super::DATA_FOLDER), PathBuf::from)
}

/// Where what a person did is kept between runs.
pub(crate) fn state_folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_STATE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    given.or_else(|| std::env::home_dir().map(|home| home.join(".local").join("state")))
}

fn configuration_folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    given.or_else(|| std::env::home_dir().map(|home| home.join(".config")))
}
