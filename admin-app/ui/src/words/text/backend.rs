//! What goes wrong on the way to the control plane.

super::texts! {
    A_WORKER_TAKES_SAMPLES_ONLY = "a worker takes samples only";
    CHECK_THAT_DOWNHAUL_SERVE_RUNS_AND = "Check that `downhaul serve` runs and that this device has a network; the console keeps trying.";
    IT_MAY_BE_REVOKED_PAST_ITS = "it may be revoked, past its end, or of another server: make one with `downhaul tokens create`, or take the admin token from `admin-token` in the data folder";
    NOT_A_FLAG_SET = "not a flag set";
    REFUSED = "Refused";
    SIGN_IN_AGAIN = "Sign in again.";
    THE_ANSWER_OF_THE_CONTROL_PLANE = "The answer of the control plane could not be read";
    THE_CONTROL_PLANE_CANNOT_BE_REACHED = "The control plane cannot be reached";
    THE_POPULATION_CANNOT_BE_READ = "the population cannot be read";
    THIS_TOKEN_OPENS_NOTHING_HERE = "this token opens nothing here";
    UNAUTHORIZED = "Unauthorized";
    YOU_ARE_SIGNED_OUT = "You are signed out";
}

super::messages! {
    reload_the_page_in_case_the(why) = "Reload the page, in case the console is older than the server. ({why})";
    status_status(status) = "status {status}";
}
