//! A page that could not be fetched.

super::texts! {
    FLAGS_KILLS_AND_WHAT_YOU_HAD = "Flags, kills and what you had open go on working without it.";
    LOADING = "Loading";
    RELOAD_THE_CONSOLE = "Reload the console";
    SEE_THAT_THIS_DEVICE_REACHES_THE = "See that this device reaches the server, then try again. If the console was renewed since you opened it, reload: drafts are kept.";
    THE_PAGE_IS_BEING_FETCHED = "The page is being fetched";
    THIS_PAGE_COULD_NOT_BE_FETCHED = "This page could not be fetched";
    THIS_PART_COULD_NOT_BE_FETCHED = "This part could not be fetched";
}
