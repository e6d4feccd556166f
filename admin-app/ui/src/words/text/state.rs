//! What reducers say of an edit.

super::texts! {
    ALL_OF_THESE = "all of these";
    ANYONE_ELSE = "Anyone else";
    AN_EDGE_WORKER = "An edge worker";
    A_CONTEXT_IS_AN_OBJECT = "A context is an object: { \"targetingKey\": \"user-1\" }";
    A_PLAIN_PAGE = "A plain page";
    CARGO_ADD_DOWNHAUL_SDK_CARGO_ADD = "cargo add downhaul-sdk && cargo add tokio --features full";
    CHOOSE_A_REGION_FIRST = "Choose a region first.";
    CHOOSE_A_SEGMENT_FIRST = "Choose a segment first.";
    CHOOSE_A_VARIANT_FIRST = "Choose a variant first.";
    ENDS_WITH = "ends with";
    GIVE_A_REASON_FIRST = "Give a reason first.";
    IS_ABOVE = "is above";
    IS_AFTER = "is after";
    IS_AN_ADDRESS_IN = "is an address in";
    IS_AT_LEAST = "is at least";
    IS_AT_MOST = "is at most";
    IS_A_VERSION_IN = "is a version in";
    IS_BEFORE = "is before";
    IS_BELOW = "is below";
    IS_GIVEN = "is given";
    IS_GIVEN_AND_IS_NOT = "is given and is not";
    IS_IN_SEGMENT = "is in segment";
    MATCHES_THE_PATTERN = "matches the pattern";
    NAME_A_TENANT_FIRST = "Name a tenant first.";
    NODE = "Node";
    NOT_THIS = "not this";
    NPM_INSTALL_DOWNHAUL = "npm install downhaul";
    NPM_INSTALL_DOWNHAUL_CP_R_NODE = "npm install downhaul && cp -r node_modules/downhaul/dist downhaul";
    NPM_INSTALL_DOWNHAUL_OPENFEATURE_REACT_SDK = "npm install downhaul @openfeature/react-sdk @openfeature/web-sdk @openfeature/core";
    ONE_OF_THESE = "one of these";
    ONLY_AN_EDITOR_OR_ADMIN_MAY_DO_THIS = "Only an editor or admin may do this.";
    ONLY_AN_OPERATOR_OR_ADMIN_MAY_DO_THIS = "Only an operator or admin may do this.";
    REACT = "React";
    RUST = "Rust";
    SO_ALREADY = "so already";
    STARTS_WITH = "starts with";
    TAKEN_BACK = "taken back";
    THE_FIRST_FLAG = "The first flag";
    THE_POLICY = "the policy";
    THE_REGION_TREE = "the region tree";
    TO_COME = "to come";
    WITHOUT_TARGETINGKEY = "Without targetingKey";
}

super::messages! {
    incident_quoted(quoted) = " --incident {quoted}";
    reason_quoted(quoted) = " --reason {quoted}";
    rule_at(at) = "Rule {at}";
    the_segment_key(key) = "the segment {key}";
    the_tenant_tenant(tenant) = "the tenant {tenant}";
    this_is_no_json(error) = "this is no JSON: {error}";
    this_is_not_json_yet(error) = "This is not JSON yet: {error}";
}
