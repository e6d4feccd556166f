//! The start of the console.

super::texts! {
    DOWNHAUL_IS_LOADING = "Downhaul is loading";
    THE_CONSOLE_HAS_STOPPED_WORKING_A = "The console has stopped working. A kill works without it: at /kill, or downhaul kill FLAG --reason TEXT";
}
