-- What scores are made of: rows that one rule alone makes wrong, and an index that holds a whole nation's page.
ALTER TABLE records.count ADD COLUMN sole bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN records.count.sole IS 'Rows for which this is the only broken rule of its criterion: mending it makes exactly these rows good.';

-- Pseudo rules begin with * or + (they sort before -); a score reads nothing else. PostgreSQL answers from the index alone.
CREATE INDEX count_of_scores ON records.count (contract, province, sender, day, table_name, rule)
    INCLUDE (checked, failed, unknown, version) WHERE rule COLLATE "C" < '-';

-- Causes: only rules that somebody broke.
CREATE INDEX count_of_causes ON records.count (contract, sender, province, table_name, rule)
    INCLUDE (failed, sole, day) WHERE failed > 0 AND rule COLLATE "C" > '-';
