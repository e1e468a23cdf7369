-- A file that nobody could check when it came is looked at again with what can check it now; one that the check refuses later stays
-- as evidence and is given out no more.

ALTER TABLE dossiers.attachment DROP CONSTRAINT attachment_malware_check;
ALTER TABLE dossiers.attachment ADD CONSTRAINT attachment_malware_check CHECK (malware IN ('passed', 'not_checked', 'refused'));
ALTER TABLE dossiers.attachment ADD COLUMN checked_with text NOT NULL DEFAULT '';
COMMENT ON COLUMN dossiers.attachment.checked_with IS
    'Which scanner and trusted certificates it was last looked at with: a fingerprint, see dossiers/rechecking.py.';
CREATE INDEX attachment_in_doubt ON dossiers.attachment (id)
    WHERE removed_at IS NULL AND (malware = 'not_checked' OR signature IN ('not_checked', 'untrusted'));

-- The line of readings reads many dossiers in one turn; nothing calls this any more.
DROP FUNCTION dossiers.read_one(text, text, text, text, timestamptz, text, text, text);
