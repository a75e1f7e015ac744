-- No table is locked. Gone with its transaction. Is a new row one of which the old table's row says nothing?
CREATE OR REPLACE FUNCTION pg_temp.bgm_unread(bgm_is {new:t}) RETURNS boolean LANGUAGE plpgsql STABLE AS $bgm$
#variable_conflict use_column
DECLARE
    bgm_row {old:t}%ROWTYPE;
BEGIN
    SELECT {o:i}.* INTO bgm_row FROM {old:t} AS {o:i} WHERE {linked:q};
    IF NOT FOUND THEN
        RETURN true;
    END IF;
{parts:q}
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    RETURN true;
END
$bgm$
