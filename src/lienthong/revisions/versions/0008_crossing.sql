-- Rules across databases: which fields link which tables, what must be looked at again, and what findings name.

CREATE TABLE records.crossing_link (
    contract text NOT NULL,
    table_name text NOT NULL,
    rule text NOT NULL,
    fields text[] NOT NULL,
    other_contract text NOT NULL,
    other_table text NOT NULL,
    other_fields text[] NOT NULL,
    PRIMARY KEY (contract, table_name, rule, fields, other_contract, other_table, other_fields)
);
CREATE INDEX crossing_link_of_other ON records.crossing_link (other_contract, other_table);
COMMENT ON TABLE records.crossing_link IS
    'A rule of table_name looks at the rows of other_contract.other_table whose other_fields equal its row''s fields.';

CREATE TABLE records.crossing_due (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract text NOT NULL,
    receipts text[] NOT NULL,
    written xid8 NOT NULL DEFAULT pg_current_xact_id(),
    looked pg_snapshot,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    done_at timestamptz
);
CREATE INDEX crossing_due_waiting ON records.crossing_due (id) WHERE done_at IS NULL;
CREATE INDEX crossing_due_written ON records.crossing_due (contract, at);
COMMENT ON COLUMN records.crossing_due.looked IS
    'What was visible when the rules of these receipts looked at other databases; what came since must be looked at again.';

CREATE TABLE records.crossing_gone (
    written xid8 NOT NULL DEFAULT pg_current_xact_id(),
    contract text NOT NULL,
    table_name text NOT NULL,
    cells jsonb NOT NULL
);
CREATE INDEX crossing_gone_of ON records.crossing_gone (written);
COMMENT ON TABLE records.crossing_gone IS 'Linking fields of rows that were replaced: whatever they touched is looked at again.';

CREATE TABLE records.crossing (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract text NOT NULL,
    table_name text NOT NULL,
    key text NOT NULL,
    sender text NOT NULL,
    province text NOT NULL,
    version integer NOT NULL,
    receipt text NOT NULL,
    row bigint NOT NULL,
    rule text NOT NULL,
    field text NOT NULL,
    others jsonb NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    brought_by text,
    ended_by text
);
CREATE INDEX crossing_of_record ON records.crossing (contract, key, sender) WHERE until IS NULL;
CREATE INDEX crossing_of_receipt ON records.crossing (receipt);
COMMENT ON TABLE records.crossing IS
    'Findings of rules across databases on kept rows, with the other records they name; ended ones stay with their period.';

ALTER TABLE records.finding ADD COLUMN others jsonb;
COMMENT ON COLUMN records.finding.others IS 'The records of other databases that the finding names: contract, table, key, sender.';

ALTER TABLE records.crossing ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON records.crossing USING (app.visible(sender, province));
