-- ACCESS EXCLUSIVE on the table is held already. PL/pgSQL remembers in each session with which types a trigger's function read its row, and fails from
-- then on when a column has another one ("type of parameter … does not match that when preparing the plan"). It compiles anew what ALTER FUNCTION touches.
DO $bgm$
DECLARE
    bgm_function record;
BEGIN
    FOR bgm_function IN
        WITH RECURSIVE bgm_heirs (oid) AS (
            SELECT {table:l}::regclass::oid UNION SELECT i.inhrelid FROM bgm_heirs h JOIN pg_inherits i ON i.inhparent = h.oid
        )
        SELECT DISTINCT p.oid::regprocedure AS named, p.procost AS cost
          FROM pg_trigger t JOIN bgm_heirs h ON h.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
         WHERE NOT t.tgisinternal AND l.lanname = 'plpgsql' AND pg_has_role(p.proowner, 'USAGE')
    LOOP
        EXECUTE format('ALTER FUNCTION %s COST %s', bgm_function.named, bgm_function.cost);
    END LOOP;
END
$bgm$
