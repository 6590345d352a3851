# The image of every Airmend and Airflow process in docker-compose.yml, and on Kubernetes.
# Holds no secret: all of them come from the environment, see docs/deployment.md.
ARG PYTHON_IMAGE=python:3.12.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
WORKDIR /source
RUN python -m venv /opt/airmend/venv && python -m venv /opt/build

# What Airmend needs when it runs, in the versions of the lock; tests and tools stay out. A layer
# of its own, which a change of our code does not build again.
COPY pyproject.toml requirements.txt ./
RUN python -c "import tomllib; \
project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print(*project['dependencies'], sep='\n')" >runtime.txt \
 && /opt/airmend/venv/bin/pip install --constraint requirements.txt --requirement runtime.txt \
 && /opt/build/bin/pip install --constraint requirements.txt hatchling

COPY LICENSE README.md ./
COPY include include
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /opt/airmend/venv/bin/pip install --no-deps /wheel/airmend-*.whl \
 && /opt/airmend/venv/bin/python -m compileall -q -j 0 /opt/airmend/venv/lib


FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Airmend" \
      org.opencontainers.image.licenses="Apache-2.0"

# Ansible reaches the hosts with OpenSSH; git says who was last to change a runbook. The account
# has a fixed number, so that a key that is mounted can be made readable for it and for nobody else.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 airmend \
 && useradd --uid 10001 --gid 10001 --create-home --shell /bin/sh airmend \
 && install --directory --owner airmend --group airmend \
        /var/lib/airmend /var/lib/airmend/logs /var/lib/airmend/reports \
 && install --directory --owner airmend --group airmend --mode 0700 \
        /var/lib/airmend/secrets /var/lib/airmend/audit

COPY --from=build /opt/airmend/venv /opt/airmend/venv
COPY LICENSE /opt/airmend/
COPY config /opt/airmend/config
COPY dags /opt/airmend/dags
COPY plugins /opt/airmend/plugins
COPY runbooks /opt/airmend/runbooks
COPY scripts/check-health.py scripts/prepare-databases.sh /opt/airmend/scripts/

# Where things are in this image; everything else is said by whoever starts it. Only what is
# below /var/lib/airmend is written.
ENV PATH=/opt/airmend/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    AIRMEND_HOME=/var/lib/airmend \
    AIRMEND_DAGS_DIR=/opt/airmend/dags \
    AIRMEND_RUNBOOKS_DIR=/opt/airmend/runbooks \
    AIRMEND_SENDERS_DIR=/opt/airmend/config/senders \
    AIRMEND_INVENTORY=/opt/airmend/inventory \
    AIRMEND_POLICY_FILE=/opt/airmend/config/policy.yaml \
    AIRMEND_TOPOLOGY_FILE=/opt/airmend/config/topology.yaml \
    AIRFLOW_HOME=/var/lib/airmend/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/airmend/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/airmend/plugins \
    AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH=/var/lib/airmend/airflow/bundles \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/lib/airmend/logs

USER 10001:10001
WORKDIR /opt/airmend
