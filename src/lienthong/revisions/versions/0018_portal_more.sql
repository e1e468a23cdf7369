-- What the exchange with the Portal needs beyond dossiers and steps: payments, questions, ratings, files, catalogues, mappings, jobs.

-- A dossier that cannot be sent without inventing waits for a person; blocked_event is the event it stopped at.
ALTER TABLE portal.dossier ADD COLUMN blocked_event bigint NOT NULL DEFAULT 0;
ALTER TABLE portal.dossier ADD COLUMN blocked_at timestamptz;
ALTER TABLE portal.dossier ADD COLUMN failing_since timestamptz;
ALTER TABLE portal.dossier ADD COLUMN sent_at timestamptz;
ALTER TABLE portal.dossier ADD COLUMN technical_id text;
ALTER TABLE portal.dossier ADD COLUMN again boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN portal.dossier.technical_id IS 'The Portal''s own id of the applicant, as it told us; personal.';
COMMENT ON COLUMN portal.dossier.again IS 'A person asked to send it again although no event is new.';
CREATE INDEX dossier_trying ON portal.dossier (next_at) WHERE attempts > 0;
CREATE INDEX dossier_again ON portal.dossier (code) WHERE again;
CREATE INDEX dossier_blocked ON portal.dossier (blocked_at) WHERE blocked IS NOT NULL;
CREATE INDEX dossier_moved ON dossiers.dossier (last_event);

ALTER TABLE portal.inbound DROP CONSTRAINT inbound_kind_check;
ALTER TABLE portal.inbound ADD CONSTRAINT inbound_kind_check CHECK (kind IN ('dossier', 'supplement', 'payment', 'question', 'rating'));
ALTER TABLE portal.inbound ADD COLUMN attempts integer NOT NULL DEFAULT 0;
ALTER TABLE portal.inbound ADD COLUMN next_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE portal.inbound ADD COLUMN resolved_by text;
ALTER TABLE portal.inbound ADD COLUMN repeats integer NOT NULL DEFAULT 0;
CREATE INDEX inbound_of ON portal.inbound (code);

-- The session with the Portal, shared by all programs so that one login serves all; sealed with a key of the data folder.
ALTER TABLE portal.link ADD COLUMN failed_at timestamptz;

CREATE TABLE portal.session (
    name text PRIMARY KEY,
    sealed bytea NOT NULL,
    number bigint NOT NULL DEFAULT 1,
    made_at timestamptz NOT NULL
);

-- Work that is due by the clock, or because somebody asked for it; one program does it at a time.
CREATE TABLE portal.job (
    name text PRIMARY KEY,
    asked_at timestamptz,
    asked_by text,
    begun_at timestamptz,
    done_at timestamptz,
    failed_at timestamptz,
    failure text,
    done integer NOT NULL DEFAULT 0
);

-- Catalogues of the Portal as last seen. A line that is no longer listed is marked, never deleted.
CREATE TABLE portal.catalogue (
    kind text NOT NULL,
    code text NOT NULL,
    name text NOT NULL DEFAULT '',
    body jsonb NOT NULL,
    since timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    gone_at timestamptz,
    PRIMARY KEY (kind, code)
);
COMMENT ON TABLE portal.catalogue IS 'kind: agencies, fields, procedures, procedure (one in full).';

-- What a code of the Portal means here, decided by a person, with the day it holds from. Never by likeness of names.
CREATE TABLE portal.mapping (
    kind text NOT NULL CHECK (kind IN ('procedure', 'agency')),
    theirs text NOT NULL,
    ours text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (kind, theirs, valid_from)
);

-- What the Portal showed when it was last asked: codes, counts and moments only.
CREATE TABLE portal.look (
    dossier text PRIMARY KEY REFERENCES dossiers.dossier (code),
    there boolean NOT NULL,
    state text,
    due text,
    finished text,
    steps integer,
    last_event bigint NOT NULL,
    overdue text NOT NULL,
    why text,
    differs integer NOT NULL,
    looked_at timestamptz NOT NULL
);
CREATE INDEX look_oldest ON portal.look (looked_at);
CREATE INDEX look_overdue ON portal.look (overdue) WHERE overdue <> 'no';

