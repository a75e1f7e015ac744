-- ROW SHARE on the old table, its one row locked. The body of the new table's trigger function.
    IF TG_WHEN = 'BEFORE' THEN -- the old row first, as the old version locks them
        IF bgm_outer <> {name:l} THEN
            PERFORM bgmigrate.{hold:i}({is:q});
        END IF;
        RETURN NEW;
    END IF;
    IF bgm_outer = {name:l} OR TG_OP = 'UPDATE' AND NOT ({changed:q}) THEN
        RETURN NULL; -- the old side is at work; or nothing that it knows has changed
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM bgmigrate.{hold:i}({was:q});
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM bgmigrate.{hold:i}({is:q});
    END IF;
{parts:q}
    RETURN NULL;
