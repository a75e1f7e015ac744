-- No table is locked. What a CREATE INDEX does, how much of it is done, and for whom it waits.
SELECT p.phase, CASE WHEN p.blocks_total > 0 THEN p.blocks_done::float8 / p.blocks_total WHEN p.tuples_total > 0 THEN p.tuples_done::float8 / p.tuples_total END,
       CASE WHEN a.pid IS NOT NULL THEN format('%%s of %%s gone; pid %%s (%%s, %%s, transaction %%s s old)', p.lockers_done, p.lockers_total, a.pid,
                 coalesce(nullif(a.application_name, ''), a.usename, a.backend_type), coalesce(a.state, 'background'),
                 round(extract(epoch FROM clock_timestamp() - a.xact_start))) END
  FROM pg_stat_progress_create_index p LEFT JOIN pg_stat_activity a ON a.pid = nullif(p.current_locker_pid, 0) WHERE p.pid = %(pid)s
