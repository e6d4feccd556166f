//! What is said beside the pages.

super::texts! {
    THE_CONTROL_PLANE_CANNOT_BE_REACHED = "The control plane cannot be reached. This waits until it is back.";
    THIS_BROWSER_RUNS_NO_WORKERS = "this browser runs no workers";
    YOUR_ROLE_MAY_NOT_ACKNOWLEDGE = "Your role may not acknowledge alarms. Ask an operator or an admin.";
}

super::messages! {
    frozen_by_when(by, when, reason) = "Frozen by {by} {when}: “{reason}”. Nothing is published until the freeze is ended; kills and restores go on.";
    title_downhaul(title) = "{title} · Downhaul";
}
