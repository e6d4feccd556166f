//! The X-ray.

super::texts! {
    ADD_THE_ATTRIBUTE = "Add the attribute";
    AMID_DOES_NOT_HOLD = "does not hold: ";
    ATTRIBUTE = "attribute";
    AT_THAT_REVISION = " at that revision";
    BACK_TO_NOW = "Back to now";
    BUCKET = "Bucket";
    BUCKET_OF = "bucket of ";
    BY = " by ";
    BY_A_KILL = " by a kill";
    BY_A_PREREQUISITE = " by a prerequisite";
    BY_THE_DEFAULT = ", by the default";
    CONTEXT = "Context";
    CONTEXT_AS_JSON = "Context as JSON";
    DECIDED_IN_THIS_PAGE_AT_EVERY = "decided in this page, at every keystroke";
    DEFAULT = "Default";
    DOES_NOT_HOLD = "does not hold";
    DOES_NOT_REACH_THIS_CONTEXT = "does not reach this context";
    EDIT_THE_CONTEXT_AS = "Edit the context as";
    EXAMPLE_CONTEXTS = "Example contexts";
    FLAGS_SEGMENTS_AND_KILLS_ARE_THOSE = "Flags, segments and kills are those that were in force then.";
    FOR_THIS_CONTEXT_AS_REQUIRED = " for this context, as required. ";
    FOR_THIS_CONTEXT_SO_THIS_FLAG = " for this context, so this flag is degraded. ";
    FROM_THE_TENANT = "From the tenant: ";
    HELD_DOWN_BY_THE_CLIENT = "Held down by the client: ";
    HOLDS_BUT_NO_SLICE_COVERS_THE = "holds, but no slice covers the bucket, so the next rule is tried";
    HOLDS_BUT_THE_CONTEXT_HAS_NO = "holds, but the context has no bucketing unit, so the next rule is tried";
    HOLDS_SO_THE_SPLIT_DECIDES = "holds, so the split decides: ";
    HOW_IT_CAME_TO_THIS = "How it came to this";
    IN_THE_ORDER_THE_EVALUATOR_READS = "in the order the evaluator reads";
    IS = " is ";
    IS_IN_NO_SLICE = " is in no slice";
    ITS_X_RAY = "Its X-ray";
    KILL = "Kill ";
    KILLED = "Killed";
    NAME_OF_ANOTHER_ATTRIBUTE = "Name of another attribute";
    NONE_IN_EFFECT_FOR_THIS_FLAG = "none in effect for this flag";
    NOT_GIVEN = "not given";
    NOT_READ = "not read: ";
    NO_DECISION_WITHOUT_A_CONTEXT = "No decision without a context";
    NO_RULE_DECIDED = " no rule decided";
    ONE_DECISION_RULE_BY_RULE_BY = "One decision, rule by rule, by the same evaluator that runs in the clients.";
    OPEN_LARGE = "Open large";
    PREREQUISITE = "Prerequisite";
    SALT = "Salt";
    THAT_CHANGE = "That change";
    THERE_IS_NOTHING_TO_SHARE_OUT = ": there is nothing to share out by";
    THERE_IS_NO_FLAG_HERE_YET = "There is no flag here yet, so nothing to look through.";
    THERE_IS_NO_SUCH_FLAG = "There is no such flag";
    THE_DEFAULT = "The default ";
    THE_FLAG_HAS_NO_RULES = " the flag has no rules";
    THE_FLAG_SET_CANNOT_BE_EVALUATED = "The flag set cannot be evaluated here";
    THE_X_RAY = "The X-ray";
    TRY = "Try";
    VALUE = "value";
    VALUE_HEAD = "Value";
    VALUE_OF_THE_OTHER_ATTRIBUTE = "Value of the other attribute";
    WAS_NOT_READ = " was not read";
    WERE_NOT_READ = " were not read";
    X_RAY = "X-ray";
}

super::messages! {
    as_it_was_at_revision(revision) = "As it was at revision {revision}. ";
    at_revision_in(by, revision, environment) = "{by}, at revision {revision} in {environment}";
    by_rule_rule_name(rule, name) = " by rule {rule}{name}";
    falls_in_variant(variant) = " falls in {variant}";
    is_in_bucket_of_100_000(unit, bucket) = "{unit} is in bucket {bucket} of 100 000";
    rule_and_the_default(read) = "Rule {read} and the default ";
    rule_index_name(index, name) = "Rule {index}{name}";
    rules_to_and_the_default(read, rules) = "Rules {read} to {rules} and the default ";
    tenant_name_shown_value(name, shown_value) = "tenant.{name} = {shown_value} ";
    there_is_no_flag_here(key, is_some) = "There is no flag {key} here{is_some}. ";
    this_is_choose_another_one_below(flag) = "This is {flag}; choose another one below.";
    unit_at_bucket(unit, bucket) = "{unit} at {bucket}";
    x_ray_of(environment) = "X-ray of {environment}";
}
