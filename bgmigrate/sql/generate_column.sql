-- ACCESS EXCLUSIVE on the table until the transaction ends; where the column is stored every row is written, so it is for small tables only.
-- What hangs on the column in its own table (indexes, constraints, triggers, statistics, comment, grants) is made anew as it was.
DO $bgm$
DECLARE
    relation CONSTANT regclass := {table:l}::regclass;
    old record;
    again text[];
    statement text;
BEGIN
    SELECT * INTO STRICT old FROM pg_attribute WHERE attrelid = relation AND attname = {column:l} AND NOT attisdropped;
    IF old.attgenerated = {generated:l} AND current_setting('server_version_num')::int >= 170000 THEN
        EXECUTE {set:l};
        RETURN;
    END IF;
    again := ARRAY(
        SELECT s FROM (
            -- of a partitioned table: on its partitions, too
            SELECT 0, regexp_replace(pg_get_indexdef(i.objid), '^(CREATE (UNIQUE )?INDEX ("([^"]|"")+"|\S+) ON )ONLY ', '\1')
              FROM pg_depend i WHERE i.refclassid = 'pg_class'::regclass AND i.refobjid = relation AND i.refobjsubid = old.attnum AND i.classid = 'pg_class'::regclass
               AND EXISTS (SELECT FROM pg_index x WHERE x.indexrelid = i.objid) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.objid AND k.conrelid = relation)
            UNION
            SELECT 1, format('ALTER TABLE %s ADD CONSTRAINT %I %s', relation, k.conname, pg_get_constraintdef(k.oid))
              FROM pg_constraint k WHERE k.conrelid = relation AND old.attnum = ANY (k.conkey) AND k.contype <> 'n'
            UNION
            SELECT 2, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgrelid = relation AND old.attnum = ANY (t.tgattr) AND NOT t.tgisinternal
            UNION
            SELECT 2, pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s WHERE s.stxrelid = relation AND old.attnum = ANY (s.stxkeys)
            UNION
            SELECT 3, format('COMMENT ON COLUMN %s.%I IS %L', relation, old.attname, col_description(relation, old.attnum)) WHERE col_description(relation, old.attnum) IS NOT NULL
            UNION
            SELECT 3, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', relation, old.attname, old.attstattarget) WHERE old.attstattarget >= 0
            UNION
            SELECT 4, format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, old.attname, relation, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END, CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
              FROM aclexplode(old.attacl) x
        ) made (n, s) ORDER BY n, s
    );
    FOR statement IN SELECT format('DROP TRIGGER %I ON %s', t.tgname, relation) FROM pg_trigger t WHERE t.tgrelid = relation AND old.attnum = ANY (t.tgattr) AND NOT t.tgisinternal LOOP
        EXECUTE statement;
    END LOOP;
    ALTER TABLE {table:q} DROP COLUMN {column:i};
    EXECUTE {add:l};
    FOREACH statement IN ARRAY again LOOP
        EXECUTE statement;
    END LOOP;
END
$bgm$
