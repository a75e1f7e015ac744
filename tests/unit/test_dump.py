"""SQL text is split where PostgreSQL would split it."""

from __future__ import annotations

import pytest

from bgmigrate.dump import statements


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.a (x text DEFAULT 'semi;colon''s');",
        'CREATE TABLE public."od;d" ("we""ird;" integer);',
        "CREATE FUNCTION public.f() RETURNS trigger\n    LANGUAGE plpgsql\n    AS $$BEGIN SET x = 1; -- a; b\nRETURN NEW; END$$;",
        "CREATE FUNCTION public.g() RETURNS integer LANGUAGE sql AS $_$ SELECT '$$;' $_$;",
        "CREATE FUNCTION public.h(a integer) RETURNS integer\n    BEGIN ATOMIC\n SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END; SELECT 2;\nEND;",
        "CREATE RULE r AS\n    ON INSERT TO public.v DO INSTEAD ( INSERT INTO public.a (x) VALUES (1); DELETE FROM public.b; );",
        r"CREATE VIEW public.v AS SELECT E'a\';b' AS x;",
    ],
)
def test_a_statement_stays_whole_whatever_it_holds(statement: str) -> None:
    text = f"--\n-- Name: x; Type: y\n--\n\n{statement}\n\n/* z; */\nCOMMENT ON TABLE a IS 'b';\n"
    assert list(statements(text)) == [statement, "COMMENT ON TABLE a IS 'b';"]
