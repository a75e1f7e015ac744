-- ACCESS SHARE on the catalogs only. The best key to visit rows by: primary first, then the narrowest unique one without NULLs.
SELECT array_agg(a.attname ORDER BY u.i)::text[], array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY u.i)::text[]
  FROM pg_index x CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY u (n, i)
  JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.n
 WHERE x.indrelid = %s::regclass AND x.indisunique AND x.indisvalid AND x.indimmediate AND x.indpred IS NULL AND x.indexprs IS NULL
   AND u.i <= x.indnkeyatts
 GROUP BY x.indexrelid, x.indisprimary, x.indnatts
HAVING bool_and(a.attnotnull)
 ORDER BY x.indisprimary DESC, x.indnatts, x.indexrelid
 LIMIT 1
