-- ACCESS SHARE on the catalogs only. Tables of publications that publish UPDATE or DELETE, one row for each.
SELECT DISTINCT t.schemaname, t.tablename, w.what
  FROM pg_publication p
  JOIN pg_publication_tables t USING (pubname)
  CROSS JOIN LATERAL (VALUES ('update', p.pubupdate), ('delete', p.pubdelete)) AS w (what, published)
 WHERE w.published
 ORDER BY 1, 2, 3
