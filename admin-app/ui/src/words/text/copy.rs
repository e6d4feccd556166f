//! Flags taken over from another environment.

super::texts! {
    A_PLAN_COMES_FIRST_WHOM_IT = "A plan comes first: whom it would move here";
    CHOOSE_ALL = "Choose all";
    CHOOSE_WHAT_IS_TO_BE_COPIED = "Choose what is to be copied";
    DEFINITIONS_ONLY_KILLS_ROLLOUTS_AND_THEIR = "Definitions only. Kills, rollouts and their history stay where they are, and a kill here stays in force.";
    DIFFERENCE = "difference";
    DIFFERENCES = "differences";
    DOWNHAUL_SERVE_ENVIRONMENT_NAME = "downhaul serve --environment NAME";
    FLAGS_ARE_COPIED_BETWEEN_ENVIRONMENTS_THAT = "Flags are copied between environments that you may see. Start one:";
    FLAGS_THAT_ARE_KILLED_HERE_STAY = " Flags that are killed here stay killed.";
    FROM = "From";
    IT_CANNOT_BE_COPIED_LIKE_THIS = "It cannot be copied like this";
    MOVES = "Moves";
    NOBODY_IT_IS_NEW_HERE = "nobody: it is new here";
    NOBODY_WHILE_IT_IS_KILLED = "nobody while it is killed";
    NOT_HERE_YET = "not here yet";
    ONE_FLAG_DIFFERS = "One flag differs";
    PLANNING = "Planning";
    RETIRED_HERE_WHERE_ITS_KEY_IS = "retired here, where its key is never used again";
    SOMEBODY_THERE_IS_NO_POPULATION_TO = "somebody; there is no population to count";
    THERE_IS_NO_OTHER_ENVIRONMENT = "There is no other environment";
    THE_OTHER_ENVIRONMENT = "The other environment";
    THIS_ENVIRONMENT = "This environment";
    WHOM_IT_WOULD_MOVE_HERE = "Whom it would move here";
}

super::messages! {
    choose_key(key) = "Choose {key}";
    copy_flags(flags) = "Copy {flags}…";
    copy_flags_to(environment) = "Copy flags to {environment}";
    copy_from_to(flags, from, environment) = "Copy {flags} from {from} to {environment}";
    count_from_from(count, from) = "{count} from {from}";
    differing_flags_differ(differing) = "{differing} flags differ";
    every_flag_of_is_here_as(from) = "Every flag of {from} is here as it is there.";
    flags_would_change(flags) = "{flags} would change.";
    here_are_not_there_and_stay(flags) = "{flags} here are not there, and stay";
    in_here(here) = "In {here}";
    in_it_is(from) = "In {from} it is";
    in_there(there) = "In {there}";
    nothing_differs_from(from) = "Nothing differs from {from}";
    of_would_get_something_else(weight, weight_2) = "{weight} of {weight_2} would get something else.";
    plan_flags(flags) = "Plan {flags}";
    segments_tenants_and_regions_are_not(environment) = "Segments, tenants and regions are not copied: put what is missing into {environment} first.";
    weight_of_weight_2(weight, weight_2) = "{weight} of {weight_2}";
}
