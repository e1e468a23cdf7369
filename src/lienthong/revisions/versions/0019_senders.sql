-- The databases to which a token is narrowed; NULL: it is not. A sender whose kind nobody knows may send these only.
ALTER TABLE app.token ADD COLUMN contracts text[];

-- Whether a record that others look at waits in quarantine: asked by the cells of its rows.
CREATE INDEX quarantine_waiting ON records.quarantine USING gin (rows jsonb_path_ops) WHERE state = 'open';
-- Records of these receipts looked at something that waits: they are asked again by themselves.
ALTER TABLE records.crossing_due ADD COLUMN again boolean NOT NULL DEFAULT false;
-- Why an act of looking again failed the last time: a code, no value.
ALTER TABLE records.crossing_due ADD COLUMN why text;
