-- What the Office of the Ministry keeps: the lists of three units, readiness, cuts and burdens, documents of law.
CREATE SCHEMA office;

-- A list as a unit brought it, kept byte for byte; the newest version of a unit is the one that is compared.
CREATE TABLE office.list (
    unit text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    name text NOT NULL,
    sha256 text NOT NULL,
    body bytea NOT NULL,
    channel text NOT NULL,
    brought_by text NOT NULL,
    brought_at timestamptz NOT NULL,
    rows integer NOT NULL,
    demo boolean NOT NULL DEFAULT false,
    PRIMARY KEY (unit, version)
);
CREATE TABLE office.listed (
    unit text NOT NULL,
    version integer NOT NULL,
    line integer NOT NULL,
    code text NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (unit, version, code),
    FOREIGN KEY (unit, version) REFERENCES office.list (unit, version)
);

-- One thing on which the lists do not agree. `said` holds what each unit says; a decision holds as long as they say that.
CREATE TABLE office.difference (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    kind text NOT NULL,
    said jsonb NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'agreed', 'decided', 'replaced')),
    owner text NOT NULL,
    assigned boolean NOT NULL DEFAULT false,
    due date NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text,
    decision jsonb,
    reason text,
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK (state <> 'decided' OR (decision IS NOT NULL AND reason IS NOT NULL))
);
CREATE UNIQUE INDEX difference_open ON office.difference (code, kind) WHERE state IN ('open', 'decided');
CREATE INDEX difference_due ON office.difference (due) WHERE state = 'open';

-- Readiness of a procedure for connection: its priority and service, and seven gates. Every change goes to the history.
CREATE TABLE office.readiness (
    code text PRIMARY KEY,
    priority integer CHECK (priority BETWEEN 1 AND 9),
    owner text NOT NULL DEFAULT '',
    service text NOT NULL DEFAULT 'undecided' CHECK (service IN ('undecided', 'full', 'partial')),
    reason text,
    reason_basis text NOT NULL DEFAULT '',
    demo boolean NOT NULL DEFAULT false,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CHECK ((service = 'partial') = (reason IS NOT NULL))
);
CREATE TABLE office.gate (
    code text NOT NULL REFERENCES office.readiness (code),
    gate text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'working', 'blocked', 'ready')),
    owner text NOT NULL DEFAULT '',
    due date,
    blocker text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (code, gate),
    CHECK (state <> 'blocked' OR blocker <> '')
);
CREATE TABLE office.readiness_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    gate text NOT NULL DEFAULT '',
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX readiness_change_of ON office.readiness_change (code, id DESC);

-- The ledger of cuts. What was planned and what was done are two days; a cut that is given up keeps its reason.
CREATE TABLE office.cut (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    kind text NOT NULL,
    central boolean NOT NULL,
    planned date,
    done date,
    given_up date,
    basis text NOT NULL,
    note text NOT NULL DEFAULT '',
    days_before numeric,
    days_after numeric,
    origin text NOT NULL DEFAULT '',
    demo boolean NOT NULL DEFAULT false,
    written_by text NOT NULL,
    written_at timestamptz NOT NULL,
    changed_by text,
    changed_at timestamptz,
    CHECK (planned IS NOT NULL OR done IS NOT NULL),
    CHECK (days_before IS NULL OR days_before >= 0),
    CHECK (days_after IS NULL OR days_after >= 0)
);
-- One procedure leaves the centre once, whatever it is called.
CREATE UNIQUE INDEX cut_leaves_once ON office.cut (code) WHERE given_up IS NULL AND kind IN ('decentralised', 'abolished', 'merged');

-- What keeping a procedure costs people and businesses, before and after, as rows of activities.
CREATE TABLE office.burden (
    code text NOT NULL,
    moment text NOT NULL CHECK (moment IN ('before', 'after')),
    document jsonb NOT NULL,
    demo boolean NOT NULL DEFAULT false,
    written_by text NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (code, moment)
);

-- What the Office said of a proposal to ask no more for a paper that data replace.
CREATE TABLE office.once (
    code text NOT NULL,
    component text NOT NULL,
    place text NOT NULL,
    state text NOT NULL CHECK (state IN ('accepted', 'refused')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (code, component, place)
);

-- Documents of law that officials added or ended, over the declared ones. Every saying is kept; the newest holds.
CREATE TABLE office.document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL,
    document jsonb NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL,
    why text NOT NULL,
    demo boolean NOT NULL DEFAULT false
);
CREATE INDEX document_newest ON office.document (number, id DESC);

-- What was done about a place that a new or ended document touches.
CREATE TABLE office.legal_work (
    number text NOT NULL,
    kind text NOT NULL,
    place text NOT NULL,
    state text NOT NULL CHECK (state IN ('done', 'untouched')),
    note text NOT NULL,
    done_by text NOT NULL,
    done_at timestamptz NOT NULL,
    PRIMARY KEY (number, kind, place)
);
