//! The editor of definitions: segments, tenants, regions and the policy.

super::texts! {
    ASK_FOR_APPROVAL = "Ask for approval…";
    ASK_FOR_APPROVAL_2 = "Ask for approval";
    BLAST_RADIUS = "Blast radius";
    DISCARD = "Discard";
    DRAFT = "Draft";
    EDIT_AND_SEE_HERE_WHO_WOULD = "Edit, and see here who would be given something else, by every flag that uses it.";
    FLAGS_GIVE_SOME_CONTEXTS_SOMETHING_ELSE = "flags give some contexts something else";
    FLAG_GIVES_SOME_CONTEXTS_SOMETHING_ELSE = "flag gives some contexts something else";
    GO_ON_EDITING = "Go on editing";
    ITS_DECLARED_ATTRIBUTES_ARE_GONE_RULES = "Its declared attributes are gone: rules that read them hold for nobody of it. Rules that name it still do.";
    KEPT_IN_THIS_BROWSER = ", kept in this browser";
    NOTHING_CHANGED_YET = ", nothing changed yet";
    NOTHING_IS_CHANGED_YET = "Nothing is changed yet.";
    NOTHING_NAMES_IT = "Nothing names it";
    NOTHING_NAMES_IT_SO_NOBODY_IS = "Nothing names it, so nobody is given anything else.";
    NO_EDITS_YET = "No edits yet";
    NO_FLAG_GIVES_ANYONE_ANYTHING_ELSE = "No flag gives anyone anything else.";
    OF_THE_LAST_VALID_DRAFT = "of the last valid draft";
    PLACES_NAME = "places name";
    PLACES_NAME_IT = "places name it";
    PLACE_NAMES = "place names";
    PLACE_NAMES_IT = "place names it";
    PROBLEM = "problem";
    PROBLEMS = "problems";
    REDO = "Redo";
    REMOVE = "Remove…";
    REVIEW_AND_PUBLISH = "Review and publish";
    RULE = "rule";
    RULES = "rules";
    THE_DRAFT_IS_NO_JSON_YET = "The draft is no JSON yet; it is kept as it is.";
    THE_POLICY_ASKS_OTHERS_ABOUT_IT = "The policy asks others about it. They decide.";
    THIS_ENVIRONMENT_HAS_NO_POPULATION_HOW = "This environment has no population: how many change is not known, only who can.";
    TYPE_ITS_NAME_FIRST = "Type its name first.";
    WHO_USES_IT = "Who uses it";
    WORKED_OUT_BY_THE_SERVER = "worked out by the server";
    WORKING_IT_OUT = "working it out";
    YOU_CAN_TRY_OUT_AN_EDIT = " You can try out an edit here all the same.";
}

super::messages! {
    and_flags_more(flags) = "and {flags} more";
    and_groups_more(groups) = "and {groups} more";
    and_problems_more(problems) = "and {problems} more";
    edit_of_words_summary(words, summary) = "edit of {words}: {summary}";
    it_take_it_out_there_first(places_name) = "{places_name} it. Take it out there first.";
    kill_of_flag(flag) = "kill of {flag}";
    mend_problems_first(problems) = "Mend {problems} first.";
    of_are_given_something_else(weight, weight_2) = "{weight} of {weight_2} are given something else.";
    of_are_given_something_else_by(weight) = "of {weight} are given something else by some flag";
    of_which_is_not_there_yet(words) = " of {words}, which is not there yet";
    over_revision_revision(revision) = " over revision {revision}";
    over_the_population_contexts_and_exactly(unwrap_or, rows) = "Over the population “{unwrap_or}”, {rows} contexts, and exactly.";
    propose_to_remove(words) = "Propose to remove {words}";
    proposed_to_remove_as(words, id) = "Proposed to remove {words} as {id}";
    proposed_words_as_id(words, id) = "Proposed {words} as {id}";
    publish_revision_next(next) = "Publish revision {next}";
    published_as_revision(words, revision) = "Published {words} as revision {revision}";
    remove_words(words) = "Remove {words}";
    removed_words(words) = "Removed {words}";
    this_draft_could_not_be_worked(why) = "This draft could not be worked out: {why}. It counts as moving everyone.";
    through_join(join) = ", through {join}";
    type_to_publish_it(name) = "Type {name} to publish it";
    was_changed_since_you_began_by(words, revision) = "{words} was changed since you began, by revision {revision}";
    weight_of_weight_2(weight, weight_2) = "{weight} of {weight_2}";
    words_as_json(words) = "{words} as JSON";
    words_in_environment(words, environment) = "{words} in {environment}";
}
