//! Parts that every page uses.

super::texts! {
    COMMAND_COPIED = "Command copied";
    COPY_COMMAND = "Copy command";
    DISMISS = "Dismiss";
    FROM_THE_KEYBOARD_HOLD = "From the keyboard: hold ";
    HOLD_1_2_S_LET_GO = "Hold 1.2 s, let go early to cancel.";
    HOLD_INSTEAD = "Hold instead";
    KILLING = "Killing…";
    LOADING = "Loading";
    MOVE = " move";
    ON_THE_BUTTON = " on the button.";
    OPEN = " open";
    RESULTS = "Results";
    SEARCH_FLAGS_AND_COMMANDS = "Search flags and commands";
    SEARCH_OR_RUN_A_COMMAND = "Search or run a command";
    SELECT_THE_TEXT_INSTEAD = "Select the text instead.";
    THE_BROWSER_DID_NOT_ALLOW_COPYING = "The browser did not allow copying";
    TWO_SEPARATE_PRESSES_ESCAPE_CANCELS_BETWEEN = "Two separate presses. Escape cancels between them.";
    USE_TWO_PRESSES_INSTEAD = "Use two presses instead";
    WHY_MAY_BE_LEFT_OUT = "Why (may be left out)";
}

super::messages! {
    cannot_be_shown(what) = "{what} cannot be shown";
    known_label(label) = "Known: {label}";
    nothing_is_called(query) = "Nothing is called “{query}”";
    of_clients_dark(dark, lit) = "{dark} of {lit} clients dark";
    press_again_press_label(press_label) = "Press again: {press_label}";
    press_once_more_to_go_on(effect) = "{effect} Press once more to go on.";
    remove_value(value) = "Remove {value}";
}
