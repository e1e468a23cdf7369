-- Papers that went out, and the templates that agencies changed.

-- Every text an agency ever saved; the newest that was put in use holds, nothing in use falls back to the agency above and then
-- to the declared one.
CREATE TABLE dossiers.template (
    unit text NOT NULL,
    form text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    text text NOT NULL,
    note text NOT NULL DEFAULT '',
    saved_by text NOT NULL,
    saved_at timestamptz NOT NULL,
    used_by text,
    used_from timestamptz,
    PRIMARY KEY (unit, form, version),
    CHECK ((used_by IS NULL) = (used_from IS NULL))
);
COMMENT ON TABLE dossiers.template IS 'A saved text is never changed: a correction is the next version. used_from NULL: a draft that no paper shows yet.';

-- The number of a paper ("Số: 12/TNHS") is taken in the transaction of the paper, so none is lost and none is given twice.
CREATE TABLE dossiers.paper_counter (
    unit text NOT NULL,
    symbol text NOT NULL,
    year integer NOT NULL,
    last integer NOT NULL CHECK (last > 0),
    PRIMARY KEY (unit, symbol, year)
);

CREATE TABLE dossiers.paper (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dossier text REFERENCES dossiers.dossier (code),
    number integer NOT NULL CHECK (number > 0),
    unit text NOT NULL,
    province text NOT NULL DEFAULT '',
    form text NOT NULL,
    sign text NOT NULL,
    event integer,
    copy integer NOT NULL DEFAULT 1,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    template_unit text NOT NULL,
    template_version integer NOT NULL,
    template text NOT NULL,
    content jsonb NOT NULL,
    unshown text NOT NULL DEFAULT '',
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    pdf bytea NOT NULL,
    UNIQUE (dossier, number),
    UNIQUE (unit, form, sign)
);
COMMENT ON TABLE dossiers.paper IS 'Append only. content (what stands on the paper) and pdf are personal: read through the gate only.';
COMMENT ON COLUMN dossiers.paper.template IS 'SHA-256 of the template''s text; template_version 0 is the declared one.';
CREATE UNIQUE INDEX paper_of_event ON dossiers.paper (dossier, form, event, copy) WHERE event IS NOT NULL;
CREATE INDEX paper_of_unit ON dossiers.paper (unit, made_at) WHERE dossier IS NULL;
REVOKE UPDATE, DELETE ON dossiers.paper FROM lienthong_app;

-- Who may know of a dossier may know of its papers; a register belongs to its agency.
ALTER TABLE dossiers.paper ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON dossiers.paper USING (
    CASE WHEN dossier IS NULL THEN app.visible(unit, province)
    ELSE EXISTS (SELECT 1 FROM dossiers.dossier d WHERE d.code = dossier) END);
