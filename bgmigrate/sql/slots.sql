-- No lock. Logical replication slots of this database that somebody reads from now. An idle slot belongs to nobody.
SELECT s.slot_name::text, a.pid, a.usename::text, a.application_name FROM pg_replication_slots s JOIN pg_stat_activity a ON a.pid = s.active_pid
 WHERE s.slot_type = 'logical' AND s.database = current_database() ORDER BY 1
