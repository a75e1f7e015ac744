-- ROW EXCLUSIVE on both tables, one row of each locked. What becomes of one new row.
    -- {about:q}
    IF bgm_fresh OR {changed:q} THEN
        BEGIN
            -- the lock first: what the new version has not committed yet is waited for, then seen
            SELECT {n:i}.* INTO bgm_row FROM {new:t} AS {n:i} WHERE {mine:q} FOR NO KEY UPDATE;
            bgm_there := FOUND;
            IF NOT bgm_there THEN
                IF {when:q} AND NOT {by_green:q} AND (bgm_fresh OR NOT ({bare:q})) THEN
                    INSERT INTO {new:t} ({columns:i}) SELECT {values:q} FROM ({whole:q}) AS {o:i} ON CONFLICT ({key:i}) DO NOTHING;
                END IF;
            ELSIF {says_old:q} THEN
                NULL; -- it is the new version's own write, coming back
            ELSIF {says_new:q} THEN
                NULL; -- `forward` loses something: there is nothing that it could say better
            ELSIF TG_OP = 'INSERT' AND {bare:q} THEN -- the new version wrote its row first
                UPDATE {old:t} AS {o:i} SET {back:q} WHERE {here:q};
            ELSIF {when:q} THEN
                UPDATE {new:t} AS {n:i} SET {forth:q} WHERE {mine:q};
            ELSE
                DELETE FROM {new:t} AS {n:i} WHERE {mine:q};
            END IF;
        EXCEPTION
            WHEN transaction_rollback OR lock_not_available OR insufficient_resources OR system_error THEN RAISE;
            WHEN OTHERS THEN
                -- A value that the new table cannot take must not become an error in the other version's face: its row is missing there,
                -- counts as divergent, and keeps contract shut until it is mended.
                BEGIN
                    DELETE FROM {new:t} AS {n:i} WHERE {mine:q};
                EXCEPTION WHEN integrity_constraint_violation THEN NULL;
                END;
        END;
{derived:q}
    END IF;
