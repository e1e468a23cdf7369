-- When every lane is held, a writer waits for one lane drawn by lot. The lot is drawn once: drawn inside the condition
-- it was drawn anew for every row, so that now and then no lane fitted and the act failed.
CREATE OR REPLACE FUNCTION app.audit_write(at timestamptz, actor text, act text, about jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mine text := current_setting('lienthong.audit_lane', true);
  drawn smallint := floor(random() * 32);
  tail app.audit_lane%ROWTYPE;
  link bytea;
BEGIN
  IF mine <> '' THEN
    SELECT * INTO STRICT tail FROM app.audit_lane l WHERE l.lane = mine::smallint FOR UPDATE;
  ELSE
    SELECT * INTO tail FROM app.audit_lane l ORDER BY l.lane LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      SELECT * INTO STRICT tail FROM app.audit_lane l WHERE l.lane = drawn FOR UPDATE;
    END IF;
    PERFORM set_config('lienthong.audit_lane', tail.lane::text, true);
  END IF;
  link := sha256(tail.hash || convert_to(
    app.audit_text(tail.lane, tail.place + 1, at, actor, act, about), 'UTF8'));
  INSERT INTO app.audit VALUES (tail.lane, tail.place + 1, at, actor, act, about, link);
  UPDATE app.audit_lane l SET place = tail.place + 1, hash = link WHERE l.lane = tail.lane;
END $$;
