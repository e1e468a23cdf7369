-- The databases to which a token is narrowed; NULL: it is not. A sender whose kind nobody knows may send these only.
ALTER TABLE app.token ADD COLUMN contracts text[];
