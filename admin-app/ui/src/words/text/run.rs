//! Runs of runbooks.

super::texts! {
    ABORT = "Abort…";
    AT_ITS_END_HOWEVER_IT_ENDS = "At its end, however it ends, what it took away is put back: artifacts, then flags.";
    CALLS_FOR_HELP = "Calls for help";
    COULD_NOT_BE_DONE = "Could not be done…";
    DID_NOT_GET_THROUGH_REACH_THEM = "did not get through: reach them another way";
    DONE = "Done";
    FROM_HERE_FLAGS_ARE_KILLED_FOR = "From here flags are killed for everyone, for real, until the drill puts them back at its end.";
    GO = "Go";
    GOT_THROUGH = "got through";
    HELD = "Held. ";
    IT_HAS_KILLED_NOTHING_YET = "It has killed nothing yet.";
    IT_IS_PASSED_OVER_AND_THE = "It is passed over, and the run ends as incomplete.";
    KILLED_BY_THIS_RUN = "killed by this run";
    LET_IT_BEGIN = "Let it begin…";
    NOBODY_HAS_GONE_THIS_WAY_BACK = "Nobody has gone this way back, nor rehearsed it.";
    RESTORED_BY_THIS_RUN = "restored by this run";
    RESTORED_SINCE = ", restored since";
    ROLLBACKS_AND_DRILLS_THE_NEWEST_FIRST = "Rollbacks and drills, the newest first";
    RUN = "Run";
    RUNBOOK = "Runbook";
    RUNS = "Runs";
    SKIP = "Skip…";
    STEP = "step";
    STEPS = "steps";
    THE_DRILL_ENDS_HERE_AND_HAS = "The drill ends here and has failed. What it took away is put back.";
    THE_NEXT_STEP_BEGINS = "The next step begins.";
    THE_RUNS = "The runs";
    THE_RUN_ENDS_HERE_WHAT_WAS = "The run ends here. What was killed stays killed; what was deployed stays so.";
    THE_STEP_BEGINS = "The step begins.";
    THE_STEP_BEGINS_ANEW = "The step begins anew.";
    THE_STEP_HAS_FAILED_WHOEVER_IS = "The step has failed: whoever is named for it is called for help.";
    TIME_OBJECTIVE = "Time objective";
    TOOK = "Took";
    TRY_THE_STEP_AGAIN_SKIP_IT = ". Try the step again, skip it, or abort.";
    UNDER_WAY = "under way";
    WAS_IN_FORCE_ALREADY = "was in force already";
    WHAT_IT_KILLED_STAYS_KILLED_HOWEVER = "What it killed stays killed, however it ends.";
    WHAT_IT_KILLED_STAYS_KILLED_UNTIL = "What it killed stays killed until somebody restores it.";
    WHERE_THE_TIME_WENT = "Where the time went";
}

super::messages! {
    abort_id(id) = "Abort {id}";
    attempt_attempt(attempt) = "attempt {attempt}";
    begin_id(id) = "Begin {id}";
    by_by_ago(by, ago) = "by {by} {ago}";
    each_was_charted(steps) = "{steps}; each was charted";
    expect_expect(expect) = "Expect: {expect}";
    from_its_beginning_to_its_end(stopwatch) = "from its beginning to its end; the objective is {stopwatch}";
    let_step_begin(step) = "Let step {step} begin";
    limit_from(from) = "limit {from}";
    names_no_run_of(id, environment) = "{id} names no run of {environment}.";
    run_id(id) = "Run {id}";
    skip_step_step(step) = "Skip step {step}";
    step_could_not_be_done(step) = "Step {step} could not be done";
    step_is_done(step) = "Step {step} is done";
    step_of_each_is_charted(step, steps) = "step {step} of {steps}; each is charted";
    sw_p_part(part) = "sw p-{part}";
    try_step_again(step) = "Try step {step} again";
    words_duration_of_stopwatch(words, duration, stopwatch) = "{words}; {duration} of {stopwatch}";
}
