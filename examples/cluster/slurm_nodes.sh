#!/usr/bin/env bash
# SLURM: one folder on several nodes: sbatch slurm_nodes.sh imgs/ restored/
# The output folder has to be one that all nodes see. Every process restores its own share; one that dies stops nobody else.
#SBATCH --job-name=rsi
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
#SBATCH --requeue                  # the records say what is left
#SBATCH --open-mode=append
#SBATCH --output=rsi-%j.log
set -euo pipefail
srun --kill-on-bad-exit=0 rsi fit "$1" --output_dir "$2" --degradation jpeg --generator ffhq1024 --batch_size auto \
  --trainer.devices 8 --trainer.num_nodes "$SLURM_JOB_NUM_NODES"
rsi report "$2" # when all are done
