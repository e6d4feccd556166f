//! One file for each kind of input.

pub(crate) mod chart;
pub(crate) mod context;
pub(crate) mod differential;
pub(crate) mod document;
pub(crate) mod envelope;
pub(crate) mod population;
pub(crate) mod program;
pub(crate) mod request;
pub(crate) mod text;

use downhaul_core::check::{Source, check};
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::read::Format;
use downhaul_core::validate::Valid;
use std::sync::LazyLock;

const SHOP: &str = include_str!("../../../../crates/core/tests/documents/shop.json");

/// A flag set with every kind of condition, and kills.
pub(crate) static SHOP_SET: LazyLock<Valid> = LazyLock::new(|| {
    let source = Source { name: "shop.json".to_owned(), text: SHOP.to_owned(), format: Format::Json };
    check(&[source], None).valid.unwrap()
});

/// The same as a program.
pub(crate) static SHOP_PROGRAM: LazyLock<Loaded> = LazyLock::new(|| {
    let document = SHOP_SET.document();
    Loaded::new(
        downhaul_core::compile::load(&SHOP_SET).program,
        KillSet::encode(&document.kills, &document.regions, 1, |_| None),
    )
});
