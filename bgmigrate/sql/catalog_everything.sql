-- ACCESS SHARE on the catalogs only. The live schema as rows of text, for its fingerprint: whatever either version could notice.
WITH rel AS (
    SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('bgmigrate', 'information_schema') AND n.nspname !~ '^pg_' AND c.relname <> ALL (%s)
)
SELECT 'relation', nspname || '.' || relname, concat_ws(' ', relkind, relpersistence, relreplident, relrowsecurity, relforcerowsecurity, reloptions::text, relacl::text, pg_get_partkeydef(oid)) FROM rel WHERE relkind NOT IN ('i', 'I', 't')
UNION ALL SELECT 'column', rel.nspname || '.' || rel.relname || '.' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attcollation, a.attacl::text)
  FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE rel.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL SELECT 'constraint', rel.relname || '.' || k.conname, concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated) FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid
UNION ALL SELECT 'index', i.relname, concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisvalid) FROM rel JOIN pg_index x ON x.indrelid = rel.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL SELECT 'trigger', rel.relname || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid WHERE NOT t.tgisinternal
UNION ALL SELECT 'policy', rel.relname || '.' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM rel JOIN pg_policy p ON p.polrelid = rel.oid
UNION ALL SELECT 'statistics', rel.relname || '.' || x.stxname, pg_get_statisticsobjdef(x.oid) FROM rel JOIN pg_statistic_ext x ON x.stxrelid = rel.oid
UNION ALL SELECT 'view', rel.nspname || '.' || rel.relname, pg_get_viewdef(rel.oid) FROM rel WHERE rel.relkind IN ('v', 'm')
UNION ALL SELECT 'sequence', rel.nspname || '.' || rel.relname, concat_ws(' ', q.seqtypid::regtype::text, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle) FROM rel JOIN pg_sequence q ON q.seqrelid = rel.oid
UNION ALL SELECT 'function', p.oid::regprocedure::text, md5(p.prosrc) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
UNION ALL SELECT 'type', n.nspname || '.' || t.typname, concat_ws(' ', t.typtype, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r') AND n.nspname NOT IN ('bgmigrate', 'information_schema') AND n.nspname !~ '^pg_'
ORDER BY 1, 2, 3
