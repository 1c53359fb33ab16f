-- Large objects of 100 kB, and a table that points to them; every byte follows from the object's number.
-- `psql -v objects=N`.
\set ON_ERROR_STOP on
SET synchronous_commit = off;

CREATE TABLE scans (id bigint PRIMARY KEY, name text NOT NULL, image oid NOT NULL UNIQUE);
INSERT INTO scans
SELECT i, 'scan ' || i, lo_from_bytea(0, (
  SELECT string_agg(decode(md5(i || ':' || j), 'hex'), '') FROM generate_series(1, 6250) AS j))
FROM generate_series(1, :objects) AS i;
