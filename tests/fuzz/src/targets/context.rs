//! Contexts: JSON from anywhere.

use super::{SHOP_PROGRAM, SHOP_SET};
use downhaul_blast::strict_json;
use downhaul_core::evaluate::{evaluate, evaluate_all};
use downhaul_core::explain::explain;
use downhaul_core::prepare::prepare;

/// A refusal helps; what is taken decides alike one by one, all at once, and explained.
pub(crate) fn any(bytes: &[u8]) {
    let context = match strict_json::object(bytes) {
        Ok(context) => context,
        Err(why) => {
            assert!(!why.message.is_empty() && !why.help.is_empty() && !why.code.is_empty(), "{why:?}");
            return;
        }
    };
    let loaded = &*SHOP_PROGRAM;
    let mut together = Vec::new();
    evaluate_all(loaded, &[], &mut prepare(loaded, &context), |_, decision| together.push(decision)).unwrap();
    for (flag, together) in (0..).zip(together) {
        assert_eq!(evaluate(loaded, &[], &mut prepare(loaded, &context), flag).unwrap(), together);
        let key = loaded.program.flag_key(flag);
        let shown = explain(&SHOP_SET, key, &context);
        assert_eq!(shown.reason, together.reason.as_str(), "{key}");
        let _ = loaded.value(flag, &together);
    }
}
