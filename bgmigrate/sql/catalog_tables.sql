-- ACCESS SHARE on the catalogs only. Tables of the application; partitions belong to their parents. A default access method is none that a model names.
SELECT c.oid, n.nspname, c.relname, c.relkind::text, obj_description(c.oid, 'pg_class'), c.relacl::text, pg_get_partkeydef(c.oid), c.relpersistence::text,
       CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                           WHEN 'i' THEN (SELECT 'USING INDEX ' || quote_ident(i.relname) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND x.indisreplident)
                           ELSE 'DEFAULT' END, c.relrowsecurity, c.relforcerowsecurity,
       ARRAY(SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(x.reloptions) FROM pg_class x WHERE x.oid = c.reltoastrelid)::text[],
       (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
       (SELECT a.amname FROM pg_am a WHERE a.oid = c.relam AND a.amname <> current_setting('default_table_access_method')),
       c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND n.nspname NOT IN ('bgmigrate', 'information_schema') AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
   AND (%(names)s::text[] IS NULL OR c.relname = ANY (%(names)s))
 ORDER BY n.nspname, c.relname
