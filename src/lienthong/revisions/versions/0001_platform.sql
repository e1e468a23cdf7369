-- The limited role. Every connection of the program acts as it; it owns nothing and obeys row security.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lienthong_app') THEN
    CREATE ROLE lienthong_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object THEN NULL;  -- another database of this server was prepared at the same moment
END $$;
DO $$ BEGIN
  IF NOT pg_has_role(current_user, 'lienthong_app', 'MEMBER')
     OR current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE format('GRANT lienthong_app TO %I', current_user);
  END IF;
EXCEPTION
  WHEN unique_violation OR invalid_grant_operation THEN NULL;  -- granted at the same moment, or by oneself
  WHEN insufficient_privilege THEN  -- whoever made the role has granted it already
    IF NOT pg_has_role(current_user, 'lienthong_app', 'MEMBER') THEN RAISE; END IF;
END $$;
GRANT USAGE ON SCHEMA app TO lienthong_app;

-- Whatever the owner makes later is open to the role by itself; append-only tables take it back below.
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO lienthong_app;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lienthong_app;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO lienthong_app;

-- Row security asks this of every row that has a sender and a province. Without a scope nothing is visible.
CREATE FUNCTION app.visible(sender text, province text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE current_setting('lienthong.scope', true)
    WHEN 'all' THEN true
    WHEN 'facility' THEN sender = current_setting('lienthong.facility', true)
    WHEN 'province' THEN province = current_setting('lienthong.province', true)
    ELSE false END
$$;

-- Who may sign in.
CREATE TABLE app.account (
  id          text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9._-]{1,63}$'),
  name        text NOT NULL,
  password    text,
  roles       text[] NOT NULL DEFAULT '{}',
  facility    text,
  province    text,
  language    text NOT NULL DEFAULT 'vi' CHECK (language IN ('vi', 'en', 'fr')),
  active      boolean NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- Wrong passwords, counted per account and per address until they grow old.
CREATE TABLE app.login_failure (
  subject text NOT NULL,
  at      timestamptz NOT NULL
);
CREATE INDEX ON app.login_failure (subject, at);

CREATE TABLE app.session (
  hash        bytea PRIMARY KEY,
  account     text NOT NULL REFERENCES app.account ON DELETE CASCADE,
  csrf        text NOT NULL,
  created_at  timestamptz NOT NULL,
  renewed_at  timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL,
  ends_at     timestamptz
);
CREATE INDEX ON app.session (account);

-- The tokens of senders: only a hash is kept.
CREATE TABLE app.token (
  id          text PRIMARY KEY,
  hash        bytea NOT NULL UNIQUE,
  facility    text NOT NULL,
  province    text,
  name        text NOT NULL,
  roles       text[] NOT NULL,
  created_by  text NOT NULL,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz,
  used_at     timestamptz,
  revoked_at  timestamptz
);

-- Who read which personal data, and why. Written by the gate, never changed.
CREATE TABLE app.read_log (
  at        timestamptz NOT NULL,
  actor     text NOT NULL,
  action    text NOT NULL,
  purpose   text NOT NULL,
  facility  text,
  resource  jsonb NOT NULL
);
CREATE INDEX ON app.read_log (at);
CREATE INDEX ON app.read_log (actor, at);
REVOKE UPDATE, DELETE ON app.read_log FROM lienthong_app;

-- The audit trail: hash chains in lanes. One lane is one chain; a transaction takes a lane that nobody holds, so
-- that writers do not wait for one another's commits, and holds it to its end.
CREATE TABLE app.audit_lane (
  lane      smallint PRIMARY KEY,
  place  bigint NOT NULL DEFAULT 0,
  hash      bytea NOT NULL DEFAULT '\x'
);
INSERT INTO app.audit_lane (lane) SELECT generate_series(0, 31);

CREATE TABLE app.audit (
  lane      smallint NOT NULL,
  place  bigint NOT NULL,
  at        timestamptz NOT NULL,
  actor     text NOT NULL CHECK (actor !~ '\n'),
  act       text NOT NULL CHECK (act !~ '\n'),
  about     jsonb NOT NULL,
  hash      bytea NOT NULL,
  PRIMARY KEY (lane, place)
);
CREATE INDEX ON app.audit (at);
CREATE INDEX ON app.audit (actor, at);

CREATE TABLE app.audit_checkpoint (
  at         timestamptz PRIMARY KEY,
  lanes      jsonb NOT NULL,
  key        text NOT NULL,
  signature  text NOT NULL
);
REVOKE INSERT, UPDATE, DELETE ON app.audit, app.audit_lane FROM lienthong_app;
REVOKE UPDATE, DELETE ON app.audit_checkpoint FROM lienthong_app;

CREATE FUNCTION app.audit_text(lane int, place bigint, at timestamptz, actor text, act text, about jsonb)
RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws(E'\n', lane, place, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   actor, act, about::text)
$$;

CREATE FUNCTION app.audit_write(at timestamptz, actor text, act text, about jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mine text := current_setting('lienthong.audit_lane', true);
  tail app.audit_lane%ROWTYPE;
  link bytea;
BEGIN
  IF mine <> '' THEN
    SELECT * INTO tail FROM app.audit_lane l WHERE l.lane = mine::smallint FOR UPDATE;
  ELSE
    SELECT * INTO tail FROM app.audit_lane l ORDER BY l.lane LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN  -- every lane is held: wait for one of them
      SELECT * INTO tail FROM app.audit_lane l WHERE l.lane = floor(random() * 32)::smallint FOR UPDATE;
    END IF;
    PERFORM set_config('lienthong.audit_lane', tail.lane::text, true);
  END IF;
  link := sha256(tail.hash || convert_to(
    app.audit_text(tail.lane, tail.place + 1, at, actor, act, about), 'UTF8'));
  INSERT INTO app.audit VALUES (tail.lane, tail.place + 1, at, actor, act, about, link);
  UPDATE app.audit_lane l SET place = tail.place + 1, hash = link WHERE l.lane = tail.lane;
END $$;
REVOKE ALL ON FUNCTION app.audit_write FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.audit_write TO lienthong_app;
GRANT SELECT ON app.revision TO lienthong_app;
