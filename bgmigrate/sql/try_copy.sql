-- ACCESS SHARE on the table. An empty copy to try expressions on, gone with its transaction.
CREATE TEMPORARY TABLE {copy:i} (LIKE {table:t}) ON COMMIT DROP
