-- ACCESS SHARE on the catalogs only. Where a table's rows lie, and where its indexes do, those of its partitions too: a rewrite changes both, and an
-- index that is built anew the second.
WITH tables (oid) AS (
    SELECT {table:l}::regclass::oid UNION SELECT relid FROM pg_partition_tree({table:l}::regclass)
)
SELECT (SELECT array_agg(pg_relation_filenode(oid) ORDER BY oid) FROM tables),
       (SELECT array_agg(pg_relation_filenode(i.indexrelid) ORDER BY i.indexrelid) FROM tables t JOIN pg_index i ON i.indrelid = t.oid)
