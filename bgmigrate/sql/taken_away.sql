-- ACCESS SHARE on the catalogs only. What binds these columns and would bind the version that no longer knows them: checks and foreign keys, from either end.
SELECT n.nspname, r.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint')
  FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
 WHERE k.contype IN ('c', 'f') AND k.coninhcount = 0 AND k.conparentid = 0
   AND (k.conrelid = to_regclass(%(table)s) AND k.conkey && (SELECT array_agg(attnum) FROM pg_attribute WHERE attrelid = to_regclass(%(table)s) AND attname = ANY (%(columns)s))
        OR k.confrelid = to_regclass(%(table)s) AND k.confkey && (SELECT array_agg(attnum) FROM pg_attribute WHERE attrelid = to_regclass(%(table)s) AND attname = ANY (%(columns)s)))
 ORDER BY k.contype DESC, 1, 2, 3
