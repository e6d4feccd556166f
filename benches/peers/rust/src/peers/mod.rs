macro_rules! peers {
    ($($feature:literal $module:ident $ty:ident),* $(,)?) => {
        $(#[cfg(feature = $feature)] pub mod $module;)*
        /// the names of the peers that were compiled in
        pub fn names() -> Vec<&'static str> {
            vec![$(#[cfg(feature = $feature)] $feature),*]
        }
        pub fn run(name: &str) {
            match name {
                $(#[cfg(feature = $feature)] $feature => crate::harness::run::<$module::$ty>(),)*
                _ => panic!("no peer {name} in this build"),
            }
        }
    };
}

peers! {
    "downhaul" downhaul OfProgram,
    "downhaul-document" downhaul_document OfDocument,
    "unleash" unleash Unleash,
    "launchdarkly" launchdarkly LaunchDarkly,
    "eppo" eppo Eppo,
    "growthbook" growthbook GrowthBook,
    "flagsmith" flagsmith Flagsmith,
    "configcat" configcat ConfigCat,
    "optimizely" optimizely Optimizely,
    "flagd" flagd Flagd,
    "datalogic" datalogic DataLogic,
    "cedar" cedar Cedar,
    "confidence" confidence Confidence,
    "statsig" statsig Statsig,
    "superposition" superposition Superposition,
}
