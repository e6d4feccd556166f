-- The log as a whole. One row.
CREATE TABLE log (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    epoch   INTEGER NOT NULL
) STRICT;

-- Every change: `record` are the bytes that were hashed. Rows are added, and never changed.
CREATE TABLE changes (
    environment TEXT    NOT NULL,
    revision    INTEGER NOT NULL CHECK (revision > 0),
    record      BLOB    NOT NULL,
    hash        TEXT    NOT NULL,
    PRIMARY KEY (environment, revision)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER changes_stay BEFORE UPDATE ON changes BEGIN
    SELECT RAISE(ABORT, 'changes are never edited');
END;

CREATE TRIGGER changes_remain BEFORE DELETE ON changes BEGIN
    SELECT RAISE(ABORT, 'changes are never removed');
END;

-- What follows from the changes, kept in the same transaction.
CREATE TABLE heads (
    environment     TEXT    PRIMARY KEY,
    revision        INTEGER NOT NULL,
    kill_revision   INTEGER NOT NULL,
    hash            TEXT    NOT NULL,
    document_digest TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE changed_flags (
    environment TEXT    NOT NULL,
    flag        TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    PRIMARY KEY (environment, flag, revision)
) STRICT, WITHOUT ROWID;

-- Who the actors of the changes are. A row can be erased; the log stays as it is.
CREATE TABLE actors (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Admin tokens: SHA-256 only.
CREATE TABLE admin_tokens (
    id    TEXT PRIMARY KEY,
    actor TEXT NOT NULL,
    role  TEXT NOT NULL,
    hash  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Such as the signing key.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
