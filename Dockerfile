# The bridge in a container: docker build -t otel-bridge .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -v otel-bridge:/var/lib/otel-bridge \
#     -p 4317:4317 -p 4318:4318 otel-bridge
# It runs as user 10001 and writes nowhere but into /var/lib/otel-bridge.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/otel-bridge
# Hashes are checked, and nothing is compiled: what is installed is what deploy/requirements.txt names.
COPY deploy/requirements.txt deploy/requirements-build.txt deploy/
RUN /opt/otel-bridge/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r deploy/requirements.txt \
 && python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r deploy/requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY otel_bridge otel_bridge
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/otel-bridge/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl \
 && /opt/otel-bridge/bin/pip uninstall --yes pip setuptools \
 && /opt/otel-bridge/bin/python -m compileall -q /opt/otel-bridge

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="otel-bridge" \
      org.opencontainers.image.description="OTLP in, Galileo ALF and Runscope messages out" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/otel-bridge /opt/otel-bridge
COPY deploy/sbom.cdx.json /opt/otel-bridge/
COPY deploy/container.yaml /etc/otel-bridge/config.yaml
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/otel-bridge
# No bytecode is written, and nothing needs /tmp: SQLite puts what is too large to sort in memory beside its files.
ENV PATH=/opt/otel-bridge/bin:$PATH HOME=/var/lib/otel-bridge SQLITE_TMPDIR=/var/lib/otel-bridge \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /var/lib/otel-bridge
EXPOSE 4317 4318 4380 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=2)"]
ENTRYPOINT ["otel-bridge"]
CMD ["serve", "--config", "/etc/otel-bridge/config.yaml"]
