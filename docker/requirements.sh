#!/usr/bin/env bash
# Writes requirements.txt, what the image is built of, anew. PyTorch itself pins the CUDA packages that it comes with.
set -euo pipefail
cd "$(dirname "$0")/.."
uv pip compile --quiet --no-header --no-annotate --python-version 3.12 --python-platform x86_64-unknown-linux-gnu \
  --extra url --extra heic --extra faces pyproject.toml | grep --invert-match --extended-regexp '^(nvidia-|cuda-|triton)' > docker/requirements.txt
