-- Cancels what a session of ours does, if it still waits for a lock.
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %(pid)s AND wait_event_type = 'Lock'
