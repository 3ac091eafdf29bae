# Restores a mounted folder, as a user who is not root. On CPUs:
#
#   docker build -t rsi .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/imgs:/imgs:ro" -v "$PWD/restored:/restored" rsi
#
# With CUDA; the libraries come with PyTorch's own package:
#
#   docker build -t rsi:cuda --build-arg BASE=nvidia/cuda:12.9.1-base-ubuntu24.04 \
#     --build-arg TORCH_INDEX=https://pypi.org/simple .
#   docker run --rm --gpus all ... rsi:cuda
ARG BASE=ubuntu:24.04
FROM ${BASE}
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3=3.12.* python3-venv=3.12.* \
  && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/rsi/bin:$PATH

COPY docker/requirements.txt /opt/requirements.txt
RUN python3 -m venv /opt/rsi \
  && pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" --requirement /opt/requirements.txt

COPY . /opt/source
RUN pip install --no-cache-dir --no-deps /opt/source && rm -r /opt/source

# Weights and batches in progress, which a volume at /cache keeps; writable for any user that --user names.
RUN mkdir --mode 1777 /cache /restored
ENV HOME=/cache TORCH_HOME=/cache/torch XDG_CACHE_HOME=/cache
USER 10001:10001
ENTRYPOINT ["rsi"]
CMD ["fit", "/imgs", "--output_dir", "/restored"]
