"""Run with a JupyterHub version's own interpreter: `hub.py build|rows|use|create URL`. JupyterHub's ORM does all the work.

build   the database as this version's own start-up makes it (and stamps it in JupyterHub's own alembic_version)
rows    some of everything
use     every table written, read back, changed and deleted again; prints how many objects that were
create  an empty database gets what this version's models say, nothing else
"""

import json
import sys

from jupyterhub import orm
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker


def some(db, mark):
    """One of everything that this version has, all connected; not yet committed."""
    role = orm.Role(name=f"role-{mark}", description="may do something", scopes=["self"])
    client = orm.OAuthClient(identifier=f"client-{mark}", secret="not a secret", redirect_uri="/callback", description=mark)
    user = orm.User(name=f"user-{mark}", admin=False, state={"mark": mark})
    group = orm.Group(name=f"group-{mark}", users=[user])
    service = orm.Service(name=f"service-{mark}", server=orm.Server(ip="127.0.0.1", port=8000, base_url=f"/{mark}"))
    spawner = orm.Spawner(name="lab", user=user, server=orm.Server(ip="127.0.0.1", port=8888), state={"pid": 7})
    db.add_all([role, client, user, group, service, spawner])
    role.users.append(user)
    role.groups.append(group)
    role.services.append(service)
    db.flush()
    token = orm.APIToken(user=user, client_id=client.identifier, note=mark, hashed=f"hash-{mark}", prefix=mark[:4])
    code = orm.OAuthCode(client_id=client.identifier, code=f"code-{mark}"[:36], user=user, redirect_uri="/callback", session_id=mark)
    made = [role, client, user, group, service, spawner, token, code]
    if hasattr(orm, "Share"):
        share = orm.Share(owner=user, spawner=spawner, group=group, scopes=["access:servers"])
        made += [share, orm.ShareCode(owner=user, spawner=spawner, scopes=["access:servers"], hashed=f"share-{mark}", prefix=mark[:4])]
    db.add_all(made)
    return made


def rows(sessions, mark, many=5):
    with sessions() as db:
        for n in range(many):
            some(db, f"{mark}{n}")
        db.commit()
    return many


def use(sessions, mark):
    """Write everything, read everything in another session, change it, and delete it again."""
    with sessions() as db:
        made = some(db, mark)
        db.commit()
        written = [(type(o), o.id) for o in made]
    with sessions() as db:
        for kind, key in written:
            found = db.get(kind, key)
            assert found is not None, (kind, key)
        user = db.query(orm.User).filter_by(name=f"user-{mark}").one()
        assert [r.name for r in user.roles] == [f"role-{mark}"], user.roles
        assert [g.name for g in user.groups] == [f"group-{mark}"], user.groups
        assert user.state == {"mark": mark}, user.state
        user.admin, user.state = True, {"mark": mark, "changed": True}
        role = db.query(orm.Role).filter_by(name=f"role-{mark}").one()
        role.scopes = ["self", "list:users"]
        assert [s.name for s in role.services] == [f"service-{mark}"], role.services
        assert [g.name for g in role.groups] == [f"group-{mark}"], role.groups
        if hasattr(orm.Role, "managed_by_auth"):
            assert role.managed_by_auth is False, role.managed_by_auth
            role.managed_by_auth = True
        db.commit()
    with sessions() as db:
        assert db.query(orm.User).filter_by(name=f"user-{mark}").one().state["changed"]
        everybody = [len(db.query(kind).all()) for kind in {kind for kind, _ in written}]
        for kind, key in reversed(written):
            if found := db.get(kind, key):
                db.delete(found)
        db.commit()
    return sum(everybody)


def main(command, url, mark="x"):
    if command == "build":
        orm.new_session_factory(url)
        return print(json.dumps({"done": "build"}))
    engine = create_engine(url, **({} if hasattr(orm, "Share") else {"future": True}))
    sessions = sessionmaker(bind=engine)
    if command == "create":
        done = orm.Base.metadata.create_all(engine) or len(orm.Base.metadata.tables)
    else:
        done = {"rows": rows, "use": use}[command](sessions, mark)
    engine.dispose()
    return print(json.dumps({"done": done}))


if __name__ == "__main__":
    main(*sys.argv[1:])
