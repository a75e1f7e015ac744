-- No table is locked. Waits for an old row without standing in the lock queue: whoever holds it may be waiting for us, and its deadlock
-- detector must not find the circle, for its transaction, which knows nothing of the new table, would be the one to fail. Statements of our own that
-- wait for a table give up soon: a circle through one of them opens by itself. Returns false where the row is not free and `waits` is false.
CREATE OR REPLACE FUNCTION bgmigrate.{name:i}({types:q}, writes boolean, waits boolean) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = {path:q} AS $bgm$
#variable_conflict use_column
DECLARE
    bgm_began timestamptz := clock_timestamp();
    bgm_circle timestamptz;
    bgm_pause float8 := 0.0005;
    bgm_limit integer;
BEGIN
    LOOP
        IF writes THEN
            PERFORM FROM {old:t} AS {o:i} WHERE {at:q} FOR NO KEY UPDATE SKIP LOCKED;
        ELSE
            PERFORM FROM {old:t} AS {o:i} WHERE {at:q} FOR KEY SHARE SKIP LOCKED;
        END IF;
        IF FOUND THEN
            RETURN true;
        END IF;
        PERFORM FROM {old:t} AS {o:i} WHERE {at:q};
        IF NOT FOUND OR NOT waits THEN
            RETURN NOT FOUND;
        END IF;
        IF bgm_pause < 0.02 THEN
            bgm_pause := bgm_pause * 2;
        ELSE
            SELECT setting INTO bgm_limit FROM pg_settings WHERE name = 'lock_timeout';
            IF bgm_limit > 0 AND clock_timestamp() > bgm_began + bgm_limit * interval '1 millisecond' THEN
                RAISE lock_not_available USING MESSAGE = {timeout:l};
            END IF;
            PERFORM FROM (
                WITH RECURSIVE waiting (pid) AS (
                    SELECT pg_backend_pid()
                    UNION SELECT l.pid FROM waiting w JOIN pg_locks l ON NOT l.granted AND w.pid = ANY (pg_blocking_pids(l.pid))
                     WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.pid AND a.application_name LIKE 'bgmigrate/%')
                ), family (oid) AS (
                    SELECT {old:l}::regclass::oid UNION SELECT i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
                )
                SELECT FROM waiting JOIN pg_locks h USING (pid) JOIN family f ON f.oid = h.relation WHERE h.granted AND pid <> pg_backend_pid()
            ) circle;
            bgm_circle := CASE WHEN FOUND THEN coalesce(bgm_circle, clock_timestamp()) END;
            IF clock_timestamp() > bgm_circle + interval '150 milliseconds' THEN
                RAISE deadlock_detected USING MESSAGE = {deadlock:l}, HINT = 'Run the transaction again.';
            END IF;
        END IF;
        PERFORM pg_sleep(bgm_pause);
    END LOOP;
END
$bgm$
