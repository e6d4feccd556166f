//! Guards and their evidence.

super::texts! {
    ALL_GUARDS = "All guards";
    A_GUARD_SEES_HARM_WHILE_FEW = "A guard sees harm while few have the variant, and takes it back by itself. Write one into a flag, on a dry run at first:";
    A_SIGNAL_IT_ONLY_EVER_PAUSES = "a signal: it only ever pauses";
    DOES = "Does";
    DRY_RUN = "dry run";
    EACH_HOLDS_A_VARIANT_AGAINST_ANOTHER = "Each holds a variant against another one, minute by minute, and acts where it does harm.";
    EVIDENCE_OF_HARM = "Evidence of harm";
    FAILED = "Failed";
    GUARD = "Guard";
    GUARDS = "\"guards\": [{ \"name\": \"errors\", \"variant\": \"on\", \"dry_run\": true }]";
    GUARDS_HEAD = "Guards";
    NO_FLAG_HAS_A_GUARD = "No flag has a guard";
    THE_GUARDS = "The guards";
    WHAT_THE_GUARDS_SAY = "What the guards say";
    WHAT_WATCHES_ITS_VARIANTS_MINUTE_BY = "What watches its variants, minute by minute";
}

super::messages! {
    evidence_of_harm_over_it_acts(length, evidence, level) = "Evidence of harm over {length}: {evidence}. It acts from {level} on.";
    guards_in_environment(environment) = "Guards in {environment}";
    it_acted_at(moment) = "It acted at {moment}: ";
    length_since_moment(length, moment) = "{length} since {moment}";
}
