-- ACCESS EXCLUSIVE on the view alone, where it is there already. With other columns it is dropped and made anew, with the grants that it had.
DO $bgm$
DECLARE
    grants text[];
    statement text;
BEGIN
    EXECUTE {definition:l};
EXCEPTION WHEN invalid_table_definition THEN
    grants := ARRAY(
        SELECT format('GRANT %s ON %s TO %s%s', x.privilege_type, {view:l}, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE c.oid = {view:l}::regclass AND x.grantee <> c.relowner);
    DROP VIEW {view:q};
    EXECUTE {definition:l};
    FOREACH statement IN ARRAY grants LOOP
        EXECUTE statement;
    END LOOP;
END
$bgm$
