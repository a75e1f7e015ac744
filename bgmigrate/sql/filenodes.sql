-- ACCESS SHARE on the catalogs only. Where a table's rows lie, and where its indexes do, those of its partitions too: a rewrite changes both, and an
-- index that is built anew the second. By place, for an index that is kept has another oid afterwards.
WITH tables (oid) AS (
    SELECT {table:l}::regclass::oid UNION SELECT relid FROM pg_partition_tree({table:l}::regclass)
), rows (place) AS (
    SELECT pg_relation_filenode(oid) FROM tables
), indexes (place) AS (
    SELECT pg_relation_filenode(i.indexrelid) FROM tables t JOIN pg_index i ON i.indrelid = t.oid
)
SELECT (SELECT array_agg(place ORDER BY place) FROM rows), (SELECT array_agg(place ORDER BY place) FROM indexes)
