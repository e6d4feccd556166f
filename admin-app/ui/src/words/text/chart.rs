//! The chart, and the proof that nobody edited it.

super::texts! {
    AND_BEFORE_IT = "and before it";
    BACK_TO_THE_LIST = "Back to the list";
    BY_PEOPLE_ONLY = "By people only";
    CHAIN = "Chain";
    CHAIN_VERIFIED = "Chain verified";
    CHANGE = "change";
    CHANGES = "changes";
    COPY_HEAD = "Copy head";
    EDITS = "Edits";
    EFFECT = "Effect";
    EXPORT = "Export…";
    HEAD = "Head ";
    HEAD_COPIED = "Head copied";
    HOW_FAR_IT_REACHED = "How far it reached";
    KILL = "Kill";
    KILLS_STILL_WORK_KEEP_THE_DATA = "Kills still work. Keep the data folder as it is and compare with a witness.";
    LEAVES_OUT_WHAT_THE_CONTROL_PLANE = "Leaves out what the control plane does by itself, such as the heartbeat";
    MOVE = " move";
    MOVES = "Moves";
    NOTHING_HAS_HAPPENED_YET = "Nothing has happened yet";
    NOT_KNOWN = "Not known";
    NO_CHANGE_BY_A_PERSON_AS = "No change by a person as far back as this reaches";
    OLDER_CHANGES_COULD_NOT_BE_READ = "Older changes could not be read: ";
    OLDER_CHANGES_MAY_READ_ON_BELOW = "Older changes may: read on below.";
    OLDER_ONES_MAY_BE_READ_ON = "Older ones may be: read on below.";
    READ_OLDER_CHANGES = "Read older changes";
    REVISION = "Revision ";
    REVISIONS = "Revisions ";
    SEARCH_THE_CHART = "Search the chart";
    SEARCH_WHO_WHAT_WHY = "Search who, what, why";
    SELECTED_CHANGE = "Selected change";
    SHOW_EACH = "Show each";
    SHOW_REVISION = "Show revision ";
    SHOW_THEM_AS_ONE = "Show them as one";
    THE_CHAIN_COULD_NOT_BE_VERIFIED = "The chain could not be verified. ";
    THE_CHAIN_HAS_NOT_BEEN_VERIFIED = "The chain has not been verified from here yet";
    THE_CHAIN_IS_BROKEN = "The chain is broken. ";
    THE_CHART = "The chart";
    THE_CHART_IS_SAVED = "The chart is saved";
    THE_COMMAND_AS_IT_WAS_HASHED = "The command as it was hashed";
    THE_FIRST_CHANGE_APPEARS_HERE_THE = "The first change appears here the moment it is made.";
    VERIFY_AGAIN = "Verify again";
    VERIFY_THE_CHAIN = "Verify the chain";
    WHAT_A_USER_SAW_THEN = "What a user saw then";
    WHEN = "When";
    WHO = "Who";
    WHO_CHANGED_WHAT_WHEN_AND_WHY = "Who changed what, when and why. Entries are chained; none can be edited unseen.";
    WITH_IT = "With it";
}

super::messages! {
    and_more_moves_more(more_moves) = "and {more_moves} more";
    by_the_control_plane_itself_left(all, hidden) = "{all}; {hidden} by the control plane itself left out";
    chart_of_environment(environment) = "Chart of {environment}";
    no_change_among_these_matches(search) = "No change among these matches “{search}”";
    replayed_to_the_same_flag_set(changes, ago) = ", {changes} replayed to the same flag set, {ago}";
    revision_was_made_by_the_control(revision) = "Revision {revision} was made by the control plane itself, which is left out.";
    shown_of_newest(shown, newest) = "{shown} of {newest}";
    the_chain_breaks_at_revision(revision) = "The chain breaks at revision {revision}. ";
    there_is_no_revision_here(revision) = "There is no revision {revision} here.";
    whom_it_moves(join) = "whom it moves: {join}";
}
