-- ACCESS SHARE on the catalogs only. NOT NULL constraints (contype n, PostgreSQL 18+) are told by their columns.
SELECT k.oid, k.conrelid, k.conname, k.contype::text, pg_get_constraintdef(k.oid), k.convalidated,
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u (n, i) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i)::text[],
       CASE WHEN k.confrelid <> 0 THEN (SELECT ARRAY[n.nspname, c.relname]::text[] FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = k.confrelid) END,
       k.confdeltype::text, k.conindid, obj_description(k.oid, 'pg_constraint'),
       ARRAY(SELECT format('OPERATOR(%%I.%%s)', n.nspname, o.oprname) FROM unnest(k.conexclop) WITH ORDINALITY u (o, i) JOIN pg_operator o ON o.oid = u.o JOIN pg_namespace n ON n.oid = o.oprnamespace ORDER BY u.i)::text[]
  FROM pg_constraint k
 WHERE k.conrelid = ANY (%s) AND k.contype IN ('p', 'u', 'f', 'c', 'x')
 ORDER BY k.conrelid, k.conname
