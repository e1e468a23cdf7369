-- What reports need to know of the Portal, of fees, of ratings and of papers: the tables behind may change without them.
-- overdue: none, real or artefact, as the last look at the Portal classed it; NULL when nobody looked.
CREATE VIEW reports.on_portal AS
    SELECT d.code AS dossier, d.created, d.sent_event, l.overdue, l.why
    FROM portal.dossier d LEFT JOIN portal.look l ON l.dossier = d.code;
CREATE VIEW reports.rated AS
    SELECT dossier, overall > 0 AS satisfied, rated_at AS at FROM portal.rating WHERE overall IS NOT NULL;
CREATE VIEW reports.paid AS
    SELECT dossier, min(paid_at) AS at FROM portal.payment WHERE paid_at IS NOT NULL GROUP BY dossier;
CREATE VIEW reports.papers AS
    SELECT dossier, bool_or(form IN ('electronic', 'digitised')) AS digitised FROM dossiers.attachment
    WHERE removed_at IS NULL AND kind IN ('component', 'supplement') GROUP BY dossier;
CREATE VIEW reports.issued AS
    SELECT dossier, bool_or(attachment IS NOT NULL AND code <> '') AS e_result FROM dossiers.result GROUP BY dossier;
