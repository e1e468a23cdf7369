-- What the Portal knows of our dossiers, step by step, and what it sent us that waits for somebody.
CREATE SCHEMA portal;

-- One row for each dossier that was ever tried: how far its events are on the other side, and when to try again.
CREATE TABLE portal.dossier (
    code text PRIMARY KEY REFERENCES dossiers.dossier (code),
    created boolean NOT NULL DEFAULT false,
    sent_event bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    blocked text,
    last_answer text,
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN portal.dossier.blocked IS 'What is missing, so that nothing could be sent without inventing it; a person must act.';

-- The ledger of steps. A step has no number on the wire and is doubled when it is repeated, so each is written down before it goes out.
CREATE TABLE portal.step (
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    number integer NOT NULL,
    print text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sending', 'accepted')),
    tried_at timestamptz,
    accepted_at timestamptz,
    PRIMARY KEY (dossier, number)
);
CREATE INDEX step_open ON portal.step (dossier) WHERE state <> 'accepted';

-- Messages of the Portal: kept as they came before anything else; resolved later, never dropped.
CREATE TABLE portal.inbound (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('dossier', 'supplement')),
    code text NOT NULL,
    sha256 text NOT NULL,
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'resolved', 'rejected')),
    reason text,
    tried_at timestamptz,
    resolved_at timestamptz,
    dossier text,
    UNIQUE (kind, code, sha256)
);
COMMENT ON COLUMN portal.inbound.body IS 'Personal: read through the gate only.';
CREATE INDEX inbound_waiting ON portal.inbound (received_at) WHERE state = 'waiting';

-- The link as a whole: when it failed how often, and until when nothing is tried.
CREATE TABLE portal.link (
    name text PRIMARY KEY,
    failures integer NOT NULL DEFAULT 0,
    open_until timestamptz NOT NULL DEFAULT '-infinity',
    last_failure text,
    last_success timestamptz
);

-- Differences between both sides, each with its cause, its age and the act that mends it.
CREATE TABLE portal.difference (
    dossier text NOT NULL,
    kind text NOT NULL,
    ours text,
    theirs text,
    cause text NOT NULL,
    found_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX difference_open ON portal.difference (dossier, kind) WHERE closed_at IS NULL;
