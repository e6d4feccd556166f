//! Short texts with a grammar of their own.

use downhaul_control::secret::Secret;
use downhaul_control::webhook::WebhookSecret;
use downhaul_control::{signing_key::SigningKey, time};
use downhaul_core::ids::{EnvironmentKey, FlagKey, TenantId};
use downhaul_core::ip::{Address, parse_block};
use downhaul_core::version::{Version, parse_range};

/// No text stops a reader, and a key is what it was written as.
pub(crate) fn any(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        if let Ok(key) = line.parse::<FlagKey>() {
            assert_eq!(key.as_str(), line);
        }
        if let Ok(key) = line.parse::<TenantId>() {
            assert_eq!(key.as_str(), line);
        }
        let _ = line.parse::<EnvironmentKey>();
        if let Some(address) = Address::parse(line) {
            assert_eq!(Address::parse(&address.to_ip().to_string()), Some(address));
        }
        if let Ok(block) = parse_block(line) {
            assert!(block.contains(block.network));
        }
        if let Some(version) = Version::parse(line) {
            assert!(version.precedence(&version).is_eq());
        }
        let _ = parse_range(line);
        if let Some(time) = downhaul_core::time::parse(line) {
            assert!(time.is_finite(), "{line}");
        }
        let _ = time::from_text(line);
        let _ = Secret::parse(line);
        let _ = WebhookSecret::parse(line);
        let _ = SigningKey::read(line);
    }
}
