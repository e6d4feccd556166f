//! `downhaul refs`: where code refers to flags, as whole runs.

use crate::server::Server;
use crate::support::{Place, SHOP};
use insta::assert_snapshot;

fn code() -> Place {
    let place = Place::new();
    place.write(
        "flags/shop.json",
        SHOP.replace(r#""flags": ["#, r#""retired": { "cart-v1": "2026-03-01" }, "flags": ["#),
    );
    place.write(".git/HEAD", "ref: refs/heads/main\n");
    place.write(".gitignore", "dist/\n");
    place.write(
        ".github/CODEOWNERS",
        "* @everyone\n/src/pay/ @payments @ann\n# the last line that fits decides\n/docs/* @writers\n",
    );
    place.write(
        "src/pay/page.ts",
        "import { flags } from './flags';\n\nif (flags.boolean(\n  \"checkout-v2\",\n  false,\n)) show();\n",
    );
    place.write("src/old.ts", "const before = flags.boolean('cart-v1', true);\nz.string('a message');\nflags.string(\"colour-of-cart\", \"red\");\n");
    place.write("src/banner.rs", "// the banner is a word, and not meant\nlet checkout_v2 = \"checkout-v2-copy\";\n");
    place.write("docs/flags.md", "Ü: see checkout-v2.\n");
    place.write("dist/page.js", "flags.boolean(\"checkout-v2\", false)");
    place.write("picture.bin", b"checkout-v2\0\"checkout-v2\"");
    place.write("latin.txt", b"caf\xE9 'checkout-v2'");
    place.write("large.txt", "\"checkout-v2\"\n".repeat(1000));
    place
}

#[test]
fn places_owners_and_what_is_dead() {
    let place = code();
    assert_snapshot!(place.run("refs --flags flags --largest 10000"), @r#"
    exit status 2
    --- out
    checkout-v2 of payments: 3 references
      docs/flags.md:1:8  Ü: see checkout-v2.  (@writers)
      latin.txt:1:7  caf� 'checkout-v2'  (@everyone)
      src/pay/page.ts:4:4  "checkout-v2",  (@payments, @ann)
    colour-of-cart: no flag set has it
      src/old.ts:3:15  flags.string("colour-of-cart", "red");  (@everyone)
    cart-v1: retired on 2026-03-01, and still in code
      src/old.ts:1:31  const before = flags.boolean('cart-v1', true);  (@everyone)
    banner of web: no code refers to it
    --- err
    skipped large.txt: it has 14000 bytes
    skipped picture.bin: it is binary
    2 flags in 5 files: 1 without a reference, 1 unknown, 1 retired and still in code
    "#);
    assert_snapshot!(place.run("refs . --flags flags --largest 10000 --format plain"), @r#"
    exit status 2
    --- out
    reference	checkout-v2	payments	docs/flags.md:1:8	bare	@writers	Ü: see checkout-v2.
    reference	checkout-v2	payments	latin.txt:1:7	quoted	@everyone	caf� 'checkout-v2'
    reference	checkout-v2	payments	src/pay/page.ts:4:4	call	@payments @ann	"checkout-v2",
    unreferenced	banner	web
    unknown	colour-of-cart		src/old.ts:3:15	call	@everyone	flags.string("colour-of-cart", "red");
    retired	cart-v1	2026-03-01	src/old.ts:1:31	call	@everyone	const before = flags.boolean('cart-v1', true);
    --- err
    skipped large.txt: it has 14000 bytes
    skipped picture.bin: it is binary
    2 flags in 5 files: 1 without a reference, 1 unknown, 1 retired and still in code
    "#);
    let json = place.run("refs src --flags flags --format json").json();
    assert_eq!(json["retired"][0]["retired"], "2026-03-01");
    assert_eq!(json["unknown"][0]["key"], "colour-of-cart");
    assert_eq!(json["flags"][0]["references"][0]["owners"], serde_json::json!(["@payments", "@ann"]));
}

#[test]
fn one_flag_and_a_call_of_ones_own() {
    let place = code();
    assert_snapshot!(place.run("refs src --flags flags --flag checkout-v2"), @r#"
    exit status 0
    --- out
    checkout-v2 of payments: 1 reference
      src/pay/page.ts:4:4  "checkout-v2",  (@payments, @ann)
    --- err
    1 flag in 3 files: 0 without a reference, 0 unknown, 0 retired and still in code
    "#);
    place.write("src/own.py", "if is_on('gone', user):\n    pass\n");
    assert_eq!(place.run("refs src/own.py --flags flags").status, 0);
    assert_snapshot!(place.run("refs src/own.py --flags flags --call is_on --format plain"), @r#"
    exit status 2
    --- out
    unreferenced	checkout-v2	payments
    unreferenced	banner	web
    unknown	gone		src/own.py:1:11	call	@everyone	if is_on('gone', user):
    --- err
    2 flags in 1 file: 2 without a reference, 1 unknown, 0 retired and still in code
    "#);
    assert_snapshot!(place.run("refs src --flags flags --flag chekout"), @r#"
    exit status 2
    --- err
    error: there is no flag `chekout` in the flag set

    help: its flags are checkout-v2, banner
    "#);
    assert_snapshot!(place.run("refs nowhere --flags flags"), @r#"
    exit status 1
    --- err
    error: cannot read `nowhere`: there is no such file

    help: check the path; it is relative to the current folder
    "#);
}

#[test]
fn the_keys_of_a_control_plane() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    place.write("src/page.ts", "flags.object('banner', {});\nflags.boolean('checkout-v2', false);\n");
    let server = Server::start(&place);
    server.run(&place, "apply flags.json --reason first").done();
    let run = server.run(&place, "refs src --format json").done().json();
    let counts: Vec<usize> =
        run["flags"].as_array().unwrap().iter().map(|flag| flag["references"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [1, 1]);
    server.run(&place, "retire banner --reason done --anyway").done();
    let run = server.run(&place, "refs src --format json");
    assert_eq!((run.status, run.json()["retired"][0]["key"].clone()), (2, "banner".into()), "{run}");
}
