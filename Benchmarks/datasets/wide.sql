-- Wide rows: a jsonb and a bytea of some kilobytes each, which do not compress in the server; every value follows from
-- its row's number. `psql -v rows=N`.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET client_min_messages = warning;

CREATE TABLE documents (
  id bigint PRIMARY KEY, title text NOT NULL, body jsonb NOT NULL, content bytea NOT NULL, tags text[] NOT NULL,
  created_at timestamptz NOT NULL);
ALTER TABLE documents ALTER content SET STORAGE EXTERNAL;

INSERT INTO documents
SELECT i, 'Document ' || i,
  (SELECT jsonb_object_agg('field ' || j, md5(i || ' ' || j)) FROM generate_series(1, 40) AS j),
  (SELECT string_agg(decode(md5(i || ':' || j), 'hex'), '') FROM generate_series(1, 200) AS j),
  ARRAY['tag ' || i % 7, 'tag ' || i % 11], timestamptz '2026-01-01 00:00+00' + i * interval '1 minute'
FROM generate_series(1, :rows) AS i;
CREATE INDEX documents_body ON documents USING gin (body jsonb_path_ops);
CREATE INDEX documents_tags ON documents USING gin (tags);
CREATE INDEX documents_created ON documents (created_at);
