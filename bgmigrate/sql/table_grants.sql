-- ACCESS SHARE on the catalogs only. What gives a view the grants that a table and its columns have.
SELECT format('GRANT %s ON %s TO %s%s', x.privilege_type, {view:l}, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
              CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
 WHERE c.oid = to_regclass({table:l}) AND x.grantee <> c.relowner AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
UNION ALL
SELECT format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, a.attname, {view:l}, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
              CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
 WHERE a.attrelid = to_regclass({table:l}) AND a.attnum > 0 AND NOT a.attisdropped AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE')
