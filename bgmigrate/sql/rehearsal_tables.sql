-- ACCESS SHARE on the catalogs only. The tables that hold rows, with the columns that rows are given by: a generated one is computed again.
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum)::text[]
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('bgmigrate', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' AND c.relname <> ALL (%s)
 GROUP BY 1, 2 ORDER BY 1, 2
