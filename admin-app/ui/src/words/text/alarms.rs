//! The page of alarms, and the banner above every page.

super::texts! {
    ACKNOWLEDGE = "Acknowledge";
    ALARM = "alarm";
    ALARMS = "Alarms";
    ALSO = "Also: ";
    AMID_ALARMS = "alarms";
    KEPT_FOR_TWO_WEEKS = "Kept for two weeks";
    LOOK_AT_THE_FLEET = "Look at the fleet";
    MORE_ABOUT_IT = "More about it";
    MORE_ALARM = "more alarm";
    MORE_ALARMS = "more alarms";
    NOTHING_IS_WRONG = "Nothing is wrong";
    NOW = "Now";
    ONE_ALARM_FOR_EACH_CAUSE = "One alarm for each cause, until the cause is seen to be over.";
    OVER = "Over";
    SAY_THAT_YOU_ARE_ON_IT = "Say that you are on it: nobody else is called";
    THE_ALARMS = "The alarms";
    WHAT_GUARDS_DID_OR_WOULD_DO = "What guards did or would do, rollouts and rollbacks that are held, and a fleet that is not all one stand here, and above every page until somebody has acknowledged them.";
}

super::messages! {
    alarms_in_environment(environment) = "Alarms in {environment}";
    for_since(since) = " For {since}.";
    for_since_2(since) = "For {since}. ";
    has_it_since(by, at, format) = "{by} has it since {at}{format} ";
    it_was_not_acknowledged(title) = "It was not acknowledged: {title}";
    not_acknowledged(alarms) = "{alarms}, not acknowledged";
    over_at_shown_by(at, shown_by) = "Over {at}: {shown_by}.";
    owner_owner(owner) = " Owner: {owner}.";
    owner_owner_2(owner) = "Owner: {owner}. ";
    silenced_by_until(by, until, reason) = "Silenced by {by} until {until}: {reason}. ";
    some_not_acknowledged(alarms, some) = "{alarms}, {some} not acknowledged";
    somebody_has_each_or_has_silenced(alarms) = "{alarms}; somebody has each, or has silenced it";
    that_nobody_has_acknowledged(more_alarms) = "{more_alarms} that nobody has acknowledged";
}
