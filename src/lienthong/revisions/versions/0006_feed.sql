-- The feed: every change of a kept record, in the order in which it happened, written in the transaction of the change.
-- Up to 1000 changes of one submission stand in one line (a bundle): a file of a million records costs a thousand lines.
-- The position of a change is the number of its bundle times 1024 plus its place in it.
CREATE SEQUENCE records.change_number;

CREATE TABLE records.change_bundle (
    id bigint PRIMARY KEY DEFAULT nextval('records.change_number'),
    contract text NOT NULL, table_name text NOT NULL, sender text NOT NULL, province text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('kept', 'changed', 'removed')),
    receipt text NOT NULL, received_at timestamptz NOT NULL, kept_at timestamptz NOT NULL,
    number integer NOT NULL CHECK (number BETWEEN 1 AND 1000),
    keys text[] NOT NULL, versions integer[] NOT NULL, events bigint[] NOT NULL,
    served_at timestamptz,
    CHECK (cardinality(keys) = number AND cardinality(versions) = number AND cardinality(events) = number)
) WITH (fillfactor = 85);
ALTER TABLE records.change_bundle ALTER keys SET STORAGE EXTERNAL, ALTER versions SET STORAGE EXTERNAL,
    ALTER events SET STORAGE EXTERNAL;
CREATE INDEX change_of_receipt ON records.change_bundle (receipt);
CREATE INDEX change_not_served ON records.change_bundle (id) WHERE served_at IS NULL;
COMMENT ON COLUMN records.change_bundle.events IS 'When each event happened, microseconds since 1970 UTC; NULL where the record does not say.';
COMMENT ON COLUMN records.change_bundle.served_at IS 'When a reader, a stream or a subscriber was first given it.';

-- Numbers are drawn before the transaction ends, so a lower one may become visible after a higher one. Every writer
-- therefore first holds a lock that names the last number drawn: nobody reads past the lowest lock that is held.
CREATE FUNCTION records.change_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    last bigint;
    low bigint;
BEGIN
    SELECT last_value - (NOT is_called)::integer INTO last FROM records.change_number;
    low := last & 4294967295;
    PERFORM pg_advisory_xact_lock_shared(
        (19540 << 16) | ((last >> 32) & 65535)::integer,
        (CASE WHEN low > 2147483647 THEN low - 4294967296 ELSE low END)::integer);
    RETURN NULL;
END $$;

CREATE FUNCTION records.change_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('lienthong_change', '');
    RETURN NULL;
END $$;

CREATE TRIGGER begins BEFORE INSERT ON records.change_bundle FOR EACH STATEMENT EXECUTE FUNCTION records.change_begins();
CREATE TRIGGER ends AFTER INSERT ON records.change_bundle FOR EACH STATEMENT EXECUTE FUNCTION records.change_ends();

-- The last bundle up to which nothing more can appear. To be asked in a statement of its own, before those that read.
CREATE FUNCTION records.change_horizon() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    last bigint;
    held bigint;
BEGIN
    SELECT last_value - (NOT is_called)::integer INTO last FROM records.change_number;
    SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) INTO held FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint >> 16 = 19540
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    RETURN least(last, held);
END $$;

CREATE VIEW records.change WITH (security_invoker = true) AS
SELECT b.id * 1024 + u.place - 1 AS position, b.contract, b.table_name, u.key, b.sender, b.province, b.kind, u.version,
    b.receipt, to_timestamp(u.event / 1000000.0) AS event_at, b.received_at, b.kept_at, b.served_at
FROM records.change_bundle b,
    unnest(b.keys, b.versions, b.events) WITH ORDINALITY AS u(key, version, event, place);

-- Below this position nothing is kept any more.
CREATE TABLE records.change_floor (one boolean PRIMARY KEY DEFAULT true CHECK (one), position bigint NOT NULL);
INSERT INTO records.change_floor (position) VALUES (0);

