//! Segments, tenants and regions.

super::texts! {
    ACME = "acme";
    ADD = "Add";
    ALWAYS_IN_IT = "Always in it";
    AND = "and";
    ANOTHER_ATTRIBUTE = "Another attribute";
    ATTRIBUTES = "Attributes";
    A_NUMBER_OR_TRUE_STANDS_WITHOUT = "A number or true stands without quotes; quotes make text of it.";
    A_REGION_AT_THE_TOP = "A region at the top";
    A_RULE_FOR_A_REGION_HOLDS = "A rule for a region holds for all that lie within it";
    A_SEGMENT_GIVES_A_GROUP_A = "A segment gives a group a name, so that every rule means the same people by it. Begin with a name below.";
    BEGIN = "Begin";
    BETA_TESTERS = "beta-testers";
    DECLARED_TENANTS_WITH_THEIR_ATTRIBUTES_WHICH = "Declared tenants with their attributes, which rules read as tenant.plan and the like. Others may be named all the same.";
    DECLARE_A_TENANT = "Declare a tenant";
    EU_WEST = "eu-west";
    FLAGS_THAT_USE_IT = "Flags that use it";
    IT_IS_THERE_ALREADY = "It is there already";
    NAMED_GROUPS_OF_PEOPLE_THAT_RULES = "Named groups of people that rules, kills and other segments speak of.";
    NAME_AS_CONTEXTS_HAVE_IT = "Name, as contexts have it";
    NAME_ATTRIBUTE_OR_VALUE = "Name, attribute or value";
    NEVER_IN_IT = "Never in it";
    NEW_SEGMENT = "New segment";
    NONE_YET = "None yet.";
    NO_REGION_YET_BEGIN_WITH_THE = "No region yet. Begin with the largest, such as a continent.";
    NO_SEGMENT_YET = "No segment yet";
    NO_TENANT_IS_DECLARED = "No tenant is declared";
    NO_TENANT_MATCHES = "No tenant matches.";
    ONE_TARGETINGKEY_A_LINE = "One targetingKey a line";
    ONE_TARGETINGKEY_A_LINE_GOES_BEFORE = "One targetingKey a line; goes before everything else";
    OPEN_IT = "Open it";
    PEOPLE = "people";
    PERSON = "person";
    PLAN = "plan";
    REGIONS_WITHIN = "regions within";
    REGIONS_WITHIN_REGIONS_A_RULE_FOR = "Regions within regions: a rule for one holds for all that lie within it.";
    REGION_WITHIN = "region within";
    RULES_MAY_NAME_ANY_TENANT_A = "Rules may name any tenant. A declared one has attributes, such as its plan, that rules read.";
    RULES_READ_THEM_BY_THESE_NAMES = "Rules read them by these names, for every context of this tenant";
    SEARCH_TENANTS = "Search tenants";
    SEGMENTS_TENANTS_AND_REGIONS = "Segments, tenants and regions";
    THE_REGIONS = "The regions";
    THE_SEGMENT = "The segment";
    THE_SEGMENTS = "The segments";
    THE_TENANT = "The tenant";
    THE_TENANTS = "The tenants";
    THE_TREE = "The tree";
    USE = "use";
    USES = "uses";
    WHAT_IT_IS_FOR = "What it is for";
    WHOEVER_ALL_OF_THESE_HOLD_FOR = "Whoever all of these hold for, and whoever is listed; but nobody who is left out";
    WHO_IS_IN_IT = "Who is in it";
    WITHIN = "Within";
}

super::messages! {
    a_region_within(parent) = "A region within {parent}";
    add_a_region_within(name) = "Add a region within {name}";
    more_search_to_find_them(found) = "{found} more; search to find them";
    regions_of_environment(environment) = "Regions of {environment}";
    remove_and_within_it(name, regions) = "Remove {name} and {regions} within it";
    segment_segment(segment) = "Segment {segment}";
    segments_of_environment(environment) = "Segments of {environment}";
    tenant_tenant(tenant) = "Tenant {tenant}";
    tenants_of_environment(environment) = "Tenants of {environment}";
    value_of_name(name) = "Value of {name}";
}
