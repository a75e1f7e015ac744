-- ACCESS SHARE on the catalogs only. What uses columns of a table (or of one that inherits from it), views on such views included, outermost last.
-- Parameters: the table, and its columns three times (none: whatever uses the table). Constraints, indexes and defaults are no part of it.
WITH RECURSIVE heirs (oid) AS (
    SELECT to_regclass(%s)::oid UNION SELECT i.inhrelid FROM heirs JOIN pg_inherits i ON i.inhparent = heirs.oid
), used AS (
    SELECT d.classid, d.objid FROM heirs JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = heirs.oid
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
     WHERE CASE WHEN %s::text[] = '{}' THEN d.deptype = 'n' ELSE a.attname = ANY (%s::text[]) AND d.deptype IN ('n', 'a') END
), views (oid, depth) AS (
    SELECT r.ev_class, 1 FROM used JOIN pg_rewrite r ON used.classid = 'pg_rewrite'::regclass AND r.oid = used.objid
      JOIN pg_class c ON c.oid = r.ev_class WHERE c.relkind IN ('v', 'm')
    UNION
    SELECT r.ev_class, views.depth + 1 FROM views JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = views.oid
      AND d.classid = 'pg_rewrite'::regclass AND d.deptype = 'n' JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> views.oid
)
SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind, c.oid::bigint, max(depth) AS depth, c.oid::regclass::text AS name,
       pg_has_role(c.relowner, 'USAGE') AS ours
  FROM views JOIN pg_class c USING (oid) GROUP BY c.oid, c.relkind, c.relowner
UNION ALL
SELECT CASE classid::regclass::text WHEN 'pg_rewrite' THEN 'rule' WHEN 'pg_policy' THEN 'policy' WHEN 'pg_trigger' THEN 'trigger' WHEN 'pg_proc' THEN 'function'
            WHEN 'pg_publication_rel' THEN 'publication' WHEN 'pg_statistic_ext' THEN 'statistics' ELSE classid::regclass::text END,
       objid::bigint, 0, pg_describe_object(classid, objid, 0), true
  FROM (SELECT DISTINCT classid, objid FROM used) u
 WHERE classid NOT IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass, 'pg_type'::regclass)
   AND NOT EXISTS (SELECT FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE classid = 'pg_rewrite'::regclass AND r.oid = objid AND c.relkind IN ('v', 'm'))
   AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                    WHERE classid = 'pg_trigger'::regclass AND t.oid = objid AND (t.tgisinternal OR p.pronamespace = to_regnamespace('bgmigrate')))
UNION ALL  -- a column of a partition key depends on its table from within (StorePartitionKey)
SELECT DISTINCT 'partition key', heirs.oid::bigint, 0, 'the partition key of ' || heirs.oid::regclass, true
  FROM heirs JOIN pg_partitioned_table p ON p.partrelid = heirs.oid
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = heirs.oid AND d.refobjid = heirs.oid AND d.refobjsubid = 0 AND d.deptype = 'i'
  JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
 WHERE a.attname = ANY (%s::text[])
 ORDER BY 3, 4
