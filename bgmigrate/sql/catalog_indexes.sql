-- ACCESS SHARE on the catalogs only.
SELECT x.indexrelid, x.indrelid, i.relname, pg_get_indexdef(x.indexrelid), x.indisunique, x.indisvalid,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')),
       ARRAY(SELECT a.attname FROM unnest(x.indkey::int2[]) WITH ORDINALITY u (n, o) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.n AND u.n > 0 ORDER BY u.o)::text[],
       x.indpred IS NOT NULL, x.indexprs IS NOT NULL, obj_description(x.indexrelid, 'pg_class'),
       COALESCE(i.reloptions, '{}')::text[],
       ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, false) FROM generate_series(1, x.indnkeyatts::int) k), pg_get_expr(x.indpred, x.indrelid),
       NOT x.indnullsnotdistinct
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
 WHERE x.indrelid = ANY (%s)
 ORDER BY x.indrelid, i.relname
