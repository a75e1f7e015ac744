-- ROW EXCLUSIVE on the new table, its one row locked. The body of the old table's trigger function.
    IF TG_WHEN = 'BEFORE' THEN -- the row goes, or its key does: the foreign keys of the new table would refuse that
        IF TG_OP = 'UPDATE' AND NOT ({moved:q}) THEN
            RETURN NEW;
        END IF;
        PERFORM set_config('bgmigrate.moving', {name:l}, true);
        BEGIN
            DELETE FROM {new:t} AS {n:i} WHERE {gone:q};
        EXCEPTION WHEN foreign_key_violation THEN
            NULL; -- rows that only the new version knows hold on to it
        END;
        PERFORM set_config('bgmigrate.moving', bgm_outer, true);
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    bgm_fresh := TG_OP = 'INSERT' OR {moved:q};
    SELECT {o:i}.* INTO bgm_now FROM {old:t} AS {o:i} WHERE {here:q};
    IF NOT FOUND THEN
        RETURN NULL; -- it went again before its transaction ended
    END IF;
    PERFORM set_config('bgmigrate.moving', {name:l}, true);
{parts:q}
    PERFORM set_config('bgmigrate.moving', bgm_outer, true);
    RETURN NULL;
