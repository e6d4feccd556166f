//! What stands around a page.

super::texts! {
    ITS_KEY_IS_NEVER_USED_AGAIN = "Its key is never used again; what it did is in the chart.";
    LOOK_FOR_IT_IN_THE_LIST = "Look for it in the list; keys are case-sensitive.";
    THERE_IS_NO_SUCH_PAGE = "There is no such page";
    THE_ADDRESS_LEADS_NOWHERE = "The address leads nowhere.";
    THE_CHART = "The chart";
    THE_FREEZE = "The freeze";
}

super::messages! {
    all_to_lowercase(to_lowercase) = "All {to_lowercase}";
    key_was_retired(key) = "{key} was retired";
    there_is_no_flag_in(key, environment) = "There is no flag {key} in {environment}";
    there_is_no_such(what) = "There is no such {what}";
    this_what(what) = "This {what}";
}