-- How long records took, in classes of a quarter of a doubling (class 0 ends at one millisecond).
CREATE TABLE records.delay (
    contract text NOT NULL, sender text NOT NULL, province text NOT NULL, day date NOT NULL,
    step text NOT NULL CHECK (step IN ('received', 'kept', 'served')),
    class smallint NOT NULL, number bigint NOT NULL,
    PRIMARY KEY (contract, sender, day, province, step, class)
) WITH (fillfactor = 70);
COMMENT ON COLUMN records.delay.step IS 'received: since the event; kept: since it was received; served: since it was kept.';
COMMENT ON COLUMN records.delay.day IS 'The day in Vietnam on which the step ended.';

ALTER TABLE records.change_bundle ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.change_bundle USING (app.visible(sender, province));
ALTER TABLE records.delay ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.delay USING (app.visible(sender, province));
REVOKE INSERT, UPDATE, DELETE ON records.change_bundle, records.change_floor FROM lienthong_app;
GRANT UPDATE (served_at) ON records.change_bundle TO lienthong_app;
REVOKE ALL ON FUNCTION records.change_begins, records.change_ends FROM PUBLIC;

-- Systems outside that are told of changes.
CREATE SCHEMA partners;

CREATE TABLE partners.subscription (
    id text PRIMARY KEY,
    name text NOT NULL,
    owner text NOT NULL,
    facility text, province text,
    purpose text NOT NULL,
    contract text, sender text, sender_province text,
    url text NOT NULL,
    secret bytea NOT NULL, former_secret bytea, former_until timestamptz,
    position bigint NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'ended')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    most integer NOT NULL DEFAULT 100 CHECK (most BETWEEN 1 AND 1000),
    sent bigint NOT NULL DEFAULT 0, requests bigint NOT NULL DEFAULT 0, failures bigint NOT NULL DEFAULT 0,
    sent_at timestamptz, failed_at timestamptz, failure text, failure_status integer,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN partners.subscription.facility IS 'With province: whose records its owner may see; both NULL: the nation''s.';
COMMENT ON COLUMN partners.subscription.position IS 'Everything up to here was accepted or stands in partners.letter.';
COMMENT ON COLUMN partners.subscription.attempts IS 'Failures in a row; from some number on the circuit is open until next_at.';
COMMENT ON COLUMN partners.subscription.secret IS 'Encrypted with a key that is not in the database.';

-- What a subscriber did not accept: kept apart, so that the others go on; later changes of the same record wait behind it.
CREATE TABLE partners.letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription text NOT NULL REFERENCES partners.subscription ON DELETE CASCADE,
    position bigint NOT NULL,
    record text NOT NULL,
    event jsonb NOT NULL,
    state text NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'behind', 'again', 'sent', 'dropped')),
    attempts integer NOT NULL DEFAULT 0,
    failure text, failure_status integer,
    at timestamptz NOT NULL, closed_at timestamptz, closed_by text,
    UNIQUE (subscription, position)
);
CREATE INDEX letter_open ON partners.letter (subscription, record) WHERE state IN ('dead', 'behind', 'again');

ALTER TABLE partners.subscription ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON partners.subscription USING (app.visible(coalesce(facility, ''), coalesce(province, '')));
ALTER TABLE partners.letter ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON partners.letter
    USING (EXISTS (SELECT 1 FROM partners.subscription s WHERE s.id = subscription));

-- Changes of counts by single records, written with the record and added to records.count together with those of others a moment
-- later: what a record adds to each of a thousand rules costs more than the record.
CREATE TABLE records.count_waiting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract text NOT NULL, ruleset integer NOT NULL, sender text NOT NULL, province text NOT NULL, day date NOT NULL,
    rows bigint NOT NULL, unusual jsonb
);
CREATE INDEX count_waiting_of ON records.count_waiting (contract, id);
COMMENT ON COLUMN records.count_waiting.unusual IS 'What failed, was undecided or was the only broken rule, by position in the ruleset; NULL when nothing was.';
