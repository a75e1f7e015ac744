#!/bin/sh
# release.sh VERSION SPEC: one release. $START and $STOP are your own: `$START green 2.4` deploys a version, `$STOP blue` ends one.
set -eu
step() { for try in 1 2 3 4 5; do "$@" && return || code=$?; case $code in [15]) sleep "${PAUSE:-30}" ;; *) exit $code ;; esac; done; exit $code; }
live=$(bgmigrate status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["live"]["environment"])')
next=$([ "$live" = blue ] && echo green || echo blue)
step bgmigrate expand                                      # 1 and 5 (failed, busy): the same again; 3 (a definite no): the release ends here
"$START" "$next" "$1"
step bgmigrate verify "--$next" "$2"                       # 3: both cannot run on this schema; nothing was switched
step bgmigrate switch --to "$next" --reason "release $1"   # 4: evidence is stale, verify again; the way back is `switch --to $live`
"$STOP" "$live"
step bgmigrate contract --wait-drained "${DRAIN:-10m}"     # 6: the old version still has sessions
