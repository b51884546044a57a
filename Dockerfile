# syntax=docker/dockerfile:1
# The interpreter of both stages, for linux/amd64 and linux/arm64. For an image that can be built
# again, name it by its digest: --build-arg BASE=python:3.13-slim@sha256:...
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# The locks come before the source, so that a change of the source reuses this layer.
COPY requirements requirements
RUN python3 -m venv --without-pip /opt/dra-extender \
 && python3 -m venv /opt/build \
 && /opt/build/bin/python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt \
 && /opt/build/bin/python -m pip --python /opt/dra-extender/bin/python install --no-compile \
      --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY extender extender
# The Kubernetes client loads its API classes one by one when they are used, and none is. Their byte
# code would add 50 MB to 122 MB.
RUN /opt/build/bin/python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/build/bin/python -m pip --python /opt/dra-extender/bin/python install --no-compile --no-index \
      --no-deps /dist/*.whl \
 && python3 -m compileall -q -x 'kubernetes/(aio/)?client/(api|models)/' /opt/dra-extender

FROM ${BASE}
ARG REVISION=""
LABEL org.opencontainers.image.title="dra-extender" \
      org.opencontainers.image.description="kube-scheduler extender that prefers nodes where DRA devices sit close together" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
# The root file system may be read-only: nothing is written, not even byte code.
ENV PATH=/opt/dra-extender/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/dra-extender /opt/dra-extender
USER 65532:65532
EXPOSE 8888
ENTRYPOINT ["dra-extender"]
CMD ["serve"]
