//! The page of a flag.

super::texts! {
    AMID_DEFAULT = "default";
    AMID_DEGRADED = "degraded";
    A_BREAKER_IS_OPEN = "A breaker is open. ";
    A_LINK_TO_THIS_RULE = "A link to this rule";
    A_ROLLOUT_GIVES_IT_TO_MORE = "A rollout gives a variant to more and more people, stage by stage.";
    BUCKET_0 = "bucket 0";
    BY = "by ";
    CHANGES_THAT_NAME_THIS_FLAG = "Changes that name this flag";
    CLIENTS = "Clients ";
    DEGRADED_MODE = "Degraded mode";
    EDIT = "Edit";
    ELSE_DEGRADED = ", else degraded";
    EVALUATION_ORDER = "Evaluation order";
    EXPIRES = "Expires ";
    FIRST_NONE_IN_EFFECT = " first. None in effect.";
    FORWARD_FIX_ONLY = "forward-fix only";
    ITS_CHANGES = "Its changes";
    KILLED_FOR_EVERYONE = "killed for everyone";
    KILLED_FROM_THE_RIGHT_RESTORED_FROM = "Killed from the right, restored from the left";
    KILLED_IN_PART = "killed in part";
    KIND = "Kind ";
    LATELY = "Lately";
    MUST_BE = " must be ";
    NOTHING = "nothing";
    NO_CHANGE_NAMES_IT = "No change names it.";
    NO_FLAG = "no flag";
    SHIFT_K = "Shift K";
    OR = " or ";
    OTHERWISE = "Otherwise";
    OWNER = "Owner ";
    PREREQUISITE = "Prerequisite ";
    PREREQUISITES_AND_DEPENDENTS = "Prerequisites and dependents";
    REQUIRED_BY = "Required by";
    REQUIRES = "Requires";
    REVERSIBILITY = "Reversibility ";
    REVIEW = "Review ";
    SALT = " salt ";
    SEE_THE_FLEET = "See the fleet";
    SERVE = " serve ";
    SEVENTY_FIVE_THOUSAND = "75\u{202F}000";
    THE_WHOLE_CHART = "The whole chart";
    THIS_FLAG = "This flag";
    TWENTY_FIVE_THOUSAND = "25\u{202F}000";
    USED_AS = "Used as";
    VALUE = "Value";
    WATCH_OR_RESTORE = "Watch or restore";
}

super::messages! {
    by_by_reason(by, reason) = " by {by}: {reason}";
    gives_variant(variant) = "Gives {variant}: ";
    go_on_to_the_next_rule(min) = "{min} go on to the next rule";
    killed_for_scope(scope) = "Killed for {scope}";
    link_to_rule(number) = "Link to rule {number}";
    open_id(id) = "Open {id}";
    rule_number(number) = "Rule {number}";
    the_last_id(id) = "The last was {id}";
}
