-- ACCESS SHARE on alembic_version. NOT NULL columns that nothing has altered since their table was made (the system columns are of that
-- transaction), of tables that were there before the last migration. A CHECK that says no more is as good.
SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, a.attname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute s ON s.attrelid = c.oid AND s.attnum = -1
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND age(s.xmin) > (SELECT min(age(v.xmin)) FROM alembic_version v)
   AND (a.attnotnull AND a.xmin = s.xmin OR EXISTS (
       SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] AND k.xmin = s.xmin
          AND pg_get_expr(k.conbin, c.oid) = '(' || quote_ident(a.attname) || ' IS NOT NULL)'))
