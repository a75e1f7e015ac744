-- ROW SHARE on the old table, its one row locked. The body of the new table's trigger function.
    IF TG_WHEN = 'BEFORE' THEN -- before the foreign keys ask for the old row, which they would do in the lock queue
        IF bgm_outer <> {name:l} THEN
            IF TG_OP <> 'INSERT' THEN
                PERFORM bgmigrate.{hold:i}({was:q}, {two_way:l} AND (TG_OP = 'DELETE' OR {changed:q}), true);
            END IF;
            IF TG_OP = 'UPDATE' AND {moved:q} THEN
                PERFORM bgmigrate.{hold:i}({is:q}, {two_way:l}, true);
            END IF;
            -- An INSERT that will meet its row (ON CONFLICT) locks that first, as an UPDATE does.
            WHILE TG_OP = 'INSERT' LOOP
                IF EXISTS (SELECT FROM {new:t} AS {n:i} WHERE {same:q}) THEN
                    EXIT WHEN NOT EXISTS (SELECT FROM {new:t} AS {n:i} WHERE {same:q} AND {n:i}.xmax <> 0);
                    PERFORM FROM {new:t} AS {n:i} WHERE {same:q} FOR NO KEY UPDATE; -- who is at work on it may delete it
                    EXIT WHEN FOUND;
                    CONTINUE;
                END IF;
                EXIT WHEN bgmigrate.{hold:i}({is:q}, {two_way:l}, false);
                BEGIN -- another is at work there, on this very row perhaps: the lock, once it is to be had, is given back and we look again
                    PERFORM bgmigrate.{hold:i}({is:q}, {two_way:l}, true);
                    RAISE SQLSTATE 'BGM00';
                EXCEPTION WHEN SQLSTATE 'BGM00' THEN
                END;
            END LOOP;
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF bgm_outer = {name:l} OR TG_OP = 'UPDATE' AND NOT {changed:q} THEN
        RETURN NULL; -- the old side is at work; or nothing that it knows has changed
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM bgmigrate.{hold:i}({is:q}, {two_way:l}, true); -- the row that it would have met may have gone meanwhile
    END IF;
{parts:q}
    RETURN NULL;
