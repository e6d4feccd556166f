//! What several pages say.

super::texts! {
    ACTIONS = "Actions";
    AFTER = "After";
    ALL_FLAGS = "All flags";
    AMID_FLAG = "flag";
    AMID_REGIONS = "regions";
    APPROVAL = "approval";
    APPROVALS = "approvals";
    ASK_FOR_APPROVAL_INSTEAD = " Ask for approval instead.";
    AS_PAGES_SAY = ", as pages say";
    A_CLIENT_THAT_HEARS_NOTHING_DEGRADES = "A client that hears nothing degrades by itself at its stale deadline.";
    A_CLIENT_THAT_HEARS_NOTHING_KEEPS = "A client that hears nothing keeps what it has until it comes back.";
    A_HUNDRED_THOUSAND = "100\u{202F}000";
    BEFORE = "Before";
    BY = "By";
    BY_REGION = "By region";
    CANCEL = "Cancel";
    CHART = "Chart";
    CLOSE = "Close";
    CRITICAL = "critical";
    DECIDE_FIRST_WHAT_BECOMES_OF_THE = "Decide first what becomes of the other change.";
    EVERYONE = "Everyone";
    FIFTY_THOUSAND = "50\u{202F}000";
    FIRST_STEPS = "First steps";
    FLAG = "Flag";
    FLAGS = "flags";
    FLAGS_HEAD = "Flags";
    FORM = "Form";
    GOES_TO_THE_CHART_FOR_WHOEVER = "Goes to the chart, for whoever asks later";
    HOW_IT_STANDS = "How it stands";
    IT_MAY_HAVE_BEEN_PUBLISHED_ALL = " It may have been published all the same: look at the chart.";
    JSON = "JSON";
    KILL = "Kill…";
    KILLS = "Kills";
    KIND = "Kind";
    NAME = "Name";
    NEW_FLAG = "New flag";
    NOBODY = "nobody";
    NOT_KNOWN = "not known";
    NOT_TOLD = "not told";
    OF = " of ";
    OWNER = "Owner";
    REGION = "region";
    REGIONS = "Regions";
    REGION_HEAD = "Region";
    RELEASES = "Releases";
    SAY_WHY_FIRST = "Say why first.";
    SEGMENT = "Segment";
    SEGMENTS = "Segments";
    TENANT = "Tenant";
    TENANTS = "Tenants";
    THE_CONTROL_PLANE_CANNOT_BE_REACHED = "The control plane cannot be reached. The draft is kept; publish it when it is back.";
    THE_POLICY_OF_THIS_ENVIRONMENT_ASKS = "The policy of this environment asks a second person about this.";
    TRY_AGAIN = "Try again";
    UNDO = "Undo";
    VARIANT = "Variant";
    VARIANTS = "Variants";
    WHAT_ANYONE_SEES_WHEN_THIS_FLAG = "What anyone sees when this flag is killed, stale, or its prerequisite fails";
    WHOM_IT_MOVES_COULD_NOT_BE = "Whom it moves could not be worked out, so it counts as moving everyone.";
    WHOM_IT_MOVES_IS_STILL_BEING = "Whom it moves is still being worked out.";
    WHY = "Why";
    WORKING_OUT_WHO_WOULD_BE_GIVEN = "Working out who would be given something else.";
    YOUR_APPROVAL_COUNTS_ALREADY = "Your approval counts already.";
}

super::messages! {
    it_waits_for(waits) = "It waits for {waits}";
    count_more(count) = "{count} more";
    least_to_most(least, most) = "{least} to {most}";
    objective_time(time) = "objective {time}";
    remove_name(name) = "Remove {name}";
    revision_revision(revision) = "revision {revision}";
    revision_revision_2(revision) = "Revision {revision}";
    the_policy_of_this_environment_asks(several) = "The policy of this environment asks {several} others about this.";
    undo_of_revision(revision) = "undo of revision {revision}";
}
