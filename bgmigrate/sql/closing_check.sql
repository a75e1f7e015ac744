-- No table is locked. Gone with its session. An expression that cannot take a row's values means that the row is wrong, not that the check fails.
CREATE OR REPLACE FUNCTION pg_temp.{name:i}(r {table:t}) RETURNS boolean LANGUAGE plpgsql STABLE AS $bgm$
#variable_conflict use_column
BEGIN
    {statement:q};
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    RETURN {fails:q};
END
$bgm$
