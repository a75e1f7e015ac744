-- Everything in which a change could leave a trace, one line each; bgmigrate's own schema and Alembic's table aside. No locks but ACCESS SHARE.
WITH space AS (
    SELECT oid, nspname, nspacl FROM pg_namespace WHERE nspname NOT IN ('bgmigrate', 'information_schema') AND nspname !~ '^pg_'
), relation AS (
    SELECT c.*, s.nspname || '.' || c.relname AS named FROM pg_class c JOIN space s ON s.oid = c.relnamespace WHERE c.relname <> 'alembic_version'
)
SELECT 'schema', nspname::text, coalesce(nspacl::text, '') FROM space
UNION ALL
SELECT 'relation', named, concat_ws(' ', relkind, relpersistence, reloptions::text, relreplident, relrowsecurity, relacl::text, quote_literal(obj_description(oid, 'pg_class')))
  FROM relation WHERE relkind NOT IN ('i', 'I')
UNION ALL
SELECT 'column', named || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
       'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, ''), nullif(a.attgenerated, ''), nullif(a.attcollation, 100)::text,
       a.attacl::text, quote_literal(col_description(r.oid, a.attnum)))
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum WHERE relkind IN ('r', 'p', 'v', 'm')
UNION ALL  -- PostgreSQL 18 keeps NOT NULL as constraints whose names no model gives; the column says the rest
SELECT 'constraint', named || '.' || CASE WHEN contype = 'n' THEN 'not null' ELSE conname END,
       concat_ws(' ', CASE WHEN contype = 'n' THEN 'of ' || (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) ELSE pg_get_constraintdef(k.oid) END,
       CASE WHEN NOT convalidated AND pg_get_constraintdef(k.oid) !~ 'NOT VALID$' THEN 'NOT VALID' END, quote_literal(obj_description(k.oid, 'pg_constraint')))
  FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND contype <> 't' -- a constraint trigger is told among the triggers
UNION ALL
SELECT 'index', named, concat_ws(' ', pg_get_indexdef(x.indexrelid), CASE WHEN NOT x.indisvalid THEN 'INVALID' END) FROM relation r JOIN pg_index x ON x.indexrelid = r.oid
  WHERE x.indrelid IS DISTINCT FROM to_regclass('alembic_version')
UNION ALL
SELECT 'trigger', named || '.' || tgname, pg_get_triggerdef(t.oid) || ' ' || tgenabled::text FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT tgisinternal
UNION ALL
SELECT 'function', p.oid::regprocedure::text, md5(prosrc) || coalesce(proacl::text, '') FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
UNION ALL
SELECT 'type', s.nspname || '.' || typname, concat_ws(' ', typtype, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
  FROM pg_type t JOIN space s ON s.oid = t.typnamespace WHERE typtype IN ('e', 'd', 'r')
UNION ALL
SELECT 'sequence', named, concat_ws(' ', format_type(seqtypid, NULL), seqincrement,
       (SELECT refobjid::regclass || '.' || attname FROM pg_depend JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid WHERE objid = r.oid AND deptype IN ('a', 'i')))
  FROM relation r JOIN pg_sequence q ON q.seqrelid = r.oid
UNION ALL
SELECT 'view', named, pg_get_viewdef(oid) FROM relation WHERE relkind IN ('v', 'm')
UNION ALL
SELECT 'policy', named || '.' || polname, concat_ws(' ', polcmd, polpermissive, pg_get_expr(polqual, polrelid), 'CHECK ' || pg_get_expr(polwithcheck, polrelid))
  FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'row security', named, concat_ws(' ', relrowsecurity, relforcerowsecurity) FROM relation WHERE relrowsecurity OR relforcerowsecurity
UNION ALL
SELECT 'statistics', named || '.' || stxname, pg_get_statisticsobjdef(x.oid) FROM relation r JOIN pg_statistic_ext x ON x.stxrelid = r.oid
UNION ALL
SELECT 'replica identity', named, (SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = r.oid AND indisreplident) FROM relation r WHERE relreplident = 'i'
