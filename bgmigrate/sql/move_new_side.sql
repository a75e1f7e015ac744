-- ROW SHARE on the old table, its one row locked. The body of the new table's trigger function.
    IF TG_WHEN = 'BEFORE' THEN -- before the foreign keys ask for the old row, which they would do in the lock queue
        IF bgm_outer <> {name:l} THEN
            IF TG_OP <> 'INSERT' THEN
                PERFORM bgmigrate.{hold:i}({was:q}, {two_way:l} AND (TG_OP = 'DELETE' OR {changed:q}));
            END IF;
            -- an INSERT that will meet its row (ON CONFLICT) locks that first, as an UPDATE does
            IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT FROM {new:t} AS {n:i} WHERE {same:q}) OR TG_OP = 'UPDATE' AND {moved:q} THEN
                PERFORM bgmigrate.{hold:i}({is:q}, {two_way:l});
            END IF;
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF bgm_outer = {name:l} OR TG_OP = 'UPDATE' AND NOT {changed:q} THEN
        RETURN NULL; -- the old side is at work; or nothing that it knows has changed
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM bgmigrate.{hold:i}({is:q}, {two_way:l}); -- the row that it would have met may have gone meanwhile
    END IF;
{parts:q}
    RETURN NULL;
