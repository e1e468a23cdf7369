-- Numbers for those who govern. Everything here is made from events and can be made again; nothing here is a source.
CREATE SCHEMA reports;

-- The base under every number: where a dossier stood from one moment to the next, as its events say. Rows in which nothing that
-- is counted changed are one row. A dossier that ended stays ended: a correction reopens the work, not the account of it.
CREATE TABLE reports.standing (
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    number integer NOT NULL,
    position bigint NOT NULL,
    next_position bigint,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL DEFAULT 'infinity',
    unit text NOT NULL,
    province text NOT NULL,
    procedure text NOT NULL,
    field text NOT NULL,
    level text NOT NULL,
    channel text NOT NULL,
    received_at timestamptz NOT NULL,
    due_at timestamptz,
    longest_due timestamptz,
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    outcome text NOT NULL DEFAULT 'open',
    waiting_since timestamptz,
    supplements integer NOT NULL DEFAULT 0,
    e_result boolean NOT NULL DEFAULT false,
    asked_fee boolean NOT NULL DEFAULT false,
    paid_online boolean,
    digitised boolean,
    vneid boolean,
    from_store boolean,
    population boolean,
    PRIMARY KEY (dossier, number)
);
COMMENT ON COLUMN reports.standing.number IS 'The event from which the row holds; position is its place among all events, next_position that of the event which ended it.';
COMMENT ON COLUMN reports.standing.due_at IS 'With the waits that are over; while one is open, as it was when the wait began.';
COMMENT ON COLUMN reports.standing.longest_due IS 'The end of the longest limit of the procedure, for a dossier without a deadline of its own.';
COMMENT ON COLUMN reports.standing.ended_at IS 'The first end: settled, refused, stopped or withdrawn; infinity while open.';
COMMENT ON COLUMN reports.standing.paid_online IS 'This and the columns after it: NULL when nobody said.';
CREATE INDEX standing_ended ON reports.standing (ended_at);
CREATE INDEX standing_unit ON reports.standing (unit, ended_at);
CREATE INDEX standing_province ON reports.standing (province, ended_at);

-- Up to which event the rows above were made.
CREATE TABLE reports.known (
    dossier text PRIMARY KEY REFERENCES dossiers.dossier (code),
    last_event bigint NOT NULL
);
CREATE INDEX known_last ON reports.known (last_event);

-- Figures that were computed and kept: the same again when they are computed again over the same events.
CREATE TABLE reports.figure (
    what text NOT NULL,
    scope text NOT NULL,
    detail text NOT NULL DEFAULT '',
    first date NOT NULL,
    last date NOT NULL,
    definition text NOT NULL,
    value numeric(30, 12),
    numerator bigint,
    denominator bigint,
    position bigint NOT NULL,
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (what, scope, detail, first, last),
    CHECK (last >= first)
);
COMMENT ON COLUMN reports.figure.what IS 'Form and column, or index and indicator.';
COMMENT ON COLUMN reports.figure.value IS 'NULL: nobody could measure it. Rounded to twelve places; numerator, denominator and definition are exact.';

-- Reports that were sent, as they were sent: never changed, whatever is computed later.
CREATE TABLE reports.sent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what text NOT NULL,
    scope text NOT NULL,
    first date NOT NULL,
    last date NOT NULL,
    position bigint NOT NULL,
    definition text NOT NULL,
    content jsonb NOT NULL,
    sha256 text NOT NULL,
    sent_by text NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE INDEX sent_what ON reports.sent (what, scope, last DESC, id DESC);
REVOKE UPDATE, DELETE ON reports.sent FROM lienthong_app;
