-- ACCESS SHARE on the catalogs only. Where the rows of each table are, and what this session has read of it by sequential scans.
SELECT c.oid::int8, n.nspname, c.relname, c.relfilenode::int8, coalesce(s.seq_scan, 0)::int8, coalesce(s.seq_tup_read, 0)::int8,
       current_setting('lock_timeout')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_xact_all_tables s ON s.relid = c.oid
 WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('bgmigrate', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
