-- ACCESS SHARE on the catalogs only. How large each table is, and how many rows it had when it was last vacuumed or analyzed.
SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, n.nspname, c.relname,
       c.reltuples::float8, c.relpages, pg_relation_size(c.oid)::int8
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('bgmigrate', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
