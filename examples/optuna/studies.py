"""Run with an Optuna release's own interpreter: `studies.py build|use|create URL [MARK]`. Optuna does all the work.

build   the database as this release makes and stamps it
use     a study is made, optimised and read again, and so are all studies that this release can know
create  an empty database gets what this release's models say, nothing else
"""

import json
import sys
import warnings

import optuna
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from sqlalchemy import create_engine

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial):
    x, kind = trial.suggest_categorical("x", [1.0, 2.0, 3.0]), trial.suggest_categorical("kind", ["a", "b"])
    trial.set_user_attr("kind", kind)
    for step in range(3):
        trial.report((x - step) ** 2, step)
    return x * x


def use(url, mark):
    """Every study there is, whichever release made it: categorical choices are written alike by both."""
    storage = RDBStorage(url, skip_compatibility_check=True)
    made = optuna.create_study(storage=storage, study_name=mark)
    made.set_user_attr("made by", optuna.__version__)
    made.optimize(objective, n_trials=4)
    trials = 0
    for known in optuna.get_all_study_summaries(storage=storage):
        study = optuna.load_study(storage=storage, study_name=known.study_name)
        assert len(study.trials) == 4, (known.study_name, len(study.trials))
        for trial in study.trials:
            assert trial.value == trial.params["x"] ** 2, trial
            assert trial.intermediate_values == {s: (trial.params["x"] - s) ** 2 for s in range(3)}, trial
            trials += 1
        assert study.best_value == min(t.value for t in study.trials)
    return trials


def main(command, url, mark=""):
    url = url.replace("postgresql://", "postgresql+psycopg2://")
    if command == "build":
        done = bool(RDBStorage(url))
    elif command == "create":
        done = models.BaseModel.metadata.create_all(create_engine(url)) or len(models.BaseModel.metadata.tables)
    else:
        done = use(url, mark)
    print(json.dumps({"done": done}))


if __name__ == "__main__":
    main(*sys.argv[1:])
