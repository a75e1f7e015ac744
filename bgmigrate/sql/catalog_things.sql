-- ACCESS SHARE on the catalogs only. What stands beside the tables, in the order in which it was made: functions, views, triggers, policies, extended statistics.
-- Each with what matters of it, in words. Not ours, not an extension's, and no partition's copy of its parent's trigger.
WITH space AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname NOT IN ('bgmigrate', 'information_schema') AND nspname !~ '^pg_'
), extension AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
)
SELECT 'function' AS kind, s.nspname, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, NULL AS at_schema, NULL AS at, pg_get_functiondef(p.oid), NULL AS state, NULL::text[] AS calls,
       array_remove(ARRAY[CASE WHEN p.prorettype = 'trigger'::regtype THEN 'returns trigger' END,
                          CASE WHEN EXISTS (SELECT FROM pg_depend d LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
                                             WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND (d.refclassid = 'pg_class'::regclass OR t.typrelid <> 0)) THEN 'needs tables' END], NULL), p.oid::bigint AS made
  FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
 WHERE p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
UNION ALL
SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, s.nspname, c.relname, NULL, NULL, NULL,
       format('CREATE OR REPLACE VIEW %I.%I%s AS%s', s.nspname, c.relname, ' WITH (' || array_to_string(c.reloptions, ', ') || ')', E'\n' || rtrim(pg_get_viewdef(c.oid), ';')), NULL, NULL, '{}', c.oid::bigint
  FROM pg_class c JOIN space s ON s.oid = c.relnamespace
 WHERE c.relkind IN ('v', 'm') AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
UNION ALL
SELECT 'trigger', s.nspname, t.tgname, NULL, s.nspname, c.relname, regexp_replace(pg_get_triggerdef(t.oid), '^CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'),
       CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END, ARRAY[p.pronamespace::regnamespace::text, p.proname::text],
       array_remove(ARRAY[CASE WHEN t.tgtype & 3 = 3 THEN 'before each row' END], NULL), t.oid::bigint
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN space s ON s.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND p.pronamespace IS DISTINCT FROM to_regnamespace('bgmigrate')
UNION ALL
SELECT 'policy', s.nspname, p.polname, NULL, s.nspname, c.relname,
       format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', p.polname, s.nspname, c.relname, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
              (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r),
              ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
       NULL, NULL, array_remove(ARRAY[CASE WHEN NOT p.polpermissive THEN 'restrictive' END], NULL), p.oid::bigint
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN space s ON s.oid = c.relnamespace
UNION ALL
SELECT 'statistics', s.nspname, x.stxname, NULL, cs.nspname, c.relname, pg_get_statisticsobjdef(x.oid), NULL, NULL, '{}', x.oid::bigint
  FROM pg_statistic_ext x JOIN space s ON s.oid = x.stxnamespace JOIN pg_class c ON c.oid = x.stxrelid JOIN space cs ON cs.oid = c.relnamespace
 ORDER BY made
