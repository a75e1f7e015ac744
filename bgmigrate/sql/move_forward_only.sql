-- ROW EXCLUSIVE on the new table, one row locked. What becomes of one new row, where nothing is computed back.
    -- {about:q}
    IF bgm_fresh OR {changed:q} THEN
        BEGIN
            SELECT {n:i}.* INTO bgm_row FROM {new:t} AS {n:i} WHERE {mine:q} FOR NO KEY UPDATE;
            bgm_there := FOUND;
            IF NOT bgm_there AND {when:q} AND NOT {by_green:q} THEN
                INSERT INTO {new:t} ({columns:i}) SELECT {values:q} FROM ({whole:q}) AS {o:i} ON CONFLICT ({key:i}) DO NOTHING;
            ELSIF bgm_there AND TG_OP = 'UPDATE' AND NOT {when:q} THEN -- unless the new version has given it a value of its own
                DELETE FROM {new:t} AS {n:i} WHERE {mine:q} AND {held:q};
            END IF;
        EXCEPTION
            WHEN transaction_rollback OR lock_not_available OR insufficient_resources OR system_error THEN RAISE;
            WHEN OTHERS THEN NULL; -- what the new table cannot take: its row is missing there, and keeps contract shut until it is mended
        END;
{derived:q}
    END IF;
