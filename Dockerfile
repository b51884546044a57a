# syntax=docker/dockerfile:1
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# The locks come before the source, so that a change of the source reuses this layer.
COPY requirements requirements
RUN python -m venv --without-pip /opt/dra-extender \
 && python -m venv /opt/build \
 && pip --python /opt/dra-extender/bin/python install --require-hashes --only-binary :all: -r requirements/runtime.txt \
 && pip --python /opt/build/bin/python install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY extender extender
RUN /opt/build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/dra-extender/bin/python install --no-index --no-deps /dist/*.whl \
 && python -m compileall -q /opt/dra-extender

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="dra-extender" \
      org.opencontainers.image.description="kube-scheduler extender that prefers nodes where DRA devices sit close together" \
      org.opencontainers.image.licenses="Apache-2.0"
# The root file system may be read-only: nothing is written, not even byte code.
ENV PATH=/opt/dra-extender/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/dra-extender /opt/dra-extender
USER 65532:65532
EXPOSE 8888
ENTRYPOINT ["dra-extender"]
CMD ["serve"]
