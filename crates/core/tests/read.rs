//! Reading: what a good document becomes.

use downhaul_core::check::{Source, check};
use downhaul_core::document::FlagSet;
use downhaul_core::read::{self, Format};

const SHOP: &str = include_str!("documents/shop.json");

#[test]
fn the_design_s_example_is_read_and_written_back() {
    let checked =
        check(&[Source { name: "shop.json".into(), text: SHOP.into(), format: Format::Json }], Some("2026-11-24"));
    assert_eq!(checked.diagnostics, []);
    let document = checked.valid.unwrap().into_document();
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(read::flag_set(&text, Format::Json).unwrap().0, document);
    assert_eq!(serde_json::from_str::<FlagSet>(&text).unwrap(), document);
    assert_eq!(serde_json::from_value::<FlagSet>(serde_json::to_value(&document).unwrap()).unwrap().flags.len(), 2);
}
