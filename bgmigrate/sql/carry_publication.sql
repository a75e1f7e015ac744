-- ACCESS SHARE on the catalogs only. Statements that publish a table as it is, the first one of which takes it out of the publication.
SELECT s FROM (
    SELECT 0 AS n, format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, r.prrelid::regclass) AS s
      FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.oid = {oid:l}
    UNION ALL
    SELECT 1, format('ALTER PUBLICATION %I ADD TABLE %s%s%s', p.pubname, r.prrelid::regclass,
                     ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.i) FROM unnest(r.prattrs::int2[]) WITH ORDINALITY k (n, i)
                                JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = k.n) || ')', ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')')
      FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.oid = {oid:l}
) made ORDER BY n
