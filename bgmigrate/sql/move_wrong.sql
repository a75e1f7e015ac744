-- The body of a question to an old row: is its new row missing, or does it say something else? (audit_row.sql)
SELECT {n:i}.* INTO bgm_row FROM {new:t} AS {n:i} WHERE {mine:q};
    IF NOT FOUND THEN
        RETURN {when:q} AND NOT ({bare:q});
    END IF;
    IF {one_way:q} OR {says_old:q} THEN
        RETURN false;
    END IF;
    RETURN NOT ({says_new:q});
