-- No table is locked. Gone with its session. NULL where the expression cannot take a row's values.
CREATE OR REPLACE FUNCTION pg_temp.{name:i}(bgm_row {table:t}) RETURNS {type:q} LANGUAGE plpgsql STABLE AS $bgm$
#variable_conflict use_column
DECLARE
    bgm_value {type:q};
BEGIN
    bgm_value := (SELECT ({expression:q}) FROM (SELECT bgm_row.*) AS {alias:i});
    RETURN bgm_value;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$bgm$
