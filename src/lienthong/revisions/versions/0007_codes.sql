-- Codes that no list knows: where and how often they were seen, and what an official decided about them. The records
-- themselves are never rewritten: a decision explains a code and lets statistics count it under another one.

CREATE TABLE records.unmapped_code (
    list text NOT NULL, code text NOT NULL,
    contract text NOT NULL, field text NOT NULL,
    sender text NOT NULL, province text NOT NULL DEFAULT '',
    seen bigint NOT NULL CHECK (seen > 0),
    first_seen timestamptz NOT NULL, last_seen timestamptz NOT NULL,
    last_receipt text NOT NULL,
    PRIMARY KEY (list, code, contract, field, sender),
    CHECK (first_seen <= last_seen)
);
COMMENT ON TABLE records.unmapped_code IS 'Codes that a complete list does not hold in any period, by field (TABLE.FIELD) and sender.';
COMMENT ON COLUMN records.unmapped_code.seen IS 'Cells in which it arrived, resends included.';
CREATE INDEX unmapped_code_of_sender ON records.unmapped_code (sender, last_seen);
ALTER TABLE records.unmapped_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.unmapped_code USING (app.visible(sender, province));

CREATE TABLE records.code_decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list text NOT NULL, code text NOT NULL,
    state text NOT NULL CHECK (state IN ('mapped', 'invalid', 'open')),
    target text, reason text NOT NULL,
    actor text NOT NULL, decided_at timestamptz NOT NULL,
    CONSTRAINT a_mapping_has_a_target CHECK ((state = 'mapped') = (target IS NOT NULL))
);
COMMENT ON TABLE records.code_decision IS 'What was decided about a code, one row for each decision; the last one holds.';
CREATE INDEX code_decision_of ON records.code_decision (list, code, id);
