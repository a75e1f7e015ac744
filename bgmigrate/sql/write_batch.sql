-- ROW EXCLUSIVE on bgmigrate.backfill_range and on what the statement writes; the range's row is locked first. A batch in one message to the server.
-- Bitmaps, which a worker's session does without (a range's end is found by an ordered scan), read each page of a batch once.
CREATE OR REPLACE FUNCTION pg_temp.bgm_write_batch(
    of_range bigint, its_token bigint, its_step int, lease float8, relations oid[], statement text, last boolean,
    OUT written bigint, OUT stayed bigint, OUT took float8
) LANGUAGE plpgsql SET enable_bitmapscan = on AS $$
DECLARE
    began timestamptz;
BEGIN
    PERFORM FROM bgmigrate.backfill_range r WHERE r.id = of_range AND r.token = its_token AND r.step = its_step AND NOT r.done FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- what this session has counted: nothing is reported to the server's statistics, and counted from nought, inside a transaction
    stayed := (SELECT coalesce(sum(pg_stat_get_xact_tuples_hot_updated(o)), 0) FROM unnest(relations) o);
    began := clock_timestamp();
    EXECUTE statement;
    GET DIAGNOSTICS written = ROW_COUNT;
    took := extract(epoch FROM clock_timestamp() - began);
    stayed := (SELECT coalesce(sum(pg_stat_get_xact_tuples_hot_updated(o)), 0) FROM unnest(relations) o) - stayed;
    UPDATE bgmigrate.backfill_range r SET step = its_step + 1, rows = r.rows + written, hot = r.hot + stayed, seconds = r.seconds + took,
           batches = r.batches + 1, done = last, lease_until = clock_timestamp() + lease * interval '1 s'
     WHERE r.id = of_range;
END $$
