-- ACCESS SHARE on the catalogs only. Where a table's rows lie, those of its partitions too: a rewrite changes it.
SELECT array_agg(n ORDER BY n) FROM (
    SELECT pg_relation_filenode({table:l}::regclass) UNION SELECT pg_relation_filenode(relid) FROM pg_partition_tree({table:l}::regclass)
) f (n)
