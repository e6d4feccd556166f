//! The file that a break-glass key lies in: its secret half, and the names that it may have to spell at three in the morning.

use crate::exit::Failure;
use crate::input::sources::describe;
use crate::remote::{ControlPlane, block_on};
use crate::render::write_whole;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_core::document::{ClientKind, RegionTree};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[derive(Serialize, Deserialize)]
pub(super) struct KeyFile {
    #[serde(rename = "downhaul_break_glass_key")]
    pub(super) id: String,
    pub(super) environment: String,
    pub(super) expires: String,
    /// Base64 of the 32 bytes that the key is made of.
    secret: String,
    pub(super) names: Names,
}

/// What the environment had when the file was written: a kill is spelt right without asking anybody.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Names {
    pub(super) revision: u64,
    pub(super) flags: BTreeMap<String, FlagNames>,
    pub(super) regions: RegionTree,
    pub(super) segments: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct FlagNames {
    pub(super) clients: Vec<ClientKind>,
    pub(super) variants: Vec<String>,
    /// What people will see.
    pub(super) degraded: String,
}

impl KeyFile {
    pub(super) fn new(seed: &[u8; 32], environment: &str, expires: String, names: Names) -> KeyFile {
        let id = EnvelopeSigner::new(seed).public_key().id();
        KeyFile { id, environment: environment.to_owned(), expires, secret: STANDARD.encode(seed), names }
    }

    pub(super) fn read(path: &Path) -> Result<KeyFile, Failure> {
        let named = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::could_not_run("cannot-read", format!("cannot read `{named}`: {}", describe(&error)))
                .help("name the file that `downhaul break-glass make` wrote")
        })?;
        let malformed = |why: &str| {
            Failure::invalid("key-malformed", format!("`{named}` is no break-glass key: {why}"))
                .help("name the file that `downhaul break-glass make` wrote, whole")
        };
        let file: KeyFile = serde_json::from_str(&text).map_err(|error| malformed(&error.to_string()))?;
        if file.seed().map(|seed| EnvelopeSigner::new(&seed).public_key().id()).as_ref() != Some(&file.id) {
            return Err(malformed("its secret half is not that of its id"));
        }
        Ok(file)
    }

    pub(super) fn signer(&self) -> Option<EnvelopeSigner> {
        self.seed().map(|seed| EnvelopeSigner::new(&seed))
    }

    fn seed(&self) -> Option<[u8; 32]> {
        STANDARD.decode(&self.secret).ok()?.try_into().ok()
    }

    pub(super) fn text(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| format!("{text}\n"))
            .map_err(|error| Failure::could_not_run("cannot-write", format!("the key cannot be written: {error}")))
    }

    /// In the place of the file that it was read from.
    pub(super) fn write_again(&self, path: &Path) -> Result<(), Failure> {
        write_whole(path, self.text()?.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Who cannot set it cannot have written the file either.
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
        }
        Ok(())
    }
}

impl Names {
    /// As the control plane has them now.
    pub(super) fn ask(control: &ControlPlane) -> Result<Names, Failure> {
        let document: Value = block_on(control.get(&["document"], &[]))?;
        let document: Document = serde_json::from_value(document).map_err(|why| {
            Failure::could_not_run("answer-malformed", format!("the flag set cannot be read: {why}")).help(
                "the control plane and this command line may be of different versions; compare `downhaul --version`",
            )
        })?;
        let flags = document.flags.into_iter().map(|flag| {
            let DocumentFlag { key, clients, variants, degraded } = flag;
            (
                key,
                FlagNames {
                    clients,
                    variants: variants.into_iter().map(|(key, _)| key).collect(),
                    degraded: degraded.meaning,
                },
            )
        });
        Ok(Names {
            revision: document.revision,
            flags: flags.collect(),
            regions: document.regions,
            segments: document.segments.into_iter().map(|(key, _)| key).collect(),
        })
    }
}

/// What of a flag set is asked for.
#[derive(Deserialize)]
struct Document {
    revision: u64,
    #[serde(default)]
    flags: Vec<DocumentFlag>,
    #[serde(default)]
    regions: RegionTree,
    #[serde(default)]
    segments: Map<String, Value>,
}

#[derive(Deserialize)]
struct DocumentFlag {
    key: String,
    /// What the document does not say.
    #[serde(default = "for_servers")]
    clients: Vec<ClientKind>,
    variants: Map<String, Value>,
    degraded: Degraded,
}

#[derive(Deserialize)]
struct Degraded {
    meaning: String,
}

fn for_servers() -> Vec<ClientKind> {
    vec![ClientKind::Server]
}
