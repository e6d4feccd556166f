//! Whether an artifact is still where a release says. Asked from here: this machine is where it is deployed from.

use downhaul_control::release::check::Reach;
use downhaul_control::release::{Artifact, ArtifactKind, validate};
use reqwest::header::{ACCEPT, AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Without a byte for this long there is no answer.
const LIMIT: Duration = Duration::from_secs(20);
/// Larger files are not fetched, in bytes; and none for longer.
const LARGEST: u64 = 8 * 1024 * 1024 * 1024;
const FETCH: Duration = Duration::from_secs(15 * 60);
/// What a manifest may be, as the image and distribution specifications name them.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// Who signs in at a registry.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

/// What became of looking for an artifact.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) reach: Reach,
    /// Whether it is there and its digest is still to be proved.
    pub(super) unproved: bool,
}

/// Looks for an artifact; `fetch`: a file of which the server does not say the digest is fetched for it.
pub(super) async fn look(artifact: &Artifact, login: Option<&Login>, fetch: bool) -> Look {
    let proved = |reach| Look { reach, unproved: false };
    let builder = Client::builder().connect_timeout(LIMIT).read_timeout(LIMIT).user_agent("downhaul-cli");
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return proved(Reach::Unknown { why: error.to_string() }),
    };
    match artifact.kind {
        ArtifactKind::Http => file(&client, artifact, fetch).await,
        ArtifactKind::Oci => proved(manifest(&client, artifact, login).await),
    }
}

/// A file is what its bytes are: they are fetched and hashed, unless the server says their digest itself (RFC 9530).
async fn file(client: &Client, artifact: &Artifact, fetch: bool) -> Look {
    let proved = |reach| Look { reach, unproved: false };
    let asked = client.head(&artifact.reference).header("want-repr-digest", "sha-256=9").send().await;
    let answer = match asked {
        Ok(answer) if answer.status().is_success() => answer,
        Ok(answer) => return proved(unwell(answer.status())),
        Err(error) => return proved(unknown(error)),
    };
    if let Some(found) = told_digest(&answer) {
        return proved(compared(artifact, found));
    }
    if !fetch {
        return Look { reach: Reach::There, unproved: true };
    }
    proved(match tokio::time::timeout(FETCH, fetched(client, &artifact.reference)).await {
        Ok(Ok(found)) => compared(artifact, found),
        Ok(Err(reach)) => reach,
        Err(_) => Reach::Unknown { why: format!("it could not be fetched within {} minutes", FETCH.as_secs() / 60) },
    })
}

fn compared(artifact: &Artifact, found: String) -> Reach {
    if found == artifact.digest { Reach::There } else { Reach::Different { found } }
}

/// `Repr-Digest: sha-256=:BASE64:`, of the file as it is and not of how it travels.
fn told_digest(answer: &Response) -> Option<String> {
    use base64::Engine;
    let said = answer.headers().get("repr-digest")?.to_str().ok()?;
    let part = said.split(',').find_map(|part| part.trim().strip_prefix("sha-256=:"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(part.strip_suffix(':')?).ok()?;
    Some(digest_of(&bytes)).filter(|_| bytes.len() == 32)
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", downhaul_core::seal::hexadecimal(bytes))
}

/// The digest of what is there.
async fn fetched(client: &Client, reference: &str) -> Result<String, Reach> {
    let mut answer = client.get(reference).header("accept-encoding", "identity").send().await.map_err(unknown)?;
    if !answer.status().is_success() {
        return Err(unwell(answer.status()));
    }
    let (mut hash, mut length) = (Sha256::new(), 0_u64);
    while let Some(chunk) = answer.chunk().await.map_err(unknown)? {
        length += chunk.len() as u64;
        if length > LARGEST {
            return Err(Reach::Unknown { why: format!("it is larger than {} GiB", LARGEST >> 30) });
        }
        hash.update(&chunk);
    }
    Ok(digest_of(&hash.finalize()))
}

/// `HEAD /v2/<name>/manifests/<digest>`, and once more with a token where the registry asks for one.
async fn manifest(client: &Client, artifact: &Artifact, login: Option<&Login>) -> Reach {
    let Some(url) = manifest_url(artifact) else {
        return Reach::Unknown { why: "the reference names no registry".to_owned() };
    };
    let ask = |authorisation: Option<String>| {
        let request = client.head(url.clone()).header(ACCEPT, MANIFESTS);
        match authorisation {
            Some(authorisation) => request.header(AUTHORIZATION, authorisation),
            None => request,
        }
    };
    let mut answer = match ask(None).send().await {
        Ok(answer) => answer,
        Err(error) => return unknown(error),
    };
    if answer.status() == StatusCode::UNAUTHORIZED {
        let authorisation = match authorise(client, &answer, login).await {
            Ok(authorisation) => authorisation,
            Err(why) => return Reach::Unknown { why },
        };
        answer = match ask(Some(authorisation)).send().await {
            Ok(answer) => answer,
            Err(error) => return unknown(error),
        };
    }
    if !answer.status().is_success() {
        return unwell(answer.status());
    }
    // A registry that says none was asked by the digest, and answers nothing else.
    match answer.headers().get("docker-content-digest").and_then(|found| found.to_str().ok()) {
        Some(found) => compared(artifact, found.to_owned()),
        None => Reach::There,
    }
}

fn manifest_url(artifact: &Artifact) -> Option<Url> {
    let (registry, repository) = validate::oci_parts(&artifact.reference)?;
    let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
    let name = host.split(':').next().unwrap_or_default();
    // As every client of registries does: TLS, but for this machine.
    let scheme = if name == "localhost" || name.starts_with("127.") { "http" } else { "https" };
    format!("{scheme}://{host}/v2/{repository}/manifests/{}", artifact.digest).parse().ok()
}

/// What the registry's challenge asks for.
async fn authorise(client: &Client, answer: &Response, login: Option<&Login>) -> Result<String, String> {
    let challenge = answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed_in = login.map(|login| basic(&login.user, &login.password));
    let Some(parameters) = challenge.strip_prefix("Bearer ") else {
        return signed_in.ok_or_else(|| "the registry asks to sign in".to_owned());
    };
    let parameter = |name: &str| {
        let begin = parameters.find(&format!("{name}=\""))? + name.len() + 2;
        parameters.get(begin..)?.split('"').next()
    };
    let realm = parameter("realm").and_then(|realm| realm.parse::<Url>().ok());
    let mut realm = realm.ok_or("the registry asks to sign in at no address")?;
    for name in ["service", "scope"] {
        if let Some(value) = parameter(name) {
            realm.query_pairs_mut().append_pair(name, value);
        }
    }
    let mut request = client.get(realm);
    if let Some(signed_in) = signed_in {
        request = request.header(AUTHORIZATION, signed_in);
    }
    let answer = request.send().await.map_err(why)?;
    if !answer.status().is_success() {
        return Err(format!("the registry gives no token: {}", answer.status()));
    }
    let token: Token = answer.json().await.map_err(why)?;
    let token = token.token.or(token.access_token).ok_or("the registry gives no token")?;
    Ok(format!("Bearer {token}"))
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn unwell(status: StatusCode) -> Reach {
    let why = format!("the answer is {status}");
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Reach::Missing { why },
        _ => Reach::Unknown { why },
    }
}

fn unknown(error: reqwest::Error) -> Reach {
    Reach::Unknown { why: why(error) }
}

fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", LIMIT.as_secs());
    }
    crate::remote::root_cause(&error)
}
