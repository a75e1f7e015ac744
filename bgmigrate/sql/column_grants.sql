-- ACCESS SHARE on the catalogs only. What brings a column's own grants and statistics target over to its twin.
SELECT format('GRANT %s (%I) ON {table:t} TO %s%s', x.privilege_type, {new:l},
              CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
 WHERE a.attrelid = '{table:t}'::regclass AND a.attname = {old:l} AND NOT a.attisdropped
UNION ALL
SELECT format('ALTER TABLE {table:t} ALTER COLUMN %I SET STATISTICS %s', {new:l}, a.attstattarget)
  FROM pg_attribute a WHERE a.attrelid = '{table:t}'::regclass AND a.attname = {old:l} AND NOT a.attisdropped AND a.attstattarget >= 0
