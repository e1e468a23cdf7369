ALTER TABLE portal.inbound DROP CONSTRAINT inbound_kind_check;
ALTER TABLE portal.inbound ADD CONSTRAINT inbound_kind_check
    CHECK (kind IN ('dossier', 'supplement', 'withdrawal', 'payment', 'question', 'rating'));

-- The bill of a paid fee is a file of the dossier; until it is there it is asked for again, apart from the fee itself.
ALTER TABLE portal.payment ADD COLUMN bill bigint REFERENCES dossiers.attachment (id);
ALTER TABLE portal.payment ADD COLUMN bill_attempts integer NOT NULL DEFAULT 0;
ALTER TABLE portal.payment ADD COLUMN bill_next_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE portal.payment ADD COLUMN bill_failure text;
CREATE INDEX payment_without_bill ON portal.payment (bill_next_at) WHERE bill IS NULL AND transaction IS NOT NULL;
