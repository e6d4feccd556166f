//! The first steps.

super::texts! {
    AMID_THE_FIRST_STEPS = "the first steps";
    AND_COME_BACK_BY_CTRL_K = " and come back by Ctrl K, “First steps”";
    ASK_FOR_IT_IN_YOUR_OWN = "Ask for it in your own page";
    A_CLIENT_KEY = "A client key";
    A_COMPONENT_OF_YOUR_APP = "A component of your app";
    A_FLAG_HAS_A_NAME_SOMEONE = "A flag has a name, someone who looks after it, and its way down: what people see when it is killed. This one is on for everyone, so that a kill shows.";
    A_TAB_THAT_NOBODY_LOOKS_AT = "A tab that nobody looks at tells late.";
    A_WAY_DOWN_THAT_WAS_NEVER = "A way down that was never gone is only a hope. Keep your page open beside this one, and watch it change.";
    BRING_THE_PACKAGE_THERE = "Bring the package there";
    CHOOSE = "Choose";
    CLIENTS_ARE = "clients are";
    CLIENTS_ARE_LIVE = "clients are live";
    CLIENT_IS = "client is";
    CLIENT_IS_LIVE = "client is live";
    CONNECT_SRC = "connect-src";
    COPIED = "Copied";
    COPY = "Copy";
    EDGE_WORKER = "edge worker";
    FIRST_DECISION_SEEN = "First decision seen";
    FIRST_MJS_RUN_BY_NODE = "first.mjs, run by node";
    FOR_THIS_SERVER = " for this server.";
    FROM_A_FLAG_TO_ITS_WAY = "From a flag to its way down: about five minutes. You can leave at any time";
    GO_BY_THE_FLAG = "Go by the flag";
    HTTP_LOCALHOST_5173 = "http://localhost:5173";
    INDEX_HTML_SERVED_BY_ANY_WEB = "index.html, served by any web server";
    IT_DOES_NOT_TURN = "It does not turn";
    KEY = "Key";
    LEFT_EMPTY_ANY_PAGE_MAY_USE = "Left empty, any page may use the key: fine for trying out. Keys are bound, made and revoked under Settings.";
    LET_OTHERS_IN = "let others in";
    MAKE_A_KEY_FOR_IT = "Make a key for it";
    MAKE_IT = "Make it";
    MAKE_ONE_IN_THE_EDITOR_INSTEAD = "Make one in the editor instead";
    MAKE_THE_FIRST_FLAG = "Make the first flag";
    NEXT = " Next: ";
    NO_CLIENT_IS_CONNECTED_YET_OPEN = "No client is connected yet. Open your page, or start your program; this turns by itself.";
    PUT_A_POPULATION = "put a population";
    PUT_IT_AWAY = "Put it away";
    REHEARSED = "Rehearsed";
    REHEARSE_ITS_KILL = "Rehearse its kill";
    REHEARSE_THE_KILL = "Rehearse the kill…";
    SAY_WHAT_NEEDS_A_SECOND_PERSON = "say what needs a second person";
    SEE_THE_FIRST_DECISION = "See the first decision";
    SOMEBODY_ELSES_KEY_DOES_AS_WELL = " Somebody else’s key does as well: put it in the code below.";
    SOME_CLIENTS_ARE_NOT_COUNTED_BECAUSE = "Some clients are not counted, because a limit per key or address was reached.";
    SRC_MAIN_RS_RUN_BY_CARGO = "src/main.rs, run by cargo";
    THAT_IS_ALL_THERE_IS_TO = "That is all there is to it. In earnest it is one control, from wherever you are: ";
    THE_CODE_HAS_TO_ASK_FOR = "The code has to ask for this very key; asking for another flag is told as that.";
    THE_FIRST_FLAG = "the first flag";
    THE_FIRST_FLAG_HEAD = "The first flag";
    THE_FIRST_STEPS = "The first steps";
    THE_FLAG_IS = "The flag is ";
    THE_KEY_GETS_EVERY_FLAG_WHOLE = "The key gets every flag, whole: keep it as you keep passwords. It is shown until this page is left, and kept nowhere.";
    THE_KEY_STANDS_IN_THE_CODE = "The key stands in the code below.";
    THE_PAGES_CONSOLE_NAMES_WHAT_IS = "The page’s console names what is refused: an origin that the key does not allow, a key that was mistyped, a content security policy without ";
    THE_PAGE_AS_IT_WAS_BEFORE = "The page as it was before";
    THE_WORKER = "The worker";
    WAITING_FOR_THE_FIRST_DECISION = "Waiting for the first decision…";
    WHAT_PEOPLE_SEE_WHEN_IT_IS = "What people see when it is killed";
    WHERE_IT_IS_ASKED_FOR = "Where it is asked for";
    YOUR_PAGES_ORIGIN = "Your page’s origin";
}

super::messages! {
    a_told_that_it_asked_for(who, when, flag) = "A {who} told {when} that it asked for {flag}.";
    call_a_drill_of(flag) = "Call a drill of {flag}";
    connected_and_none_has_told_yet(clients_are, flag) = "{clients_are} connected, and none has told yet that it asked for {flag}. Clients tell within 15 seconds.";
    first_steps_name(name) = "first steps, {name}";
    it_opens_the_run_once_you(flag) = "It opens the run. Once you let it begin there, {flag} is killed for everyone, for real, until every client is dark, and then given back. Your page shows it.";
    kill_flag(flag) = "Kill {flag}…";
    rehearsed_every_client_was_dark_after(duration) = "Rehearsed: every client was dark {duration} after the kill";
}
