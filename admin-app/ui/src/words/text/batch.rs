//! Several flags at once.

super::texts! {
    EACH_FLAG_IS_ONE_CHANGE_IN = "Each flag is one change in the chart, with this reason.";
    PROPOSED_AS = "proposed as ";
    SO_ALREADY = "so already";
    TAKEN_BACK = "taken back, ";
    TO_COME = "to come";
    WORKING = "Working…";
}

super::messages! {
    go_on_with(flags) = "Go on with {flags}";
    propose_for_approval(flags) = "Propose {flags} for approval";
    take_flags_back(flags) = "Take {flags} back";
}
