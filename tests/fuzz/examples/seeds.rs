//! `cargo run -p downhaul-fuzz --example seeds`: writes the seeds of the binary formats anew, after one of these has changed.
//!
//! Seeds that are texts are kept by hand; what `cargo xtask fuzz` has found lies beside them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool of developers, over files of this repository"
)]

use downhaul_blast::population::{Limits, Mapping, Population};
use downhaul_control::api::Attributes;
use downhaul_control::chart::{NoteSigner, TreeHead, origin};
use downhaul_control::envelope::{Audience, EnvelopeSigner, EnvelopeType, Header};
use downhaul_control::hash::Hash;
use downhaul_core::check::{Source, check};
use downhaul_core::compile::load;
use downhaul_core::document::ClientKind;
use downhaul_core::kills::KillSet;
use downhaul_core::read::Format;
use downhaul_core::validate::Valid;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    };
    let shop = valid(&root.join("../../crates/core/tests/documents/shop.json"));
    let document = shop.document();
    let kills = KillSet::encode(&document.kills, &document.regions, 1, |_| None).to_bytes().unwrap();
    let program = load(&shop).program.to_bytes();
    write("program", "shop.bin", &program);
    write("kills", "shop.bin", &kills);
    write("kills", "none.bin", &KillSet::default().to_bytes().unwrap());
    for flag in &document.flags {
        let mut alone = document.clone();
        alone.flags.clear();
        alone.flags.push(flag.clone());
        alone.kills.clear();
        let text = serde_json::to_string(&alone).unwrap();
        let source = Source { name: "a".to_owned(), text, format: Format::Json };
        // One that names another is none without it.
        let Some(valid) = check(&[source], None).valid else { continue };
        let program = load(&valid).program.to_bytes();
        write("program", &format!("{}.bin", flag.key), &program);
        let context =
            br#"{"targetingKey": "user-1", "tenant": "acme", "region": "eu", "app_version": "2.10.0", "plan": "pro"}"#;
        write("differential", &format!("{}.bin", flag.key), &parts(&program, &kills, context));
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(root.join("../../examples/shop/flags")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let sources = files.iter().map(|path| source(path)).collect::<Vec<_>>();
    write("program", "example.bin", &load(&check(&sources, None).valid.unwrap()).program.to_bytes());
    let context = br#"{"targetingKey": "user-7", "tenant": "globex", "region": "eu-west", "roles": ["a", "\u00e9"], "ip": "10.1.2.3"}"#;
    write("differential", "shop.bin", &parts(&program, &kills, context));

    let header = Header {
        kind: EnvelopeType::FlagSet,
        epoch: 1,
        environment: document.environment.to_string(),
        audience: Audience { kind: ClientKind::Browser, attributes: Attributes::default(), decided_for: None },
        revision: 7,
        kill_revision: 1,
        issued_at: "2026-11-24T10:00:00Z".to_owned(),
        valid_until: "2026-12-24T10:00:00Z".to_owned(),
        program_format: downhaul_core::program::FORMAT,
        program_length: 0,
        program_sha256: Hash::of(b""),
        kills_length: 0,
        kills_sha256: Hash::of(b""),
        document_digest: None,
        keys: None,
        break_glass: None,
        breakers: BTreeMap::new(),
    };
    let small = fs::read(corpus.join("program/summer-banner.bin")).unwrap_or_else(|_| program.clone());
    let envelope = EnvelopeSigner::new(&[7; 32]).seal(&header, &small, &kills).unwrap().into_bytes();
    write("envelope", "original.bin", &envelope);
    write("patch", "target.bin", &[&envelope[..200], b"another end", &envelope[260..]].concat());

    let chart = fs::read_to_string(root.join("../../crates/control/tests/charts/0001.jsonl")).unwrap();
    for (number, line) in chart.lines().enumerate().filter(|(number, _)| number % 4 == 0) {
        write("chart", &format!("line-{number:02}.json"), line.as_bytes());
        if let Some((record, _)) = downhaul_control::chart::read_export_line(line.as_bytes()) {
            write("chart", &format!("record-{number:02}.json"), record);
        }
    }
    let head = TreeHead { origin: origin(1, "production"), size: 9, root: Hash::of(b"root") };
    let signed = head.sign(&NoteSigner::new(&[7; 32], &origin(1, "production")));
    write("chart", "head.txt", signed.as_str().as_bytes());

    let lines = fs::read(corpus.join("population/people.jsonl")).unwrap_or_default();
    let (population, _) = Population::from_json_lines(&lines[..], &Mapping::default(), &Limits::default()).unwrap();
    write("population", "sample.bin", &population.to_sample_bytes(100));
}

fn valid(path: &Path) -> Valid {
    check(&[source(path)], None).valid.unwrap()
}

fn source(path: &Path) -> Source {
    Source { name: path.display().to_string(), text: fs::read_to_string(path).unwrap(), format: Format::Json }
}

fn parts(program: &[u8], kills: &[u8], context: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [&length(program)[..], program, &length(kills), kills, context].concat()
}
