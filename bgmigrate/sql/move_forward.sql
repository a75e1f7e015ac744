    -- {about:q}
    IF bgm_fresh OR {changed:q} THEN
        BEGIN
            -- the lock first: what the new version has not committed yet is waited for, then seen
            SELECT {n:i}.* INTO bgm_row FROM {new:t} AS {n:i} WHERE {mine:q} FOR NO KEY UPDATE;
            bgm_there := FOUND;
            IF NOT bgm_there THEN
                IF {when:q} AND {wanted:q} THEN
                    INSERT INTO {new:t} ({columns:i}) SELECT {values:q} FROM (SELECT bgm_now.*) AS {o:i} ON CONFLICT ({key:i}) DO NOTHING;
                END IF;
{found:q}
            END IF;
{derived:q}
        EXCEPTION
            WHEN transaction_rollback OR lock_not_available OR insufficient_resources OR system_error THEN RAISE;
            WHEN OTHERS THEN
                -- A value that the new table cannot take must not become an error in the other version's face: its row is missing there,
                -- counts as divergent, and keeps contract shut until it is mended.
{refused:q}
        END;
    END IF;
