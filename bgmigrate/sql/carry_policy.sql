-- ACCESS SHARE on the catalogs only. Statements that make a policy as it is, the first one of which drops it.
SELECT s FROM (
    SELECT 0 AS n, format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass) AS s FROM pg_policy p WHERE p.oid = {oid:l}
    UNION ALL
    SELECT 1, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, p.polrelid::regclass, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                     CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                     CASE WHEN p.polroles = '{0}' THEN 'PUBLIC' ELSE (SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM pg_roles WHERE oid = ANY (p.polroles)) END,
                     ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') FROM pg_policy p WHERE p.oid = {oid:l}
    UNION ALL
    SELECT 2, format('COMMENT ON POLICY %I ON %s IS %L', p.polname, p.polrelid::regclass, obj_description(p.oid, 'pg_policy'))
      FROM pg_policy p WHERE p.oid = {oid:l} AND obj_description(p.oid, 'pg_policy') IS NOT NULL
) made ORDER BY n
