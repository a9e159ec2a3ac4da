# The images of Trainyard: --target api, worker or worker-gpu.
# What builds them stays behind: the last stages hold Debian, the node binary, packages, and what was built.
# worker-gpu comes last, because a builder without BuildKit builds every stage above the one that is asked for.
ARG NODE_IMAGE=node:24-bookworm-slim
# TensorFlow's binding breaks on Node.js 23 and later.
ARG NODE_GPU_IMAGE=node:22-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.base.json ./
COPY scripts ./scripts
COPY src ./src
# As every npm script does: it compiles src and the kernels, and without the tests.
RUN node scripts/prepare.mjs \
 && find dist -type f ! -name '*.js' ! -name '*.wasm' -delete

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing at run time reads source maps, types and manuals; they are a quarter of it all.
RUN npm ci --omit=dev --ignore-scripts \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \
      -o -iname 'readme*.md' -o -iname 'changelog*.md' -o -iname 'history.md' \) -delete \
 && rm -f node_modules/.package-lock.json \
 && find node_modules -type d -empty -delete

FROM ${NODE_IMAGE} AS node

FROM ${DEBIAN_IMAGE} AS base
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* \
 && groupadd --gid 1000 trainyard \
 && useradd --uid 1000 --gid 1000 --home-dir /app --no-create-home --shell /usr/sbin/nologin trainyard \
 && install --directory --owner=trainyard --group=trainyard /data
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data LOG_FORMAT=json
EXPOSE 3000
# A named volume that is mounted here takes over the folder's owner.
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
USER trainyard
# Signals go to node alone, which ends its training processes itself.
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/main.js"]
LABEL org.opencontainers.image.title="Trainyard" \
      org.opencontainers.image.description="Train neural networks and serve them over HTTP." \
      org.opencontainers.image.licenses="MIT"

# What changes least comes first.
FROM base AS runtime
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY --from=build /app/dist ./dist

FROM runtime AS api
ENV ROLE=api
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"

FROM runtime AS worker
ENV ROLE=worker
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
