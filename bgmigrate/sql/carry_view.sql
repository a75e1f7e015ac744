-- ACCESS SHARE on the catalogs only. Statements that make a view as it is, the first one of which drops it.
SELECT s FROM (
    SELECT 0 AS n, format('DROP VIEW %s', c.oid::regclass) AS s FROM pg_class c WHERE c.oid = {oid:l}
    UNION ALL
    SELECT 1, format('CREATE VIEW %s%s AS %s', c.oid::regclass, CASE WHEN c.reloptions IS NOT NULL THEN ' WITH (' || array_to_string(c.reloptions, ', ') || ')' ELSE '' END,
                     rtrim(pg_get_viewdef(c.oid), '; ')) FROM pg_class c WHERE c.oid = {oid:l}
    UNION ALL
    SELECT 2, format('ALTER VIEW %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner)) FROM pg_class c WHERE c.oid = {oid:l} AND pg_get_userbyid(c.relowner) <> current_user
    UNION ALL
    SELECT 3, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', a.attrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = {oid:l}
    UNION ALL
    SELECT 4, format('GRANT %s ON %s TO %s%s', x.privilege_type, c.oid::regclass, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                     CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE c.oid = {oid:l} AND x.grantee <> c.relowner
    UNION ALL
    SELECT 5, format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, a.attname, a.attrelid::regclass, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                     CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = {oid:l}
    UNION ALL
    SELECT 6, format('COMMENT ON VIEW %s IS %L', d.objoid::regclass, d.description) FROM pg_description d WHERE d.objoid = {oid:l} AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
    UNION ALL
    SELECT 7, format('COMMENT ON COLUMN %s.%I IS %L', a.attrelid::regclass, a.attname, d.description)
      FROM pg_description d JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid WHERE d.objoid = {oid:l} AND d.classoid = 'pg_class'::regclass
    UNION ALL
    SELECT 8, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgrelid = {oid:l} AND NOT t.tgisinternal
    UNION ALL
    SELECT 9, rtrim(pg_get_ruledef(r.oid), ';') FROM pg_rewrite r WHERE r.ev_class = {oid:l} AND r.rulename <> '_RETURN'
) made ORDER BY n, s
