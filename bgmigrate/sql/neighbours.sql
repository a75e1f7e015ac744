-- ACCESS SHARE on the catalogs only. The tables that foreign keys of these tables lead to or come from: of these columns alone, where any are named.
SELECT DISTINCT n.nspname, c.relname
  FROM pg_constraint k
  CROSS JOIN LATERAL (VALUES (k.conrelid, k.conkey, k.confrelid), (k.confrelid, k.confkey, k.conrelid)) side (here, attnums, there)
  JOIN pg_class c ON c.oid = side.there
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'f' AND side.here = ANY (SELECT to_regclass(t)::oid FROM unnest(%(tables)s::text[]) t)
   AND (%(columns)s::text[] IS NULL OR EXISTS (
       SELECT FROM pg_attribute a WHERE a.attrelid = side.here AND a.attnum = ANY (side.attnums) AND a.attname = ANY (%(columns)s::text[])))
 ORDER BY 1, 2
