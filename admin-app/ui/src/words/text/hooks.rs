//! What is said beside the pages.

super::texts! {
    THE_CONTROL_PLANE_CANNOT_BE_REACHED = "The control plane cannot be reached. This waits until it is back.";
    THIS_BROWSER_RUNS_NO_WORKERS = "this browser runs no workers";
}

super::messages! {
    title_downhaul(title) = "{title} · Downhaul";
}
