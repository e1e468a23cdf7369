-- A dossier that has ended has no deadline left while its result is corrected; its end is the one that counts
-- (dossiers.history.account). The moment that counts now is generated, so the column is made again with its indexes.
UPDATE dossiers.dossier d SET ended_at = f.ended, settled_at = f.settled, returned_at = f.returned
    FROM (SELECT dossier, min(at) AS ended, min(at) FILTER (WHERE to_state = 'settled') AS settled,
              min(at) FILTER (WHERE to_state = 'returned') AS returned
          FROM dossiers.event WHERE to_state IN ('not_received', 'withdrawn', 'stopped', 'settled', 'returned')
          GROUP BY dossier) f
    WHERE f.dossier = d.code AND EXISTS (SELECT 1 FROM dossiers.event e WHERE e.dossier = d.code
        AND e.from_state IN ('not_received', 'withdrawn', 'stopped', 'settled', 'returned')
        AND e.to_state NOT IN ('not_received', 'withdrawn', 'stopped', 'settled', 'returned'));
ALTER TABLE dossiers.dossier DROP COLUMN next_due;
ALTER TABLE dossiers.dossier ADD COLUMN next_due timestamptz GENERATED ALWAYS AS (CASE
    WHEN state = 'new' THEN reception_due
    WHEN state IN ('received', 'processing') AND ended_at IS NULL THEN due_at
    WHEN state IN ('supplement', 'payment') THEN answer_due END) STORED;
COMMENT ON COLUMN dossiers.dossier.next_due IS 'The moment that counts now: of reception, of settling, of the applicant; none in a correction.';
COMMENT ON COLUMN dossiers.dossier.ended_at IS 'The end that is compared with due_at, also while a result is corrected.';
CREATE INDEX dossier_next ON dossiers.dossier (unit, next_due)
    WHERE state IN ('new', 'received', 'processing', 'supplement', 'payment');
CREATE INDEX dossier_next_of_all ON dossiers.dossier (next_due, code)
    WHERE state IN ('new', 'received', 'processing', 'supplement', 'payment');

-- A step in doubt that a person must look at, and what was decided: it is there, it may go out once more, it never does.
ALTER TABLE portal.step DROP CONSTRAINT step_state_check;
ALTER TABLE portal.step ADD CONSTRAINT step_state_check CHECK (state IN ('waiting', 'sending', 'accepted', 'never'));
ALTER TABLE portal.step ADD COLUMN held_since timestamptz;
ALTER TABLE portal.step ADD COLUMN strange jsonb;
ALTER TABLE portal.step ADD COLUMN again boolean NOT NULL DEFAULT false;
ALTER TABLE portal.step ADD COLUMN decided text CHECK (decided IN ('there', 'again', 'never'));
ALTER TABLE portal.step ADD COLUMN decided_by text;
ALTER TABLE portal.step ADD COLUMN decided_at timestamptz;
ALTER TABLE portal.step ADD COLUMN decided_why text;
COMMENT ON COLUMN portal.step.held_since IS 'Since when nothing goes out before somebody looked; NULL when nothing is held back.';
COMMENT ON COLUMN portal.step.strange IS 'Steps of the Portal that may be this one: moment, state and print of each; never a name.';
COMMENT ON COLUMN portal.step.again IS 'A person allowed it to go out once more; taken back when it goes out.';
CREATE INDEX step_held ON portal.step (held_since) WHERE held_since IS NOT NULL;
