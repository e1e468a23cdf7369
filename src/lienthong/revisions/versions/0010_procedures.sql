-- The catalogue: versions of procedures. A published document is never edited; another version replaces it.
CREATE SCHEMA procedures;

CREATE TABLE procedures.version (
    code text NOT NULL CHECK (code ~ '^[123]\.[0-9]{6}$'),
    version integer NOT NULL CHECK (version > 0),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'abolished', 'withdrawn')),
    valid_from date,
    valid_to date,
    name text NOT NULL,
    field text NOT NULL,
    levels text[] NOT NULL,
    online text NOT NULL,
    document jsonb NOT NULL,
    decision text,
    origin text NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL,
    published_by text,
    published_at timestamptz,
    PRIMARY KEY (code, version),
    CHECK ((status = 'draft' OR status = 'withdrawn') = (valid_from IS NULL)),
    CHECK (valid_to IS NULL OR valid_to > valid_from)
);
COMMENT ON TABLE procedures.version IS 'One row for each version of a procedure; valid_to is the first day on which it no longer holds.';
CREATE UNIQUE INDEX version_draft ON procedures.version (code) WHERE status = 'draft';
CREATE UNIQUE INDEX version_from ON procedures.version (code, valid_from) WHERE valid_from IS NOT NULL;
CREATE INDEX version_in_force ON procedures.version (code, valid_from DESC) WHERE status IN ('published', 'abolished');

-- Once published, only the end of the validity may be written, and only once.
CREATE FUNCTION procedures.keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN RAISE EXCEPTION 'a published version of a procedure is never deleted'; END IF;
        RETURN OLD;
    END IF;
    IF OLD.status = 'published' AND (
        NEW.document IS DISTINCT FROM OLD.document OR NEW.valid_from IS DISTINCT FROM OLD.valid_from
        OR NEW.status NOT IN ('published', 'abolished') OR (OLD.valid_to IS NOT NULL AND NEW.valid_to IS DISTINCT FROM OLD.valid_to)
    ) THEN
        RAISE EXCEPTION 'a published version of a procedure is never edited';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_published BEFORE UPDATE OR DELETE ON procedures.version
    FOR EACH ROW EXECUTE FUNCTION procedures.keep_published();
