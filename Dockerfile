# The Python base image of pystart. BuildKit and the classic builder both build it.
#
#   docker build --tag pystart .                              runs any app as any user: the target `runtime`
#   docker build --tag pystart:appservice --target appservice .    the same with SSH, for App Service
#   docker build --tag pystart:build --target build . the same with compilers and headers, to build apps in
#   docker build --tag pystart:binary --target binary .       /pystart alone, to copy into an image of your own
#
# Build arguments:
#   PYTHON_VERSION   any supported CPython
#   PYTHON_IMAGE     another image with Python and pip, instead of the official slim one
#   RUST_IMAGE       another image with cargo and rustup, instead of the official slim one
#   BINARY           an image that holds `/pystart`: one binary for every Python version, and nothing is compiled
#   WITH_UV          1: uv as well, which builds apps faster (38 MB)
#   VERSION          for the label; REVISION: the commit, for `pystart --version`
#
# docker-bake.hcl builds all of it for all versions of Python, with the labels that only a release knows.
ARG PYTHON_VERSION=3.15
ARG PYTHON_IMAGE=python:${PYTHON_VERSION}-slim
ARG RUST_IMAGE=rust:1.95-slim
ARG BINARY=
# The classic builder makes every stage, wanted or not: with a ready binary the one that compiles is made from an image
# that is needed anyway, and does nothing.
ARG COMPILER=${BINARY:+${PYTHON_IMAGE}}
ARG VERSION=0.2.0
ARG BUILDPLATFORM

# The binary: static, so that it runs in every image. Another architecture is cross-compiled, never emulated.
FROM --platform=${BUILDPLATFORM:-linux} ${COMPILER:-${RUST_IMAGE}} AS compile
ARG BINARY
ARG TARGETARCH
WORKDIR /build
RUN if [ -z "$BINARY" ] && [ "${TARGETARCH:-$(dpkg --print-architecture)}" != "$(dpkg --print-architecture)" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends "crossbuild-essential-$TARGETARCH"; \
    fi
# The dependencies first, with an empty program: they change seldom and take the longest.
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
COPY packaging/auditable.rs packaging/compile packaging/settings.sh packaging/startup.ld packaging/
RUN [ -n "$BINARY" ] || { mkdir src && touch src/lib.rs && echo 'fn main() {}' > src/main.rs \
    && packaging/compile "$TARGETARCH"; }
COPY src src
ARG REVISION
# cargo compares times, and a copied file is older than the empty program.
RUN [ -n "$BINARY" ] || { touch src/lib.rs src/main.rs \
    && mv "$(PYSTART_COMMIT=$REVISION packaging/compile "$TARGETARCH")" /pystart; }

FROM ${BINARY:-compile} AS made

FROM scratch AS binary
ARG VERSION
LABEL org.opencontainers.image.title="pystart" \
    org.opencontainers.image.description="Finds the Python web app of a container and starts it the right way" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}"
COPY --from=made /pystart /pystart
ENTRYPOINT ["/pystart"]

# All but the program itself, which every target copies last: a new one changes that layer alone.
FROM ${PYTHON_IMAGE} AS base
ARG WITH_UV
COPY image/requirements.txt image/uv.txt /tmp/
# pip compiles what it installs, so a read-only root or a foreign user costs no start-up time.
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --requirement /tmp/requirements.txt \
    ${WITH_UV:+--requirement /tmp/uv.txt} \
    && rm /tmp/requirements.txt /tmp/uv.txt
COPY src/default_site/application.py src/default_site/*.html src/default_site/style.css /opt/defaultsite/
# The app folder can be written to by any user of group 0, which is what platforms with random user ids give.
RUN python -m compileall -q /opt/defaultsite \
    && chmod -R a=rX /opt/defaultsite \
    && mkdir -p /home/site/wwwroot \
    && chmod 775 /home/site/wwwroot
# `auto`: a worker for each CPU of the container, with threads where the app is WSGI.
ENV PORT=8000 PYTHONUNBUFFERED=1 WEB_CONCURRENCY=auto
WORKDIR /home/site/wwwroot
EXPOSE 8000
STOPSIGNAL SIGTERM
# Alive, not ready: one long request must not restart the container.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/local/bin/pystart", "health", "--live"]
ENTRYPOINT ["/usr/local/bin/pystart"]
ARG VERSION
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="pystart" \
    org.opencontainers.image.description="A Python base image that finds the web app and starts it the right way" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.base.name="${PYTHON_IMAGE}"

FROM base AS runtime
COPY --from=made /pystart /usr/local/bin/pystart

# With the SSH that App Service expects: its port and its documented password. That password is public, so the port
# must never be: only the platform's own tunnel may reach it.
FROM base AS appservice
RUN apt-get update \
    # Without the standalone package, sshd's one system user would cost all of systemd (120 MB).
    && apt-get install --yes --no-install-recommends openssh-server systemd-standalone-sysusers \
    # What apt and dpkg keep for themselves is larger than what was installed.
    && apt-get clean \
    && rm -rf /var/cache/apt /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /etc/ssh/ssh_host_* \
    && echo 'root:Docker!' | chpasswd
COPY image/sshd.conf /etc/ssh/sshd_config.d/pystart.conf
COPY image/profile.sh /etc/profile.d/pystart.sh
# The first line: the file leaves early when nobody is there to type.
RUN sed -i '1i . /etc/profile.d/pystart.sh' /etc/bash.bashrc
ENV SSH_PORT=2222
EXPOSE 2222
COPY --from=made /pystart /usr/local/bin/pystart
LABEL org.opencontainers.image.description="A Python base image with SSH for App Service that finds the web app and starts it"

# To build apps in, for the first stage of a Dockerfile of theirs: uv, compilers, and the headers of what is usual.
FROM base AS build
COPY image/uv.txt /tmp/
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential default-libmysqlclient-dev git libffi-dev \
        libjpeg-dev libldap2-dev libpq-dev libsasl2-dev libssl-dev libxml2-dev libxslt1-dev pkg-config unixodbc-dev zlib1g-dev \
    # The official images have the headers of Python; Debian's own Python has them in a package.
    && { [ -e "$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] \
        || apt-get install --yes --no-install-recommends python3-dev; } \
    && apt-get clean \
    && rm -rf /var/cache/apt /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log \
    && pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --requirement /tmp/uv.txt \
    && rm /tmp/uv.txt
COPY --from=made /pystart /usr/local/bin/pystart
LABEL org.opencontainers.image.description="A Python image with compilers and headers, in which pystart builds web apps"

# What a plain `docker build .` makes is the last one. It stands above as well, because the classic builder makes whatever
# stands before the stage that it is asked for.
FROM runtime
