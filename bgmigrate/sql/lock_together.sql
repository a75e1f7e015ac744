-- The lock named, on every one of these tables, in the order in which the application locks them: the first may be waited for, the others only as long
-- as nobody's deadlock detector looks. One who has a lock on a later table and waits for the first behind us would be its victim, once,
-- deadlock_timeout after it began to wait.
DO $bgm$
DECLARE
    bgm_table regclass;
    bgm_how text := '';
    bgm_left integer;
BEGIN
    FOREACH bgm_table IN ARRAY ARRAY[{tables:q}]::regclass[] LOOP
        -- a table of another owner that we may only refer to is locked by the statement that does
        CONTINUE WHEN NOT has_table_privilege(bgm_table, 'UPDATE, DELETE, TRUNCATE');
        EXECUTE format('LOCK TABLE ONLY %s IN {mode:q} MODE%s', bgm_table, bgm_how);
        bgm_left := 1000 * extract(epoch FROM current_setting('deadlock_timeout')::interval * 0.8 - (clock_timestamp() - now()));
        IF bgm_left < 10 THEN
            bgm_how := ' NOWAIT';
        ELSE
            PERFORM set_config('lock_timeout', least(bgm_left, 80) || 'ms', true);
        END IF;
    END LOOP;
END
$bgm$
