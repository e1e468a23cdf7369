-- The sums of each sender over all its days, so that a list of senders reads one line for each.
ALTER TABLE quality.sender
    ADD COLUMN row_count bigint NOT NULL DEFAULT 0, ADD COLUMN row_failed bigint NOT NULL DEFAULT 0,
    ADD COLUMN correct_broken bigint NOT NULL DEFAULT 0, ADD COLUMN correct_checked bigint NOT NULL DEFAULT 0,
    ADD COLUMN correct_failed bigint NOT NULL DEFAULT 0, ADD COLUMN correct_unknown bigint NOT NULL DEFAULT 0,
    ADD COLUMN sufficient_broken bigint NOT NULL DEFAULT 0, ADD COLUMN sufficient_checked bigint NOT NULL DEFAULT 0,
    ADD COLUMN sufficient_failed bigint NOT NULL DEFAULT 0, ADD COLUMN sufficient_unknown bigint NOT NULL DEFAULT 0,
    ADD COLUMN clean_broken bigint NOT NULL DEFAULT 0, ADD COLUMN clean_checked bigint NOT NULL DEFAULT 0,
    ADD COLUMN clean_failed bigint NOT NULL DEFAULT 0, ADD COLUMN clean_unknown bigint NOT NULL DEFAULT 0,
    ADD COLUMN alive_broken bigint NOT NULL DEFAULT 0, ADD COLUMN alive_checked bigint NOT NULL DEFAULT 0,
    ADD COLUMN alive_failed bigint NOT NULL DEFAULT 0, ADD COLUMN alive_unknown bigint NOT NULL DEFAULT 0;

-- As in 0003, and the sums of the senders. Locks are taken in one order.
CREATE OR REPLACE FUNCTION quality.add(changes records.count[]) RETURNS void LANGUAGE sql AS $$
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
        sufficient_broken = d.sufficient_broken + excluded.sufficient_broken, sufficient_checked = d.sufficient_checked + excluded.sufficient_checked,
        sufficient_failed = d.sufficient_failed + excluded.sufficient_failed, sufficient_unknown = d.sufficient_unknown + excluded.sufficient_unknown,
        clean_broken = d.clean_broken + excluded.clean_broken, clean_checked = d.clean_checked + excluded.clean_checked,
        clean_failed = d.clean_failed + excluded.clean_failed, clean_unknown = d.clean_unknown + excluded.clean_unknown,
        alive_broken = d.alive_broken + excluded.alive_broken, alive_checked = d.alive_checked + excluded.alive_checked,
        alive_failed = d.alive_failed + excluded.alive_failed, alive_unknown = d.alive_unknown + excluded.alive_unknown;

    INSERT INTO quality.sender AS s (contract, province, sender, newest,
        row_count, row_failed, correct_broken, correct_checked, correct_failed,
        correct_unknown, sufficient_broken, sufficient_checked, sufficient_failed, sufficient_unknown,
        clean_broken, clean_checked, clean_failed, clean_unknown, alive_broken,
        alive_checked, alive_failed, alive_unknown)
    SELECT contract, province, sender, (
            SELECT max(c.day) FROM records.count c WHERE c.contract = changed.contract AND c.sender = changed.sender
                AND c.province = changed.province AND c.rule = '*' AND c.checked > 0),
        coalesce(sum(checked) FILTER (WHERE rule = '*'), 0), coalesce(sum(failed) FILTER (WHERE rule = '*'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*correct'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+correct'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+correct'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+correct'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*sufficient'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+sufficient'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+sufficient'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+sufficient'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*clean'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+clean'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+clean'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+clean'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '*alive'), 0), coalesce(sum(checked) FILTER (WHERE rule = '+alive'), 0),
        coalesce(sum(failed) FILTER (WHERE rule = '+alive'), 0), coalesce(sum(unknown) FILTER (WHERE rule = '+alive'), 0)
    FROM unnest(changes) changed
    GROUP BY contract, province, sender
    ORDER BY 1, 2, 3
    ON CONFLICT (contract, province, sender) DO UPDATE SET newest = excluded.newest,
        row_count = s.row_count + excluded.row_count, row_failed = s.row_failed + excluded.row_failed,
        correct_broken = s.correct_broken + excluded.correct_broken, correct_checked = s.correct_checked + excluded.correct_checked,
        correct_failed = s.correct_failed + excluded.correct_failed, correct_unknown = s.correct_unknown + excluded.correct_unknown,
        sufficient_broken = s.sufficient_broken + excluded.sufficient_broken, sufficient_checked = s.sufficient_checked + excluded.sufficient_checked,
        sufficient_failed = s.sufficient_failed + excluded.sufficient_failed, sufficient_unknown = s.sufficient_unknown + excluded.sufficient_unknown,
        clean_broken = s.clean_broken + excluded.clean_broken, clean_checked = s.clean_checked + excluded.clean_checked,
        clean_failed = s.clean_failed + excluded.clean_failed, clean_unknown = s.clean_unknown + excluded.clean_unknown,
        alive_broken = s.alive_broken + excluded.alive_broken, alive_checked = s.alive_checked + excluded.alive_checked,
        alive_failed = s.alive_failed + excluded.alive_failed, alive_unknown = s.alive_unknown + excluded.alive_unknown;
