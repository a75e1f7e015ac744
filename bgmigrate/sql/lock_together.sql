-- The lock named, on every one of these tables, in the order in which the application locks them: the first may be waited for, the others only as long as nobody's deadlock detector looks. One who
-- has a lock on a later table and waits for the first behind us would be its victim, once, deadlock_timeout after it began to wait.
DO $bgm$
DECLARE
    bgm_table regclass;
    bgm_how text := '';
BEGIN
    FOREACH bgm_table IN ARRAY ARRAY[{tables:q}]::regclass[] LOOP
        -- a table of another owner that we may only refer to is locked by the statement that does
        CONTINUE WHEN NOT has_table_privilege(bgm_table, 'UPDATE, DELETE, TRUNCATE');
        EXECUTE format('LOCK TABLE ONLY %s IN {mode:q} MODE%s', bgm_table, bgm_how);
        IF clock_timestamp() - now() + '200ms' < current_setting('deadlock_timeout')::interval THEN
            SET LOCAL lock_timeout = '80ms';
        ELSE
            bgm_how := ' NOWAIT';
        END IF;
    END LOOP;
END
$bgm$
