-- ACCESS SHARE on the catalogs only. Views and foreign tables, which statements they take (INSERT 8, UPDATE 4, DELETE 16), and their columns.
SELECT n.nspname, c.relname, c.relkind::text, pg_relation_is_updatable(c.oid, true),
       (SELECT jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm', 'f') AND n.nspname NOT IN ('bgmigrate', 'information_schema') AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
