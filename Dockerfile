# The project and its environment: docker build -t apparel-eye . && docker run --rm apparel-eye
FROM python:3.11-slim

# the newest of the base image's release: a pinned one disappears from its index
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 eye \
    && install --directory --owner=eye --group=eye /app

USER 1000
WORKDIR /app
# MLflow asks for a git command, which is not needed here
ENV GIT_PYTHON_REFRESH=quiet

# what decides on the environment comes first, so that other changes do not install it again
COPY --chown=eye:eye pyproject.toml constraints.txt Makefile README.md LICENSE ./
COPY --chown=eye:eye src src
RUN make .venv/.ready

COPY --chown=eye:eye . .
CMD ["make", "demo"]
