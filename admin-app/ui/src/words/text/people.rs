//! People, roles and tokens.

super::texts! {
    ADD = "Add";
    ADMIN_NO_MORE = "Admin no more…";
    APPROVER_NO_MORE = "Approver no more…";
    APPROVES_AND_REJECTS_WHAT_OTHERS_PROPOSE = "Approves and rejects what others propose.";
    A_MACHINE = "a machine";
    CHANGE = "Change…";
    COPY_IT_NOW_IT_IS_SHOWN = "Copy it now: it is shown this once. ";
    DOWNHAUL_TOKENS_CREATE_NAME_ROLE_ROLE = "downhaul tokens create NAME --role ROLE";
    EDITOR_NO_MORE = "Editor no more…";
    EDITS_FLAGS_SEGMENTS_AND_TENANTS_AND = "Edits flags, segments and tenants, and starts rollouts, as far as the policy lets one person.";
    FOR_A_MACHINE = "For a machine: ";
    GIVE_A_NAME_FIRST = "Give a name first.";
    IT_GOES_AT_ONCE_ALSO_FROM = "It goes at once, also from tokens and sessions; approvals that rest on it count no more.";
    IT_OPENS_NOTHING_ANY_MORE_AT = "It opens nothing any more, at once, also where somebody is signed in with it. That can’t be undone.";
    KILLS_RESTORES_ROLLS_BACK_DRILLS_AND = "Kills, restores, rolls back, drills, and steers runs and rollouts.";
    MADE = "Made";
    MAKE_ADMIN = "Make admin…";
    MAKE_APPROVER = "Make approver…";
    MAKE_A_TOKEN = "Make a token…";
    MAKE_EDITOR = "Make editor…";
    MAKE_OPERATOR = "Make operator…";
    MAKE_VIEWER = "Make viewer…";
    MAY_DO_EVERYTHING_ALSO_DECIDE_WHO = "May do everything, also decide who may do what.";
    NAME_ERASED = "name erased";
    NOBODY_HAS_A_ROLE_HERE_YET = "Nobody has a role here yet";
    NONE = "none";
    NO_END = "no end";
    OPERATOR_NO_MORE = "Operator no more…";
    PEOPLE_AND_TOKENS = "People and tokens";
    PERSON = "Person";
    REVOKE = "Revoke…";
    ROLE = "Role";
    ROLES = "Roles";
    SEES_EVERYTHING_IN_THIS_ENVIRONMENT = "Sees everything in this environment.";
    SOMEONE_NEW = "Someone new";
    THERE_IS_NONE_BUT_THE_ADMIN = "There is none but the admin token of the data folder.";
    THE_PEOPLE = "The people";
    THE_TOKENS = "The tokens";
    THE_TOKEN_IS_SHOWN_ONCE_WHOEVER = "The token is shown once. Whoever has it may what this person may, for 90 days, or until it is revoked.";
    TOKEN = "Token";
    TOKENS = "Tokens";
    TOKENS_IN_FORCE = "Tokens in force";
    UNTIL = "Until";
    VIEWER_NO_MORE = "Viewer no more…";
    WHOEVER_HOLDS_THE_ADMIN_TOKEN_MAY = "Whoever holds the admin token may everything. Name the people, so that the chart can tell them apart.";
    WHOSE = "Whose";
    WHO_MAY_DO_WHAT_IN_THIS = "Who may do what in this environment. Names stand beside the chart, where they can be erased.";
}

super::messages! {
    in_force_in_force(in_force) = "{in_force} in force";
    make_a_token_for(name) = "Make a token for {name}";
    make_name_role(name, role) = "Make {name} {role}";
    name_is_role_no_more(name, role) = "{name} is {role} no more";
    people_of_environment(environment) = "People of {environment}";
    revoke_name(name) = "Revoke {name}";
    revoked_date(date) = "revoked {date}";
}
