-- No table is locked. Gone with its transaction. An expression that cannot take a row's values means that the row is wrong, not that the check fails.
CREATE OR REPLACE FUNCTION pg_temp.bgm_wrong(bgm_is {old:t}) RETURNS boolean LANGUAGE plpgsql STABLE AS $bgm$
#variable_conflict use_column
DECLARE
    bgm_row {new:t}%ROWTYPE;
BEGIN
    SELECT {n:i}.* INTO bgm_row FROM {new:t} AS {n:i} WHERE {mine:q};
    IF NOT FOUND THEN
        RETURN {when:q} AND NOT ({bare:q});
    END IF;
    IF {one_way:q} OR {says_old:q} THEN
        RETURN false;
    END IF;
    RETURN NOT ({says_new:q});
EXCEPTION WHEN OTHERS THEN
    RETURN true;
END
$bgm$
