-- No lock on any table. Triggers that mark a table's rows for a transform which reads or writes one of some columns.
SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, t.tgname
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.tgrelid = ANY (%(tables)s::regclass[]) AND t.tgparentid = 0 AND p.pronamespace = to_regnamespace('bgmigrate')
   AND obj_description(p.oid, 'pg_proc') LIKE '{"transform": %%'
   AND obj_description(p.oid, 'pg_proc')::jsonb -> 'columns' ?| %(columns)s
 ORDER BY 1, 2
