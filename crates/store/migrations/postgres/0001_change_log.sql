-- The log as a whole. One row.
CREATE TABLE log (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    epoch    BIGINT  NOT NULL
);

-- Every change: `record` are the bytes that were hashed. Rows are added, and never changed.
CREATE TABLE changes (
    environment TEXT   NOT NULL,
    revision    BIGINT NOT NULL CHECK (revision > 0),
    record      BYTEA  NOT NULL,
    hash        TEXT   NOT NULL,
    PRIMARY KEY (environment, revision)
);

-- Records are read whole, and hardly ever shrink: kept as they are.
ALTER TABLE changes ALTER COLUMN record SET STORAGE EXTERNAL;

CREATE FUNCTION changes_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'changes are never edited or removed';
END
$$;

CREATE TRIGGER changes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON changes
    FOR EACH STATEMENT EXECUTE FUNCTION changes_stay();

-- What follows from the changes, kept in the same transaction.
CREATE TABLE heads (
    environment     TEXT   PRIMARY KEY,
    revision        BIGINT NOT NULL,
    kill_revision   BIGINT NOT NULL,
    hash            TEXT   NOT NULL,
    document_digest TEXT   NOT NULL
);

CREATE TABLE changed_flags (
    environment TEXT   NOT NULL,
    flag        TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    PRIMARY KEY (environment, flag, revision)
);

-- Who the actors of the changes are. A row can be erased; the log stays as it is.
CREATE TABLE actors (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

-- Admin tokens: SHA-256 only.
CREATE TABLE admin_tokens (
    id    TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    role  TEXT NOT NULL,
    hash  TEXT NOT NULL
);

-- Such as the signing key.
CREATE TABLE settings (
    name  TEXT  PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Populations: who a change is tried on. They are no changes: the flag set does not follow from them.
CREATE TABLE populations (
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    content     BIGINT NOT NULL,
    about       TEXT   NOT NULL,
    PRIMARY KEY (environment, name)
);

CREATE SEQUENCE population_contents;

-- Content comes in pieces, each in a transaction of its own. Pieces that no population names are of an upload that is under
-- way at some replica, or did not come to its end, or of what was replaced.
CREATE TABLE population_pieces (
    content BIGINT      NOT NULL,
    number  BIGINT      NOT NULL,
    bytes   BYTEA       NOT NULL,
    put_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (content, number)
);

ALTER TABLE population_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Who put and removed what.
CREATE TABLE population_journal (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment TEXT NOT NULL,
    event       TEXT NOT NULL
);

-- The replicas that serve, and how far each has followed each environment. A row whose time is long past is of one that
-- ended without a word.
CREATE TABLE replicas (
    replica     TEXT        NOT NULL,
    environment TEXT        NOT NULL,
    revision    BIGINT      NOT NULL,
    seen_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (replica, environment)
);

-- Who is signed in to the console, and who is on the way: they may come back to any replica.
CREATE TABLE sessions (
    hash  TEXT        PRIMARY KEY,
    what  TEXT        NOT NULL,
    began TIMESTAMPTZ NOT NULL DEFAULT now(),
    used  TIMESTAMPTZ NOT NULL DEFAULT now()
);
