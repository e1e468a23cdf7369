-- Tickets: what is wrong at its source, with a clock. What is open is never written down twice: it is what the counts and the
-- waiting quarantine entries say; a ticket adds who must act by when, and what was done.

CREATE TABLE quality.ticket (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract text NOT NULL, sender text NOT NULL, province text NOT NULL DEFAULT '',
    table_name text NOT NULL, rule text NOT NULL, field text NOT NULL,
    criterion text NOT NULL, severity text NOT NULL CHECK (severity IN ('error', 'warning')),
    alert boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'planned', 'closed')),
    open_rows bigint NOT NULL CHECK (open_rows >= 0), most_rows bigint NOT NULL,
    opened_on date NOT NULL, clock text NOT NULL,
    plan_due date NOT NULL, mend_due date NOT NULL, field_due date NOT NULL,
    cause text, plan text, planned_by text, planned_at timestamptz,
    field_check text CHECK (field_check IN ('asked', 'granted', 'refused')), field_reason text,
    level smallint NOT NULL DEFAULT 0, reopened integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL, seen_at timestamptz NOT NULL, closed_at timestamptz,
    UNIQUE (contract, sender, table_name, rule, field),
    CONSTRAINT closed_iff_nothing_is_open CHECK ((state = 'closed') = (open_rows = 0) AND (state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT clocks_follow_one_another CHECK (opened_on <= plan_due AND plan_due <= mend_due AND mend_due <= field_due)
) WITH (fillfactor = 80);
COMMENT ON COLUMN quality.ticket.open_rows IS 'Rows that break the rule now, kept or in quarantine, as the counts say.';
COMMENT ON COLUMN quality.ticket.opened_on IS 'The day on which the oldest row that is open arrived, when the ticket was (re)opened: its receipt told the sender.';
COMMENT ON COLUMN quality.ticket.level IS 'Who was told that it is late: 0 nobody, 1 the province, 2 the ministry.';
CREATE INDEX ticket_urgency ON quality.ticket (plan_due, id) WHERE state <> 'closed';
CREATE INDEX ticket_of_sender ON quality.ticket (sender, state);
CREATE INDEX ticket_of_province ON quality.ticket (province, state);

CREATE TABLE quality.ticket_act (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket bigint NOT NULL REFERENCES quality.ticket,
    at timestamptz NOT NULL, actor text NOT NULL, act text NOT NULL, about jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ticket_act_of ON quality.ticket_act (ticket, id);
COMMENT ON TABLE quality.ticket_act IS 'What happened to a ticket; never changed.';

-- Whose tickets must be looked at. Only appended to by those who write counts, so that no two of them wait for each other.
CREATE TABLE quality.ticket_work (contract text NOT NULL, sender text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE FUNCTION quality.tickets_on_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO quality.ticket_work (contract, sender)
    SELECT DISTINCT contract, sender FROM added WHERE failed <> 0 AND rule COLLATE "C" > '-';
    RETURN NULL;
END $$;
CREATE FUNCTION quality.tickets_on_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO quality.ticket_work (contract, sender)
    SELECT contract, sender FROM (
        SELECT contract, sender, table_name, rule, failed FROM added WHERE failed <> 0 AND rule COLLATE "C" > '-'
        UNION ALL
        SELECT contract, sender, table_name, rule, -failed FROM removed WHERE failed <> 0 AND rule COLLATE "C" > '-') moved
    GROUP BY contract, sender HAVING sum(failed * hashtextextended(table_name || rule, 0)::numeric) <> 0;
    RETURN NULL;
END $$;
CREATE FUNCTION quality.tickets_on_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO quality.ticket_work (contract, sender)
    SELECT DISTINCT contract, sender FROM removed WHERE failed <> 0 AND rule COLLATE "C" > '-';
    RETURN NULL;
END $$;
CREATE TRIGGER tickets_inserted AFTER INSERT ON records.count
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION quality.tickets_on_insert();
CREATE TRIGGER tickets_changed AFTER UPDATE ON records.count
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION quality.tickets_on_update();
CREATE TRIGGER tickets_deleted AFTER DELETE ON records.count
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION quality.tickets_on_delete();

-- Reasons of the reader and of the store stand in the entry and in no count. One mark for a sender and transaction is enough.
CREATE FUNCTION quality.tickets_on_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF current_setting('lienthong.ticket_mark', true) IS DISTINCT FROM NEW.contract || E'\n' || NEW.sender THEN
        INSERT INTO quality.ticket_work (contract, sender) VALUES (NEW.contract, NEW.sender);
        PERFORM set_config('lienthong.ticket_mark', NEW.contract || E'\n' || NEW.sender, true);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tickets_entered AFTER INSERT ON records.quarantine
    FOR EACH ROW WHEN (NEW.faults <> '[]') EXECUTE FUNCTION quality.tickets_on_entry();
CREATE TRIGGER tickets_left AFTER UPDATE OF state, faults ON records.quarantine
    FOR EACH ROW WHEN (NEW.faults <> '[]' OR OLD.faults <> '[]') EXECUTE FUNCTION quality.tickets_on_entry();

-- What each night's profile said, so that the course of a cause shows.
CREATE TABLE quality.profile_night (
    night date PRIMARY KEY, made_at timestamptz NOT NULL, open_tickets bigint NOT NULL, late_tickets bigint NOT NULL,
    alerts bigint NOT NULL, silent bigint NOT NULL
);
CREATE TABLE quality.profile_line (
    night date NOT NULL REFERENCES quality.profile_night ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('sender', 'province', 'cause')),
    rank integer NOT NULL, contract text NOT NULL, subject text NOT NULL, table_name text NOT NULL DEFAULT '',
    rule text NOT NULL DEFAULT '', field text NOT NULL DEFAULT '', failed bigint NOT NULL, points double precision NOT NULL,
    PRIMARY KEY (night, kind, rank)
);
CREATE INDEX profile_line_of ON quality.profile_line (kind, contract, subject, rule, field, night);
CREATE TABLE quality.profile_field (
    night date NOT NULL REFERENCES quality.profile_night ON DELETE CASCADE,
    contract text NOT NULL, table_name text NOT NULL, field text NOT NULL,
    empty_share double precision NOT NULL, different double precision NOT NULL, width integer NOT NULL,
    PRIMARY KEY (night, contract, table_name, field)
);

ALTER TABLE quality.ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON quality.ticket USING (app.visible(sender, province));
ALTER TABLE quality.ticket_act ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON quality.ticket_act USING (EXISTS (SELECT 1 FROM quality.ticket t WHERE t.id = ticket));
REVOKE UPDATE, DELETE ON quality.ticket_act FROM lienthong_app;

-- Records whose identity keys break a rule: kept, and passed on to nobody until a right version arrives. Written with the version
-- itself, and taken back when it is replaced.
CREATE TABLE records.withheld (
    contract text NOT NULL, table_name text NOT NULL, key text NOT NULL, sender text NOT NULL, province text NOT NULL,
    receipt text NOT NULL, rules text[] NOT NULL, since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (contract, table_name, key, sender)
);
CREATE INDEX withheld_of_sender ON records.withheld (sender, since);
ALTER TABLE records.withheld ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.withheld USING (app.visible(sender, province));
