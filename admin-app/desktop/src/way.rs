//! The way that the app starts: chosen once, and kept.

use crate::control_plane::{ControlPlane, NoControlPlane, failed};
use crate::folder::{self, Tell};
use crate::keychain::{self, NoKeychain};
use downhaul_control::{Secret, SecretKind};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Where flags and their control plane are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Way {
    /// A control plane in this process, on a data folder of the app.
    Local,
    /// A Downhaul elsewhere; the token for it is in the keychain.
    Remote { address: String },
    /// A folder of flag files, which are edited in place.
    Folder { path: PathBuf },
}

/// Where the app keeps what.
#[derive(Debug, Clone)]
pub struct Places {
    pub data: PathBuf,
    pub config: PathBuf,
}

/// A way that leads to a control plane.
#[derive(Debug)]
pub struct Led {
    pub plane: Arc<ControlPlane>,
    /// Keeps the files of a folder in step.
    pub folder: Option<folder::Writing>,
    /// There is no keychain, so the token is forgotten with the session.
    pub no_keychain: Option<NoKeychain>,
}

/// What a data folder of the app begins with.
const ENVIRONMENT: &str = "production";
const KEPT: &str = "way.json";
/// The token of the control plane inside, in the keychain.
const LOCAL_TOKEN: &str = "local";

impl Way {
    /// The way of the last time; none at the first start, and where it cannot be read.
    pub fn kept(places: &Places) -> Option<Way> {
        let text = std::fs::read(places.config.join(KEPT)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps it for the next start: whole, or as it was.
    pub fn keep(&self, places: &Places) -> std::io::Result<()> {
        std::fs::create_dir_all(&places.config)?;
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        let fresh = places.config.join(format!("{KEPT}.new"));
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(fresh, places.config.join(KEPT))
    }

    /// Takes it. `token` is one that was typed; without it, the keychain is asked.
    pub async fn take(&self, places: &Places, token: Option<String>, tell: Tell) -> Result<Led, NoControlPlane> {
        match self {
            Way::Local => {
                let (token, no_keychain) = own_token().await?;
                let data = places.data.join("local");
                let plane = ControlPlane::inside(&data, ENVIRONMENT, token, &user()).await?;
                Ok(Led { plane: Arc::new(plane), folder: None, no_keychain })
            }
            Way::Folder { path } => {
                let (token, no_keychain) = own_token().await?;
                let data = places.data.join("folders").join(folder::name(path));
                // The files are the truth, and their history is Git's.
                match tokio::fs::remove_dir_all(&data).await {
                    Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                        return Err(failed(
                            &format!("`{}` cannot be emptied: {why}", data.display()),
                            "look at its rights",
                        ));
                    }
                    Ok(()) | Err(_) => {}
                }
                let plane = Arc::new(ControlPlane::inside(&data, folder::ENVIRONMENT, token, &user()).await?);
                match folder::open(path, Arc::clone(&plane), tell).await {
                    Ok(writing) => Ok(Led { plane, folder: Some(writing), no_keychain }),
                    Err(why) => {
                        plane.close().await;
                        Err(why)
                    }
                }
            }
            Way::Remote { address } => {
                let name = remote_token(address);
                let (token, no_keychain) = match token {
                    Some(token) => {
                        let kept = keychain::write(&name, &token).await;
                        (token, kept.err())
                    }
                    None => match keychain::read(&name).await {
                        Ok(Some(token)) => (token, None),
                        Ok(None) => {
                            return Err(failed(&format!("the keychain has no token for {address}"), "type it here"));
                        }
                        Err(why) => {
                            let what = format!("the token for {address} was kept for the last session only");
                            return Err(failed(&what, &format!("type it again; {why}")));
                        }
                    },
                };
                Ok(Led { plane: Arc::new(ControlPlane::remote(address, token)?), folder: None, no_keychain })
            }
        }
    }
}

/// Keeps another token for a remote control plane; why not, where it cannot.
pub async fn keep_token(way: &Way, token: &str) -> Result<(), NoKeychain> {
    match way {
        Way::Remote { address } => keychain::write(&remote_token(address), token).await,
        Way::Local | Way::Folder { .. } => Ok(()),
    }
}

fn remote_token(address: &str) -> String {
    format!("remote {}", address.trim().trim_end_matches('/'))
}

/// What opens the control plane inside: made at the first start. Without a keychain each start makes another one, which
/// opens the same, as nobody outside this process can ask.
async fn own_token() -> Result<(Secret, Option<NoKeychain>), NoControlPlane> {
    let kept = match keychain::read(LOCAL_TOKEN).await {
        Ok(kept) => kept,
        Err(why) => return Ok((new_token()?, Some(why))),
    };
    if let Some(token) = kept.and_then(|text| Secret::parse(&text).ok()) {
        return Ok((token, None));
    }
    let token = new_token()?;
    let not_kept = keychain::write(LOCAL_TOKEN, &token.reveal()).await.err();
    Ok((token, not_kept))
}

fn new_token() -> Result<Secret, NoControlPlane> {
    let mut random = [0; 40];
    getrandom::fill(&mut random).map_err(|why| {
        failed(&format!("the operating system gives no random bytes: {why}"), "look at its random device")
    })?;
    Ok(Secret::new(SecretKind::Admin, &random))
}

/// How the chart calls whoever sits here.
fn user() -> String {
    let named = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "you".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_kept_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places { data: folder.path().join("data"), config: folder.path().join("config") };
        assert_eq!(Way::kept(&places), None, "the first start");
        for way in [
            Way::Local,
            Way::Remote { address: "https://flags.example".to_owned() },
            Way::Folder { path: "flags".into() },
        ] {
            way.keep(&places).unwrap();
            assert_eq!(Way::kept(&places), Some(way));
        }
        std::fs::write(places.config.join(KEPT), "{\"way\":").unwrap();
        assert_eq!(Way::kept(&places), None, "torn");
    }
}