$$;

-- What was counted before this revision.
UPDATE quality.sender s SET
    row_count = b.row_count, row_failed = b.row_failed, correct_broken = b.correct_broken, correct_checked = b.correct_checked,
    correct_failed = b.correct_failed, correct_unknown = b.correct_unknown, sufficient_broken = b.sufficient_broken, sufficient_checked = b.sufficient_checked,
    sufficient_failed = b.sufficient_failed, sufficient_unknown = b.sufficient_unknown, clean_broken = b.clean_broken, clean_checked = b.clean_checked,
    clean_failed = b.clean_failed, clean_unknown = b.clean_unknown, alive_broken = b.alive_broken, alive_checked = b.alive_checked,
    alive_failed = b.alive_failed, alive_unknown = b.alive_unknown
FROM (
    SELECT contract, province, sender,
        coalesce(sum(checked) FILTER (WHERE rule = '*'), 0) AS row_count,
        coalesce(sum(failed) FILTER (WHERE rule = '*'), 0) AS row_failed,
        coalesce(sum(failed) FILTER (WHERE rule = '*correct'), 0) AS correct_broken,
        coalesce(sum(checked) FILTER (WHERE rule = '+correct'), 0) AS correct_checked,
        coalesce(sum(failed) FILTER (WHERE rule = '+correct'), 0) AS correct_failed,
        coalesce(sum(unknown) FILTER (WHERE rule = '+correct'), 0) AS correct_unknown,
        coalesce(sum(failed) FILTER (WHERE rule = '*sufficient'), 0) AS sufficient_broken,
        coalesce(sum(checked) FILTER (WHERE rule = '+sufficient'), 0) AS sufficient_checked,
        coalesce(sum(failed) FILTER (WHERE rule = '+sufficient'), 0) AS sufficient_failed,
        coalesce(sum(unknown) FILTER (WHERE rule = '+sufficient'), 0) AS sufficient_unknown,
        coalesce(sum(failed) FILTER (WHERE rule = '*clean'), 0) AS clean_broken,
        coalesce(sum(checked) FILTER (WHERE rule = '+clean'), 0) AS clean_checked,
        coalesce(sum(failed) FILTER (WHERE rule = '+clean'), 0) AS clean_failed,
        coalesce(sum(unknown) FILTER (WHERE rule = '+clean'), 0) AS clean_unknown,
        coalesce(sum(failed) FILTER (WHERE rule = '*alive'), 0) AS alive_broken,
        coalesce(sum(checked) FILTER (WHERE rule = '+alive'), 0) AS alive_checked,
        coalesce(sum(failed) FILTER (WHERE rule = '+alive'), 0) AS alive_failed,
        coalesce(sum(unknown) FILTER (WHERE rule = '+alive'), 0) AS alive_unknown
    FROM records.count WHERE rule COLLATE "C" < '-' GROUP BY contract, province, sender) b
WHERE (s.contract, s.province, s.sender) = (b.contract, b.province, b.sender);
