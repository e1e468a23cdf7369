-- Version 0 holds no text of its own: from its used_from on, papers are printed as they come with the program.

ALTER TABLE dossiers.template DROP CONSTRAINT template_version_check;
ALTER TABLE dossiers.template ADD CONSTRAINT template_version_check CHECK (version >= 0);
