-- ROW EXCLUSIVE on the new table, one row locked.
        IF bgm_there AND TG_OP = 'UPDATE' THEN -- {column:q} is computed again while it still holds what its inputs gave
            BEGIN
                UPDATE {new:t} AS {n:i} SET {column:i} = {value:q} WHERE {mine:q} AND {held:q};
            EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN NULL;
            END;
        END IF;
