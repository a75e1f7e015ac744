-- ACCESS SHARE on the table. Leaves in bgmigrate.found how many rows have no value for the column, five keys of such, and the server's first words.
DO $bgm$
#variable_conflict use_column
DECLARE
    bgm_row record;
    bgm_value {type:q};
    bgm_count bigint := 0;
    bgm_keys text[] := '{}';
    bgm_words text;
BEGIN
    FOR bgm_row IN SELECT {shown:q} AS bgm_key, {table:q} AS bgm_row FROM {from:q} LOOP
        BEGIN
            bgm_value := (SELECT ({expression:q}) FROM (SELECT (bgm_row.bgm_row).*) AS {alias:i});
            IF bgm_value IS NOT NULL OR NOT {required:q} THEN CONTINUE; END IF;
            bgm_words := coalesce(bgm_words, 'it is NULL');
        EXCEPTION WHEN OTHERS THEN
            bgm_words := coalesce(bgm_words, SQLERRM);
        END;
        bgm_count := bgm_count + 1;
        IF bgm_count <= 5 THEN bgm_keys := bgm_keys || bgm_row.bgm_key; END IF;
    END LOOP;
    PERFORM set_config('bgmigrate.found', json_build_array(bgm_count, bgm_keys, bgm_words)::text, true);
END
$bgm$
