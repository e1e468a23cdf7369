-- A number that was sent opens to what was counted then, whatever happens later to events, papers, fees, ratings, codes or rules.
ALTER TABLE reports.sent ADD COLUMN cells text[];
ALTER TABLE reports.sent ADD COLUMN about jsonb;
COMMENT ON COLUMN reports.sent.cells IS 'The numbers in the order of sent_dossier.counted; NULL for a report sent before its inputs were kept.';
COMMENT ON COLUMN reports.sent.about IS 'Of an index: every indicator with its counts, terms and points as they went out.';

CREATE TABLE reports.sent_dossier (
    report bigint NOT NULL REFERENCES reports.sent (id) DEFERRABLE INITIALLY DEFERRED,
    dossier text NOT NULL,
    unit text NOT NULL,
    unit_now text NOT NULL,
    province text NOT NULL,
    province_now text NOT NULL,
    procedure text NOT NULL,
    field text NOT NULL,
    level text NOT NULL,
    channel text NOT NULL,
    received_at timestamptz NOT NULL,
    due_at timestamptz,
    ended_at timestamptz,
    outcome text NOT NULL,
    waiting_since timestamptz,
    supplements integer NOT NULL,
    counted bit varying NOT NULL,
    PRIMARY KEY (report, dossier)
);
COMMENT ON COLUMN reports.sent_dossier.unit_now IS 'The agency that had the work at the end of the period; province_now likewise.';
COMMENT ON COLUMN reports.sent_dossier.counted IS 'One bit for each of sent.cells: whether the dossier is in that number.';

CREATE TABLE reports.sent_procedure (
    report bigint NOT NULL REFERENCES reports.sent (id) DEFERRABLE INITIALLY DEFERRED,
    code text NOT NULL,
    version integer NOT NULL,
    days integer,
    cells text[] NOT NULL,
    PRIMARY KEY (report, code, version)
);
COMMENT ON COLUMN reports.sent_procedure.cells IS 'The numbers that this version of the procedure is in.';
REVOKE UPDATE, DELETE ON reports.sent_dossier, reports.sent_procedure FROM lienthong_app;

-- Dossiers whose applicant could pay online: a proof that their procedure has online payment.
CREATE VIEW reports.offered AS
    SELECT dossier, min(opened_at) AS at FROM portal.payment WHERE opened_at IS NOT NULL GROUP BY dossier;
