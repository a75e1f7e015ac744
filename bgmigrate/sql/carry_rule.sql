-- ACCESS SHARE on the catalogs only. Statements that make a rule as it is, the first one of which drops it.
SELECT s FROM (
    SELECT 0 AS n, format('DROP RULE %I ON %s', r.rulename, r.ev_class::regclass) AS s FROM pg_rewrite r WHERE r.oid = {oid:l}
    UNION ALL
    SELECT 1, rtrim(pg_get_ruledef(r.oid), ';') FROM pg_rewrite r WHERE r.oid = {oid:l}
) made ORDER BY n
