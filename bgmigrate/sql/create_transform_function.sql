-- No table is locked. It adds to the journal, which the application's roles may not: so it runs as its owner, and nothing of theirs is in its path.
CREATE OR REPLACE FUNCTION bgmigrate.{name:i}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp{settings:q} AS $bgm$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF COALESCE(current_setting('bgmigrate.environment', true), '') = {green:l} THEN
            RETURN NEW;
        END IF;
    ELSIF {changed:q} THEN
        -- what was made of the old values is no longer right; a writer that says both knows what it does
        IF NOT ({written:q}) THEN
            {nothing:q}
        END IF;
    ELSIF NOT ({moved:q}) THEN
        RETURN NEW;
    END IF;
    IF ({empty:q}) AND ({there:q}) THEN
        INSERT INTO bgmigrate.due (backfill_id, key) VALUES ({backfill:l}, ARRAY[{key:q}]);
    END IF;
    RETURN NEW;
END
$bgm$
