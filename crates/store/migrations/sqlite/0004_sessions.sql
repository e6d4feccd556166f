-- Who is signed in to the console: a restart signs nobody out. Times are milliseconds since 1970. Never in a backup.
CREATE TABLE sessions (
    hash  TEXT    PRIMARY KEY,
    what  TEXT    NOT NULL,
    began INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    used  INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER))
) STRICT;
