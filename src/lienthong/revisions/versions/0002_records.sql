-- Submissions with their bytes, what is in quarantine, the counts of rules and the versions of contracts.
-- The law of receiving stands in the table itself: received = kept + unchanged + quarantined.

CREATE SCHEMA IF NOT EXISTS records;

CREATE SEQUENCE records.receipt_number;

CREATE TABLE records.blob (
    sha256 text PRIMARY KEY CHECK (length(sha256) = 64),
    bytes bytea NOT NULL
);
COMMENT ON TABLE records.blob IS 'Small submissions byte for byte; larger ones are files in the data folder.';

CREATE TABLE records.submission (
    receipt text PRIMARY KEY,
    number bigint NOT NULL UNIQUE,
    contract text NOT NULL,
    contract_version text,
    sender text NOT NULL,
    province text NOT NULL DEFAULT '',
    actor text NOT NULL,
    channel text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    test boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'done', 'refused', 'failed')),
    message text,
    message_values jsonb,
    attempts integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    finished_at timestamptz,
    received bigint NOT NULL DEFAULT 0,
    kept bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    row_count bigint NOT NULL DEFAULT 0,
    warnings bigint NOT NULL DEFAULT 0,
    findings_sha256 text,
    CONSTRAINT nothing_is_lost CHECK (received = kept + unchanged + quarantined)
);
CREATE UNIQUE INDEX same_bytes_same_receipt ON records.submission (contract, sender, sha256) WHERE NOT test;
CREATE INDEX submission_waiting ON records.submission (contract, sender, number) WHERE state = 'received';
CREATE INDEX submission_of_sender ON records.submission (sender, number);

CREATE TABLE records.finding (
    receipt text NOT NULL REFERENCES records.submission ON DELETE CASCADE,
    table_name text, row bigint, unit bigint, key text, field text, rule text NOT NULL,
    criterion text NOT NULL, severity text NOT NULL, value text, message jsonb NOT NULL, remedy jsonb
);
CREATE INDEX finding_of_receipt ON records.finding (receipt, rule);
COMMENT ON TABLE records.finding IS 'Examples, a limited number per rule; the whole list is a file under findings_sha256.';

CREATE TABLE records.finding_count (
    receipt text NOT NULL REFERENCES records.submission ON DELETE CASCADE,
    table_name text NOT NULL, rule text NOT NULL, field text NOT NULL,
    criterion text NOT NULL, severity text NOT NULL,
    checked bigint NOT NULL, failed bigint NOT NULL, unknown bigint NOT NULL,
    message jsonb NOT NULL, remedy jsonb,
    PRIMARY KEY (receipt, table_name, rule, field)
);

CREATE TABLE records.contract_version (
    contract text NOT NULL,
    digest text NOT NULL,
    version text NOT NULL,
    number integer NOT NULL,
    structure jsonb NOT NULL,
    plan jsonb NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (contract, digest),
    UNIQUE (contract, number)
);
COMMENT ON COLUMN records.contract_version.plan IS 'The statements that brought the contract tables to this version.';

CREATE TABLE records.ruleset (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    table_name text NOT NULL,
    unknown text NOT NULL,
    rules jsonb NOT NULL,
    UNIQUE (contract, digest, table_name, unknown)
);
COMMENT ON TABLE records.ruleset IS 'What the bits of a mask mean: the rules in bit order, and those undecided for every row.';

CREATE TABLE records.count (
    contract text NOT NULL, version text NOT NULL, table_name text NOT NULL, rule text NOT NULL,
    province text NOT NULL, sender text NOT NULL, day date NOT NULL,
    checked bigint NOT NULL, failed bigint NOT NULL, unknown bigint NOT NULL,
    PRIMARY KEY (contract, sender, day, table_name, rule, province, version)
) WITH (fillfactor = 70);

CREATE TABLE records.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract text NOT NULL,
    root text NOT NULL,
    receipt text NOT NULL REFERENCES records.submission,
    unit bigint NOT NULL,
    key text,
    sender text NOT NULL,
    province text NOT NULL DEFAULT '',
    rows jsonb NOT NULL,
    edits jsonb,
    masks jsonb NOT NULL,
    faults jsonb NOT NULL DEFAULT '[]',
    causes text[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'mended', 'superseded', 'abandoned')),
    reason text,
    closed_by text,
    received_at timestamptz NOT NULL,
    closed_at timestamptz
);
COMMENT ON COLUMN records.quarantine.rows IS 'The rows of the unit as they were sent; never changed.';
COMMENT ON COLUMN records.quarantine.edits IS 'The cells that people mended, apart from what was sent.';
COMMENT ON COLUMN records.quarantine.closed_by IS 'The receipt whose unit took the place of this one.';
CREATE INDEX quarantine_open ON records.quarantine (contract, sender, key) WHERE state = 'open';
CREATE INDEX quarantine_of_receipt ON records.quarantine (receipt);

CREATE TABLE records.quarantine_act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry bigint NOT NULL REFERENCES records.quarantine,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    act text NOT NULL,
    about jsonb NOT NULL
);
CREATE INDEX act_of_entry ON records.quarantine_act (entry, id);

-- A sender sees its own; counts hold no person and are open to the program.
ALTER TABLE records.submission ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.submission USING (app.visible(sender, province));
ALTER TABLE records.quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.quarantine USING (app.visible(sender, province));
REVOKE UPDATE, DELETE ON records.quarantine_act FROM lienthong_app;
ALTER TABLE records.quarantine_act ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.quarantine_act
    USING (EXISTS (SELECT 1 FROM records.quarantine q WHERE q.id = entry));
ALTER TABLE records.finding ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.finding
    USING (EXISTS (SELECT 1 FROM records.submission s WHERE s.receipt = finding.receipt));
