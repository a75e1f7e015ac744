-- No table is locked. Gone with its session. An expression that cannot take a row's values is not the check's failure: whether it means that the
-- row is wrong is said beforehand; a plain query would end with the first such row.
CREATE OR REPLACE FUNCTION pg_temp.{name:i}(bgm_is {table:t}) RETURNS boolean LANGUAGE plpgsql STABLE AS $bgm$
#variable_conflict use_column
DECLARE
    {declare:q}
BEGIN
    {body:q}
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    RETURN {fails:q};
END
$bgm$
