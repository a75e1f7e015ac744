-- ACCESS SHARE on the catalogs only. Statements that make extended statistics as they are, the first one of which drops them.
SELECT s FROM (
    SELECT 0 AS n, format('DROP STATISTICS IF EXISTS %I.%I', n.nspname, x.stxname) AS s FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE x.oid = {oid:l}
    UNION ALL
    SELECT 1, pg_get_statisticsobjdef({oid:l})
) made ORDER BY n
