#!/usr/bin/env bash
# Restores one shard: restore_shard.sh NUMBER SHARDS OUTPUT [OPTIONS OF rsi fit]
# NUMBER counts the lines of the file SHARDS from 0; results go to OUTPUT/NUMBER, a folder or a bucket.
#
# Ends with 0 when every image is restored, 1 when some could not be after three tries, 2 when a person has to look,
# and 128 + N after signal N, which is passed on: rsi ends after the step in progress, and the next try goes on there.
set -uo pipefail
number=$1 shards=$2 output=$3
shift 3
shard=$(sed -n "$((number + 1))p" "$shards")
if [ -z "$shard" ]; then
  echo "restore_shard.sh: $shards has no line $((number + 1))" >&2
  exit 2
fi
child="" signal=""
pass_on() { signal=$1; [ -z "$child" ] || kill -"$1" "$child" 2>/dev/null; }
trap 'pass_on TERM' TERM
trap 'pass_on TERM' INT
for _ in 1 2 3; do
  rsi fit "$shard" --output_dir "${output%/}/$number" --report false "$@" &
  child=$!
  wait "$child"
  status=$?
  while kill -0 "$child" 2>/dev/null; do # a signal has ended the waiting, not the run
    wait "$child"
    status=$?
  done
  [ "$status" -eq 1 ] && [ -z "$signal" ] || exit "$status"
done
exit 1
