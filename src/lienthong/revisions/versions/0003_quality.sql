-- What scores are read from: rows that one rule alone makes wrong, and sums that hold a whole nation's page.
ALTER TABLE records.count ADD COLUMN sole bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN records.count.sole IS 'Rows for which this is the only broken rule of its criterion: mending it makes exactly these rows good.';

-- Pseudo rules begin with * or + (they sort before -); scores of a sender or a table read nothing else.
CREATE INDEX count_of_scores ON records.count (contract, sender, day, table_name, rule)
    INCLUDE (province, checked, failed, unknown, version) WHERE rule COLLATE "C" < '-';
CREATE INDEX count_of_newest ON records.count (contract, sender, province, day) WHERE rule = '*' AND checked > 0;

-- Causes: only rules that somebody broke.
CREATE INDEX count_of_causes ON records.count (contract, sender, province, table_name, rule)
    INCLUDE (failed, sole, day) WHERE failed > 0 AND rule COLLATE "C" > '-';

CREATE SCHEMA quality;

-- Sums over senders and tables, by day and (day = -infinity) over all days. Written by the triggers below and by nothing else,
-- in the transaction that changes the counts, so they cannot say anything the counts do not say.
CREATE TABLE quality.daily (
    contract text NOT NULL, province text NOT NULL, day date NOT NULL,
    row_count bigint NOT NULL, row_failed bigint NOT NULL,
    correct_broken bigint NOT NULL, correct_checked bigint NOT NULL, correct_failed bigint NOT NULL, correct_unknown bigint NOT NULL,
    sufficient_broken bigint NOT NULL, sufficient_checked bigint NOT NULL, sufficient_failed bigint NOT NULL,
    sufficient_unknown bigint NOT NULL,
    clean_broken bigint NOT NULL, clean_checked bigint NOT NULL, clean_failed bigint NOT NULL, clean_unknown bigint NOT NULL,
    alive_broken bigint NOT NULL, alive_checked bigint NOT NULL, alive_failed bigint NOT NULL, alive_unknown bigint NOT NULL,
    PRIMARY KEY (contract, province, day)
) WITH (fillfactor = 70);

CREATE TABLE quality.sender (
    contract text NOT NULL, province text NOT NULL, sender text NOT NULL, newest date,
    PRIMARY KEY (contract, province, sender)
) WITH (fillfactor = 70);
COMMENT ON COLUMN quality.sender.newest IS 'Day of reception of the newest rows that are now kept or in quarantine; NULL when none is left.';

-- Signed changes of pseudo rules become changes of sums. Locks are taken in one order.
CREATE FUNCTION quality.add(changes records.count[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO quality.daily AS d
    SELECT contract, province, coalesce(day, '-infinity'),
        coalesce(sum(checked) FILTER (WHERE rule = '*'), 0), coalesce(sum(failed) FILTER (WHERE rule = '*'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*correct'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+correct'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+correct'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+correct'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*sufficient'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+sufficient'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+sufficient'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+sufficient'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*clean'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+clean'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+clean'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+clean'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*alive'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+alive'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+alive'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+alive'), 0)
    FROM unnest(changes)
    GROUP BY GROUPING SETS ((contract, province, day), (contract, province))
    ORDER BY 1, 2, 3
    ON CONFLICT (contract, province, day) DO UPDATE SET
        row_count = d.row_count + excluded.row_count, row_failed = d.row_failed + excluded.row_failed,
        correct_broken = d.correct_broken + excluded.correct_broken, correct_checked = d.correct_checked + excluded.correct_checked,
        correct_failed = d.correct_failed + excluded.correct_failed, correct_unknown = d.correct_unknown + excluded.correct_unknown,
        sufficient_broken = d.sufficient_broken + excluded.sufficient_broken,
        sufficient_checked = d.sufficient_checked + excluded.sufficient_checked,
        sufficient_failed = d.sufficient_failed + excluded.sufficient_failed,
        sufficient_unknown = d.sufficient_unknown + excluded.sufficient_unknown,
        clean_broken = d.clean_broken + excluded.clean_broken, clean_checked = d.clean_checked + excluded.clean_checked,
        clean_failed = d.clean_failed + excluded.clean_failed, clean_unknown = d.clean_unknown + excluded.clean_unknown,
        alive_broken = d.alive_broken + excluded.alive_broken, alive_checked = d.alive_checked + excluded.alive_checked,
        alive_failed = d.alive_failed + excluded.alive_failed, alive_unknown = d.alive_unknown + excluded.alive_unknown;

    INSERT INTO quality.sender
    SELECT contract, province, sender, (
        SELECT max(c.day) FROM records.count c WHERE c.contract = touched.contract AND c.sender = touched.sender
            AND c.province = touched.province AND c.rule = '*' AND c.checked > 0)
    FROM (SELECT DISTINCT contract, province, sender FROM unnest(changes) WHERE rule = '*') touched
    ORDER BY 1, 2, 3
    ON CONFLICT (contract, province, sender) DO UPDATE SET newest = excluded.newest;
$$;

CREATE FUNCTION quality.counts_inserted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM quality.add(array_agg(ROW(contract, version, table_name, rule, province, sender, day,
        checked, failed, unknown, sole)::records.count)) FROM added WHERE rule COLLATE "C" < '-';
    RETURN NULL;
END $$;

CREATE FUNCTION quality.counts_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM quality.add(array_agg(ROW(contract, version, table_name, rule, province, sender, day,
        -checked, -failed, -unknown, -sole)::records.count)) FROM removed WHERE rule COLLATE "C" < '-';
    RETURN NULL;
END $$;

CREATE FUNCTION quality.counts_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM quality.add(array_agg(c)) FROM (
        SELECT ROW(contract, version, table_name, rule, province, sender, day,
            -checked, -failed, -unknown, -sole)::records.count AS c FROM removed WHERE rule COLLATE "C" < '-'
        UNION ALL
        SELECT ROW(contract, version, table_name, rule, province, sender, day,
            checked, failed, unknown, sole)::records.count FROM added WHERE rule COLLATE "C" < '-') both_sides;
    RETURN NULL;
END $$;

CREATE TRIGGER sums_inserted AFTER INSERT ON records.count
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION quality.counts_inserted();
CREATE TRIGGER sums_changed AFTER UPDATE ON records.count
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION quality.counts_changed();
CREATE TRIGGER sums_deleted AFTER DELETE ON records.count
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION quality.counts_deleted();

REVOKE EXECUTE ON FUNCTION quality.add(records.count[]) FROM PUBLIC;
REVOKE INSERT, UPDATE, DELETE ON quality.daily, quality.sender FROM lienthong_app;
