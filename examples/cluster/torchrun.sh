#!/usr/bin/env bash
# Without a scheduler, on each of several nodes: NODES=4 NODE=0 FIRST=node0 GPUS=8 torchrun.sh imgs/ restored/
# The output folder has to be one that all nodes see. Given again, with other numbers of nodes too, it does what is missing.
set -euo pipefail
torchrun --nnodes "$NODES" --node-rank "$NODE" --nproc-per-node "$GPUS" --max-restarts=0 --master-addr "$FIRST" \
  -m rsi fit "$1" --output_dir "$2" --degradation jpeg --trainer.devices "$GPUS" --trainer.num_nodes "$NODES" "${@:3}"
