#!/usr/bin/env bash
# SLURM: a task of the array restores a shard on one GPU: sbatch --array=0-$(($(wc -l < shards.txt) - 1))%64 slurm_array.sh s3://out/faces
#SBATCH --job-name=rsi
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --requeue                  # preempted or lost with its node: the same task again
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120        # two minutes before the time is up
#SBATCH --output=rsi-%A_%a.log
set -uo pipefail
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$PWD/cache} # the batch in progress of a bucket: on a disk that all nodes see
bash restore_shard.sh "$SLURM_ARRAY_TASK_ID" shards.txt "$1" --degradation jpeg --generator ffhq1024 --batch_size auto &
child=$!
trap 'kill -TERM "$child"' TERM
wait "$child"
status=$?
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  status=$?
done
if [ "$status" -eq 143 ]; then # stopped in time, by SIGTERM: once more, from where it was; one killed for its memory would be again
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$status"
