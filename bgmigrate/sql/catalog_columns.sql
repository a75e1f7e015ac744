-- ACCESS SHARE on the catalogs only. With the sequence that an identity or a nextval() default draws from, and whether the column owns it, as a serial one does.
-- The sequences are found once and not by column: on a database that nobody has analyzed yet a search by column reads pg_depend whole for each.
WITH drawn AS MATERIALIZED (
    SELECT p.refobjid AS attrelid, p.refobjsubid AS attnum, q.seqrelid, 1 AS rank
      FROM pg_sequence q JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.objid = q.seqrelid AND p.refclassid = 'pg_class'::regclass AND p.deptype = 'i'
     WHERE p.refobjid = ANY (%(tables)s)
    UNION ALL
    SELECT d.adrelid, d.adnum, q.seqrelid, 2
      FROM pg_sequence q JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = q.seqrelid AND p.classid = 'pg_attrdef'::regclass
      JOIN pg_attrdef d ON d.oid = p.objid
     WHERE d.adrelid = ANY (%(tables)s)
), owner AS MATERIALIZED (
    SELECT p.objid, p.refobjid, p.refobjsubid FROM pg_sequence q JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.objid = q.seqrelid
     WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = ANY (%(tables)s) AND p.deptype IN ('a', 'i')
), sequence AS MATERIALIZED (
    SELECT DISTINCT ON (w.attrelid, w.attnum) w.attrelid, w.attnum, n.nspname, c.relname, format_type(q.seqtypid, NULL) AS type,
           format('START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s%%s', q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END) AS options,
           o.objid IS NOT NULL AS owned
      FROM drawn w JOIN pg_sequence q USING (seqrelid) JOIN pg_class c ON c.oid = q.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN owner o ON o.objid = q.seqrelid AND o.refobjid = w.attrelid AND o.refobjsubid = w.attnum
     ORDER BY w.attrelid, w.attnum, w.rank, q.seqrelid
)
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
       CASE WHEN a.attcollation <> t.typcollation THEN (SELECT quote_ident(cn.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace
                                                         WHERE l.oid = a.attcollation) END,
       col_description(a.attrelid, a.attnum), a.attacl::text, s.nspname, s.relname, s.type, s.options, s.owned
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN sequence s ON s.attrelid = a.attrelid AND s.attnum = a.attnum
 WHERE a.attrelid = ANY (%(tables)s) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
