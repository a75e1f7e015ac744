-- ACCESS SHARE on the catalogs only. Which of these columns may lose their NOT NULL, and the name that PostgreSQL 18 and newer give it.
SELECT a.attname, (SELECT k.conname FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum])
  FROM pg_attribute a
 WHERE a.attrelid = to_regclass(%(table)s) AND a.attname = ANY (%(columns)s) AND a.attnotnull AND a.attidentity = ''
   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey))
 ORDER BY a.attnum
