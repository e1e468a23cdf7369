CREATE TABLE procedures.import (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    body bytea NOT NULL,
    brought_by text NOT NULL,
    brought_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'given_up')),
    settled_by text,
    settled_at timestamptz,
    outcome jsonb NOT NULL DEFAULT '{}',
    CHECK ((state = 'waiting') = (settled_at IS NULL))
);
COMMENT ON TABLE procedures.import IS 'One row for each file of procedures; outcome says what became of each of its lines.';
-- The same bytes wait once.
CREATE UNIQUE INDEX import_waiting ON procedures.import (sha256) WHERE state = 'waiting';
