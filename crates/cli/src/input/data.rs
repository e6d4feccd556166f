use super::DATA_FOLDER;
use std::path::PathBuf;

/// A data folder of this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct DataArgs {
    /// Data folder of the control plane
    #[arg(long, value_name = "DIR", env = "DOWNHAUL_DATA", hide_env_values = true, default_value = DATA_FOLDER)]
    pub(crate) data: PathBuf,
}
