-- No lock on the table but ACCESS SHARE. The sequence becomes the column's; who may insert rows may draw their numbers, for a default has the inserting role's rights only.
DO $bgm$
DECLARE
    owner name := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = {table:l}::regclass);
    statement text;
BEGIN
    IF owner <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = {sequence:l}::regclass) THEN
        EXECUTE format('ALTER SEQUENCE %s OWNER TO %I', {sequence:l}, owner);
    END IF;
    ALTER SEQUENCE {sequence:q} OWNED BY {table:q}.{column:i};
    FOR statement IN
        SELECT DISTINCT format('GRANT USAGE ON SEQUENCE %s TO %s', {sequence:l}, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
          FROM (SELECT relacl FROM pg_class WHERE oid = {table:l}::regclass UNION ALL SELECT attacl FROM pg_attribute WHERE attrelid = {table:l}::regclass) a (acl)
               CROSS JOIN LATERAL aclexplode(a.acl) x
         WHERE x.privilege_type = 'INSERT' AND pg_get_userbyid(x.grantee) <> owner
    LOOP
        EXECUTE statement;
    END LOOP;
END
$bgm$
