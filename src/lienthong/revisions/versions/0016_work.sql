-- The work on dossiers: steps of the internal process, substitutes, attachments, results as data, and who sees what.

ALTER TABLE dossiers.dossier
    ADD COLUMN step integer NOT NULL DEFAULT 0,
    ADD COLUMN step_since timestamptz,
    ADD COLUMN step_due timestamptz,
    ADD COLUMN answer_due timestamptz,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN next_due timestamptz GENERATED ALWAYS AS (CASE
        WHEN state = 'new' THEN reception_due
        WHEN state IN ('received', 'processing') THEN due_at
        WHEN state IN ('supplement', 'payment') THEN answer_due END) STORED;
COMMENT ON COLUMN dossiers.dossier.step IS 'The step of the internal process, counted from 1; 0 before reception or without steps.';
COMMENT ON COLUMN dossiers.dossier.answer_due IS 'By when the applicant must answer, where the procedure says so; then the dossier lapses.';
COMMENT ON COLUMN dossiers.dossier.next_due IS 'The moment that counts now: of reception, of settling, of the applicant.';

-- Worklists and lists by unit; a dossier that was handed in elsewhere stands in the list of both.
CREATE INDEX dossier_of_unit ON dossiers.dossier (unit, filed_at DESC, code DESC);
CREATE INDEX dossier_of_desk ON dossiers.dossier (received_by, filed_at DESC, code DESC) WHERE received_by <> unit;
CREATE INDEX dossier_next ON dossiers.dossier (unit, next_due)
    WHERE state IN ('new', 'received', 'processing', 'supplement', 'payment');
CREATE INDEX dossier_next_of_all ON dossiers.dossier (next_due, code)
    WHERE state IN ('new', 'received', 'processing', 'supplement', 'payment');
CREATE INDEX dossier_at_work ON dossiers.dossier (state)
    WHERE state IN ('new', 'received', 'processing', 'supplement', 'payment', 'settled');
CREATE INDEX dossier_to_hand_over ON dossiers.dossier (unit, settled_at) WHERE state = 'settled';
CREATE INDEX dossier_to_lapse ON dossiers.dossier (answer_due) WHERE state = 'supplement';
CREATE INDEX dossier_of_holder ON dossiers.dossier (holder) WHERE holder <> '';

-- An agency sees its own dossiers and those that were handed in at its desk, a province those of its agencies.
ALTER TABLE dossiers.dossier ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON dossiers.dossier USING (app.visible(unit, province) OR app.visible(received_by, province));
ALTER TABLE dossiers.event ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON dossiers.event USING (
    current_setting('lienthong.scope', true) = 'all'
    OR EXISTS (SELECT 1 FROM dossiers.dossier d WHERE d.code = dossier));

-- A program that sends a dossier again after a broken line gets the first one back.
CREATE TABLE dossiers.filing_key (
    actor text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    sha256 text NOT NULL,
    dossier text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX filing_key_at ON dossiers.filing_key (at);

-- Somebody stands in for somebody else, from a moment to a moment.
CREATE TABLE dossiers.substitution (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text NOT NULL,
    province text NOT NULL DEFAULT '',
    absent text NOT NULL,
    substitute text NOT NULL,
    begins timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    reason text NOT NULL,
    named_by text NOT NULL,
    named_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    CHECK (ends > begins),
    CHECK (absent <> substitute)
);
CREATE INDEX substitution_now ON dossiers.substitution (substitute, ends);
ALTER TABLE dossiers.substitution ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON dossiers.substitution USING (app.visible(unit, province));

-- Papers of a dossier: what is kept here is what is known of them; the bytes lie in the data folder under their SHA-256.
CREATE TABLE dossiers.attachment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    kind text NOT NULL CHECK (kind IN ('component', 'supplement', 'result', 'other')),
    component text NOT NULL DEFAULT '',
    form text NOT NULL CHECK (form IN ('electronic', 'original', 'certified', 'copy', 'digitised')),
    name text NOT NULL,
    media_type text NOT NULL,
    sha256 text NOT NULL CHECK (length(sha256) = 64),
    bytes bigint NOT NULL,
    malware text NOT NULL CHECK (malware IN ('passed', 'not_checked')),
    signature text NOT NULL CHECK (signature IN ('valid', 'invalid', 'unsigned', 'not_checked')),
    signed_by text NOT NULL DEFAULT '',
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    removed_by text,
    removed_at timestamptz,
    removed_why text
);
CREATE INDEX attachment_of_dossier ON dossiers.attachment (dossier, id);
CREATE INDEX attachment_bytes ON dossiers.attachment (sha256);
ALTER TABLE dossiers.attachment ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON dossiers.attachment USING (EXISTS (SELECT 1 FROM dossiers.dossier d WHERE d.code = dossier));

-- What came out, as data: a licence that exists here is not asked for again. One row for each decision; a corrected one stays.
CREATE TABLE dossiers.result (
    dossier text NOT NULL REFERENCES dossiers.dossier (code),
    event integer NOT NULL,
    name text NOT NULL,
    code text NOT NULL DEFAULT '',
    number text NOT NULL DEFAULT '',
    valid_from date,
    valid_to date,
    data jsonb NOT NULL DEFAULT '{}',
    attachment bigint REFERENCES dossiers.attachment (id),
    corrected_at timestamptz,
    PRIMARY KEY (dossier, event)
);
COMMENT ON COLUMN dossiers.result.data IS 'Personal: read through the gate only.';
CREATE INDEX result_number ON dossiers.result (number) WHERE number <> '';
ALTER TABLE dossiers.result ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON dossiers.result USING (EXISTS (SELECT 1 FROM dossiers.dossier d WHERE d.code = dossier));

-- One dossier with its applicant, as its readers ask for it a thousand times a second: the gate has decided, this narrows what is
-- seen, reads, and writes down who read, in one turn. It obeys row security like any statement of the limited role.
CREATE FUNCTION dossiers.read_one(
    scope text, facility text, province text, wanted text, moment timestamptz, reader text, home text, aim text
) RETURNS TABLE (dossier text, applicant text, form text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('lienthong.scope', scope, true), set_config('lienthong.facility', facility, true),
        set_config('lienthong.province', province, true);
    RETURN QUERY SELECT (to_jsonb(d) - 'applicant' - 'form')::text, d.applicant::text, d.form::text
        FROM dossiers.dossier d WHERE d.code = wanted;
    IF FOUND THEN
        INSERT INTO app.read_log (at, actor, action, purpose, facility, resource)
        VALUES (moment, reader, 'dossier.read', aim, nullif(home, ''), jsonb_build_object('dossier', wanted));
    END IF;
END $$;
