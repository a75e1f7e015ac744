-- ACCESS SHARE on the catalogs only. What applications use, as findings name it.
SELECT c.oid::int8, CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'v', 'i', 'I') AND c.relname <> ALL (%s)
   AND n.nspname NOT IN ('bgmigrate', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
