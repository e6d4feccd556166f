-- Populations: who a change is tried on. They are no changes: the flag set does not follow from them.
CREATE TABLE populations (
    environment TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    content     INTEGER NOT NULL,
    about       TEXT    NOT NULL,
    PRIMARY KEY (environment, name)
) STRICT, WITHOUT ROWID;

-- Content comes in pieces, each in a transaction of its own, so that a kill never waits for a large one. Pieces that no
-- population names are of an upload that did not come to its end, or of what was replaced.
CREATE TABLE population_pieces (
    content INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    PRIMARY KEY (content, number)
) STRICT;

-- Who put and removed what.
CREATE TABLE population_journal (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    environment TEXT NOT NULL,
    event       TEXT NOT NULL
) STRICT;
