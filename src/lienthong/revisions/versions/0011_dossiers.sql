-- Dossiers, and the one base of events from which their state, their deadlines and every report are computed.
CREATE SCHEMA dossiers;

-- One row for each unit and day: the number is taken in the transaction of the dossier, so none is lost and none is given twice.
CREATE TABLE dossiers.counter (
    unit text NOT NULL,
    day date NOT NULL,
    last integer NOT NULL CHECK (last > 0),
    PRIMARY KEY (unit, day)
);

CREATE TABLE dossiers.dossier (
    code text PRIMARY KEY,
    procedure text NOT NULL,
    procedure_version integer NOT NULL,
    unit text NOT NULL,
    received_by text NOT NULL,
    province text NOT NULL DEFAULT '',
    channel text NOT NULL CHECK (channel IN ('direct', 'online', 'post')),
    origin text NOT NULL DEFAULT 'desk' CHECK (origin IN ('desk', 'portal')),
    case_name text NOT NULL DEFAULT '',
    clock_name text NOT NULL DEFAULT 'normal',
    summary text NOT NULL DEFAULT '',
    applicant jsonb NOT NULL DEFAULT '{}',
    form jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL,
    filed_at timestamptz NOT NULL,
    received_at timestamptz,
    reception_due timestamptz,
    due_at timestamptz,
    settled_at timestamptz,
    returned_at timestamptz,
    waiting_since timestamptz,
    supplements integer NOT NULL DEFAULT 0,
    extensions integer NOT NULL DEFAULT 0,
    holder text NOT NULL DEFAULT '',
    last_event bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN dossiers.dossier.unit IS 'The competent agency; received_by is where it was handed in, which may be elsewhere (not by boundary).';
COMMENT ON COLUMN dossiers.dossier.due_at IS 'NULL while nothing runs or an open wait makes it unknown; computed from the events.';
CREATE INDEX dossier_worklist ON dossiers.dossier (unit, state, due_at);
CREATE INDEX dossier_of_province ON dossiers.dossier (province, filed_at);
CREATE INDEX dossier_newest ON dossiers.dossier (filed_at DESC, code DESC);
CREATE INDEX dossier_open ON dossiers.dossier (due_at) WHERE state IN ('new', 'received', 'processing', 'supplement', 'payment');

CREATE TABLE dossiers.event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    number integer NOT NULL,
    act text NOT NULL,
    from_state text NOT NULL DEFAULT '',
    to_state text NOT NULL,
    at timestamptz NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    role text NOT NULL DEFAULT '',
    about jsonb NOT NULL DEFAULT '{}',
    UNIQUE (dossier, number)
);
COMMENT ON TABLE dossiers.event IS 'Append only. about holds reasons, components and dates, never who the applicant is.';
CREATE INDEX event_at ON dossiers.event (at);
REVOKE UPDATE, DELETE ON dossiers.event FROM lienthong_app;
