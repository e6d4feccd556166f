//! The control plane is not there when the console starts.

super::texts! {
    ANOTHER_CONTROL_PLANE = "Choose another control plane";
    ASKING = "Asking";
    A_KILL_NEEDS_NO_CONSOLE = "A kill needs no console. From a shell on the server: ";
    DOWNHAUL_KILL = "downhaul kill FLAG --reason TEXT";
    NOT_REACHED = "Not reached";
    OR_AT = "; or on ";
    THE_KILL_PAGE = "the kill page";
    TRY_NOW = "Try now";
    WHERE_IT_STILL_OPENS = ", where that still opens.";
}

super::messages! {
    asks_again_in(seconds) = "Asks again in {seconds} s";
}
