-- A signature may be whole and yet come from nobody whom the office trusts; and a reason is kept as a code that pages say in words.

ALTER TABLE dossiers.attachment DROP CONSTRAINT attachment_signature_check;
ALTER TABLE dossiers.attachment ADD CONSTRAINT attachment_signature_check
    CHECK (signature IN ('valid', 'untrusted', 'invalid', 'unsigned', 'not_checked'));
ALTER TABLE dossiers.attachment ADD COLUMN signature_why text NOT NULL DEFAULT '';
COMMENT ON COLUMN dossiers.attachment.signature_why IS 'Why a signature is not valid or was not checked: a code of dossiers/signed.py.';
