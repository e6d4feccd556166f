-- What clients told of flags, by the minute: what guards judge by. It is no change, and is removed when it is old.
-- Each replica that was told something writes a row of its own, once the minute is closed.
CREATE TABLE telemetry_minutes (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment TEXT   NOT NULL,
    flag        TEXT   NOT NULL,
    began       BIGINT NOT NULL,
    cells       TEXT   NOT NULL
);

CREATE INDEX telemetry_minutes_by_flag ON telemetry_minutes (environment, flag, began);
CREATE INDEX telemetry_minutes_by_age ON telemetry_minutes (began);
