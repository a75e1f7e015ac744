-- ACCESS SHARE on the catalogs only. Foreign keys that hold for every row: both tables, and their columns side by side.
SELECT k.conrelid::regclass::text, k.confrelid::regclass::text, array_agg(a.attname ORDER BY p.place)::text[], array_agg(b.attname ORDER BY p.place)::text[]
  FROM pg_constraint k CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY p (mine, theirs, place)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.mine
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = p.theirs
 WHERE k.contype = 'f' AND k.conparentid = 0 AND k.convalidated
 GROUP BY k.oid ORDER BY 1, 2, k.conname
