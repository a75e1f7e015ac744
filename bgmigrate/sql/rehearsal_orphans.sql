-- ROW EXCLUSIVE on a table of the copy: the rows that point at a row which is not there.
DELETE FROM {child:q} AS bgm_child
 WHERE {known:q} AND NOT EXISTS (SELECT FROM {parent:q} AS bgm_parent WHERE {same:q})
