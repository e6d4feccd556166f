//! Proposals and approvals.

super::texts! {
    AMID_PROPOSALS = "proposals";
    APPROVALS = "Approvals";
    APPROVE = "Approve…";
    AS_A_CHANGE_WOULD_RECORD_IT = "As a change would record it";
    AS_THINGS_ARE_IT_COULD_NOT = "As things are it could not be carried out at all, so there is no difference to show.";
    AS_THINGS_ARE_NOBODY_IS_GIVEN = "As things are, nobody is given another variant by it.";
    AS_THINGS_ARE_NOW_IT_IS = "As things are now; it is worked out again with every change";
    BUDGET = "Budget: ";
    DOES_NOT_COUNT = "Does not count: ";
    DOWNHAUL_APPLY_FLAGS_JSON_REASON_TEXT = "downhaul apply flags.json --reason TEXT --propose";
    FLAGS_ARE_REACHED = "flags are reached: ";
    FLAG_IS_REACHED = "flag is reached: ";
    IT_BECOMES_A_CHANGE_AT_ONCE = "It becomes a change, at once, for everyone whom it reaches.";
    IT_COULD_NOT_BE_CARRIED_OUT = "It could not be carried out as things are.";
    IT_IS_CLOSED_AND_IS_NOT = "It is closed, and is not carried out. Its author can propose anew.";
    IT_IS_CLOSED_AND_IS_NOT_CARRIED_OUT = "It is closed, and is not carried out.";
    LAND = "Land…";
    NOBODY_HAS_APPROVED_IT = "Nobody has approved it.";
    NONE_WAITING_FOR_YOU = "none waiting for you";
    NOTHING_IS_IN_ITS_WAY_IT = "Nothing is in its way: it can be landed.";
    NOTHING_IS_PROPOSED = "Nothing is proposed";
    NOT_YET = "Not yet. ";
    NO_PROPOSAL_IS_OPEN = "No proposal is open. A kill is never among them.";
    PROPOSAL = "proposal";
    PROPOSALS = "Proposals";
    PROPOSED = "Proposed";
    REJECT = "Reject…";
    STATUS = "Status";
    THE_COMMAND_AS_JSON = "The command as JSON";
    THE_POLICY_ASKS_NOBODY_ELSE_ABOUT = "The policy asks nobody else about it.";
    THE_PROPOSALS = "The proposals";
    TOO_MUCH_TO_WORK_OUT_EXACTLY = ": too much to work out exactly; anyone may be given another variant";
    WHAT = "What";
    WHAT_CHANGES = "What changes";
    WHAT_IT_WOULD_DO = "What it would do";
    WHERE_THE_POLICY_ASKS_A_SECOND = "Where the policy asks a second person, a change waits here until enough have approved it. Kills never wait.";
    WHO_IS_GIVEN_SOMETHING_ELSE = "Who is given something else";
    WITHDRAW = "Withdraw…";
    YOUR_APPROVAL_IS_OF_EXACTLY_WHAT = "Your approval is of exactly what stands here. It is void once anything that it reaches is other.";
    YOU_WROTE_IT_SOMEBODY_ELSE_HAS = "You wrote it; somebody else has to approve it.";
}

super::messages! {
    amended_by_by_ago_reason(by, ago, reason) = "amended by {by} {ago}: “{reason}”";
    and_more_edits_more(more_edits) = "and {more_edits} more";
    and_more_moves_more(more_moves) = "and {more_moves} more";
    approve_id(id) = "Approve {id}";
    asks_for_ground(ground) = "Asks for {ground}";
    by_at_revision(author, ago, base) = "by {author} {ago}, at revision {base}";
    from_of_from_2(from, from_2) = "{from} of {from_2}";
    gives_back_what_revision_had(reverts) = " Gives back what revision {reverts} had";
    land_id(id) = "Land {id}";
    names_no_proposal_of_that_is(id, environment) = "No proposal {id} is known in {environment}. The chart keeps all that were made.";
    only_or_an_admin_may_do(author) = "Only {author}, who wrote it, or an admin may do this.";
    open_a_kill_is_never_among(proposals, count) = "{proposals} open, {count}. A kill is never among them.";
    proposal_id(id) = "Proposal {id}";
    proposal_is_landed(proposal) = "{proposal} is landed";
    proposals_in_environment(environment) = "Proposals in {environment}";
    reject_id(id) = "Reject {id}";
    see_other(other) = "See {other}";
    status_by_by_ago_at(status, by, ago) = "{status} by {by} {ago}, at ";
    waiting_for_you(waiting) = "{waiting} waiting for you";
    withdraw_id(id) = "Withdraw {id}";
}
