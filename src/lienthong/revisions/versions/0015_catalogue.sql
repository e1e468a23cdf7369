-- The end of a procedure: who ended it, by which decision, and which procedure follows. An end is written once.
ALTER TABLE procedures.version
    ADD COLUMN successor text CHECK (successor ~ '^[123]\.[0-9]{6}$'),
    ADD COLUMN end_decision text,
    ADD COLUMN ended_by text,
    ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN procedures.version.successor IS 'Code of the procedure that follows an abolished one.';

-- Of a published version only the end may be written, once; of an abolished or withdrawn one nothing.
CREATE OR REPLACE FUNCTION procedures.keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['valid_to', 'status', 'successor', 'end_decision', 'ended_by', 'ended_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN RAISE EXCEPTION 'a published version of a procedure is never deleted'; END IF;
        RETURN OLD;
    END IF;
    IF OLD.status = 'draft' THEN RETURN NEW; END IF;
    IF OLD.status <> 'published' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'an ended version of a procedure is never edited';
    END IF;
    IF to_jsonb(NEW) - ends IS DISTINCT FROM to_jsonb(OLD) - ends OR NEW.status NOT IN ('published', 'abolished')
        OR (OLD.valid_to IS NOT NULL AND NEW IS DISTINCT FROM OLD)
    THEN
        RAISE EXCEPTION 'a published version of a procedure is never edited';
    END IF;
    RETURN NEW;
END $$;
