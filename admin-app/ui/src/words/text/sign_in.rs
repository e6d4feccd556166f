//! Signing in.

super::texts! {
    ADMIN_TOKEN = "admin-token";
    CARGO_XTASK_RUN = "cargo xtask run";
    DOWNHAUL_TOKENS_CREATE = "downhaul tokens create";
    IN_THE_DATA_FOLDER = " in the data folder. ";
    OR_THE_ADMIN_TOKEN_WHICH_STANDS = "; or the admin token, which stands in ";
    PRINTS_A_LINK_THAT_SIGNS_IN = " prints a link that signs in by itself.";
    SIGNING_IN = "Signing in";
    SIGN_IN = "Sign in";
    SIGN_IN_TO_DOWNHAUL = "Sign in to Downhaul";
    TOKEN = "Token";
    TYPE_OR_PASTE_A_TOKEN = "Type or paste a token";
    WITH_A_TOKEN_OF_THIS_CONTROL = "With a token of this control plane.";
    YOURS_FROM = "Yours, from ";
}

super::messages! {
    sign_in_with(name) = "Sign in with {name}";
    with_a_token_or_your_account(name) = "With a token, or your account at {name}.";
}
