-- ACCESS SHARE on the catalogs only. What brings a column's own grants and statistics target over to its twin.
SELECT format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, {new:l}, a.attrelid::regclass,
              CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
 WHERE a.attrelid = {table:l}::regclass AND a.attname = {old:l} AND NOT a.attisdropped
UNION ALL
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', a.attrelid::regclass, {new:l}, a.attstattarget)
  FROM pg_attribute a WHERE a.attrelid = {table:l}::regclass AND a.attname = {old:l} AND NOT a.attisdropped AND a.attstattarget >= 0