ALTER TABLE portal.difference ADD COLUMN note text;
ALTER TABLE portal.difference ADD COLUMN noted_by text;
ALTER TABLE portal.difference ADD COLUMN noted_at timestamptz;
ALTER TABLE portal.difference ADD COLUMN mended_by text;
ALTER TABLE portal.difference ADD COLUMN mended_how text;
ALTER TABLE portal.difference ADD COLUMN mended_at timestamptz;
CREATE INDEX difference_age ON portal.difference (found_at) WHERE closed_at IS NULL;
CREATE INDEX difference_of ON portal.difference (dossier);

-- Fees asked for through the payment platform; a reference is made once, and what comes back must name it and its amount.
CREATE TABLE portal.payment (
    reference text PRIMARY KEY,
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    event integer NOT NULL,
    amount bigint CHECK (amount > 0),
    fees jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('blocked', 'asked', 'open', 'paid', 'settled', 'ended')),
    address text,
    transaction text,
    bank text,
    asked_at timestamptz NOT NULL,
    opened_at timestamptz,
    paid_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    failure text,
    UNIQUE (dossier, event)
);
COMMENT ON COLUMN portal.payment.state IS 'blocked: something is not known (failure names it); asked: not yet at the platform; open: the citizen can pay; paid: money came; settled: the dossier went on; ended: the dossier no longer waits for it.';
CREATE UNIQUE INDEX payment_transaction ON portal.payment (transaction) WHERE transaction IS NOT NULL;
CREATE INDEX payment_due ON portal.payment (next_at) WHERE state IN ('blocked', 'asked', 'open', 'paid');
CREATE INDEX dossier_to_pay ON dossiers.dossier (code) WHERE state = 'payment';

-- Questions of citizens and the answers of an official.
CREATE TABLE portal.question (
    id text PRIMARY KEY,
    unit text NOT NULL DEFAULT '',
    field text NOT NULL DEFAULT '',
    procedure text NOT NULL DEFAULT '',
    body jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'sent')),
    answer text,
    answered_by text,
    answered_at timestamptz,
    sent_at timestamptz,
    failure text
);
COMMENT ON COLUMN portal.question.body IS 'Personal: the question with who asks.';
CREATE INDEX question_open ON portal.question (asked_at) WHERE state <> 'sent';

-- What citizens said of a settled dossier.
CREATE TABLE portal.rating (
    dossier text PRIMARY KEY REFERENCES dossiers.dossier (code),
    overall integer,
    criteria jsonb NOT NULL,
    rated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
COMMENT ON COLUMN portal.rating.overall IS '2 very satisfied, 1 satisfied, 0 not satisfied.';

-- Which files the Portal fetched from us, by their signed links.
CREATE TABLE portal.fetched (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dossier text NOT NULL,
    file text NOT NULL,
    at timestamptz NOT NULL,
    bytes bigint NOT NULL
);
CREATE INDEX fetched_of ON portal.fetched (dossier);

-- Papers that a pushed message links to: fetched from the Portal, checked against their SHA-256, attached to the dossier.
CREATE TABLE portal.paper (
    position bigint NOT NULL REFERENCES portal.inbound (position),
    number integer NOT NULL,
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    kind text NOT NULL,
    component text NOT NULL DEFAULT '',
    name text NOT NULL,
    address text,
    sha256 text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'kept', 'refused')),
    attachment bigint,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    failure text,
    PRIMARY KEY (position, number)
);
CREATE INDEX paper_waiting ON portal.paper (next_at) WHERE state = 'waiting';
CREATE INDEX paper_of ON portal.paper (dossier);
