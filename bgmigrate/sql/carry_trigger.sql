-- ACCESS SHARE on the catalogs only. Statements that make a trigger as it is, the first one of which drops it.
SELECT s FROM (
    SELECT 0 AS n, format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) AS s FROM pg_trigger t WHERE t.oid = {oid:l}
    UNION ALL
    SELECT 1, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.oid = {oid:l}
    UNION ALL
    SELECT 2, format('ALTER TABLE %s %s TRIGGER %I', t.tgrelid::regclass, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)
      FROM pg_trigger t WHERE t.oid = {oid:l} AND t.tgenabled <> 'O'
    UNION ALL
    SELECT 3, format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, t.tgrelid::regclass, obj_description(t.oid, 'pg_trigger'))
      FROM pg_trigger t WHERE t.oid = {oid:l} AND obj_description(t.oid, 'pg_trigger') IS NOT NULL
) made ORDER BY n
