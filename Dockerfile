# The images of Trainyard: --target api, worker, worker-gpu or worker-gpu-tensorflow.
# The final stages contain Debian, the node binary, packages and the built files, but no build tools.
# The largest comes last, because a builder without BuildKit builds every stage above the requested one.
ARG NODE_IMAGE=node:24-bookworm-slim
# TensorFlow's binding breaks on Node.js 23 and later.
ARG NODE_GPU_IMAGE=node:22-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
# Compiles the native engine. Its one file needs no other library than those of node, and so it runs in every image.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.base.json ./
COPY scripts ./scripts
COPY tools ./tools
COPY openapi ./openapi
COPY client ./client
COPY src ./src
COPY ui ./ui
# Compiles what the npm scripts compile, but not the tests. A compiler that fails must not leave an engine out.
RUN node scripts/prepare.mjs \
 && test -f dist/model/engines/native/addon.node \
 && test -f dist/jobs/queue/prepared/made-for.json \
 && find dist -type f ! -path 'dist/ui/*' ! -path 'dist/bundles/*' ! -path 'dist/jobs/queue/prepared/*' ! -name '*.js' ! -name '*.wasm' ! -name '*.node' -delete

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Removes source maps, types, manuals and tests, and the compiler, which a package has as an optional peer.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/.package-lock.json node_modules/typescript \
 && find . -regextype posix-extended -type d -regex '.*/node_modules/(@[^/]+/)?[^/]+/(test|docs)' -prune -exec rm -rf {} + \
 && find node_modules -type f -regextype posix-extended \
      -iregex '.*(\.map|\.d\.[cm]?ts|/(readme|changelog|history)[^/]*\.md)' -delete \
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
# A named volume that is mounted here gets the owner of this folder.
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
USER trainyard
# Signals reach only node, which ends its training processes itself.
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/main.js"]
LABEL org.opencontainers.image.title="Trainyard" \
      org.opencontainers.image.description="Train neural networks and serve them over HTTP." \
      org.opencontainers.image.licenses="MIT"

# The layers that change least come first.
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

FROM ${NODE_IMAGE} AS webgpu
WORKDIR /opt/webgpu
COPY docker/webgpu/package.json docker/webgpu/package-lock.json .npmrc ./
# Dawn for this platform only: the package has it for five.
RUN npm ci --ignore-scripts \
 && platform="linux-$(node -p process.arch)" \
 && mkdir -p webgpu/dist \
 && cp node_modules/webgpu/package.json node_modules/webgpu/index.js node_modules/webgpu/LICENSE.md webgpu/ \
 && cp -r "node_modules/webgpu/dist/$platform" webgpu/dist/

FROM runtime AS worker-gpu
# Further packages that have a driver for Vulkan: mesa-vulkan-drivers for GPUs of AMD and Intel.
ARG VULKAN_DRIVERS
USER root
# Vulkan's loader, and what the driver links to that NVIDIA's container toolkit adds.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libvulkan1 libglvnd0 libx11-6 libxext6 ${VULKAN_DRIVERS} \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*
COPY --from=webgpu /opt/webgpu/webgpu ./node_modules/webgpu
USER trainyard
# NVIDIA's toolkit on the host reads the first two variables and adds the driver; `graphics` is what has Vulkan. Drivers
# keep the kernels that they have compiled in the folder of the last one.
ENV ROLE=worker NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics XDG_CACHE_HOME=/tmp
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"

FROM ${NODE_GPU_IMAGE} AS tensorflow
# For machines without an NVIDIA GPU, use tensorflow-cpu==2.21.0.
ARG TENSORFLOW_WHEEL=tensorflow[and-cuda]==2.21.0
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ python3 python3-pip unzip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/tensorflow
COPY docker/tensorflow/fetch-library.sh /build/
COPY wheels /wheels
RUN /build/fetch-library.sh "${TENSORFLOW_WHEEL}" /opt/tensorflow /wheels
COPY docker/tensorflow/package.json docker/tensorflow/package-lock.json ./
RUN npm ci --ignore-scripts
COPY docker/tensorflow/build-binding.sh /build/
RUN /build/build-binding.sh node_modules/@tensorflow/tfjs-node-gpu /opt/tensorflow
# Removes headers, and files for browsers, debuggers and compilers.
RUN rm -rf tensorflow/include node_modules/@tensorflow/*/src node_modules/@tensorflow/*/dist/tf*.min.js \
 && find node_modules/@tensorflow/*/dist -maxdepth 1 -name 'tf*.js' ! -name '*.node.js' ! -path '*/tfjs-node-gpu/*' -delete \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*_test.js' \) -delete \
 && mkdir -p nvidia

FROM ${NODE_GPU_IMAGE} AS node-gpu

FROM base AS worker-gpu-tensorflow
COPY --from=tensorflow /opt/tensorflow/tensorflow /opt/tensorflow/tensorflow
COPY --from=tensorflow /opt/tensorflow/nvidia /opt/tensorflow/nvidia
COPY --from=tensorflow /opt/tensorflow/node_modules /opt/tensorflow/node_modules
COPY --from=node-gpu /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app/node_modules ./node_modules
# TensorFlow opens CUDA's libraries by name, so ldconfig must know their folders. The package stays in a separate folder
# and is linked, so that its dependencies and those of the service cannot replace each other.
USER root
RUN find /opt/tensorflow/nvidia -maxdepth 2 -name lib > /etc/ld.so.conf.d/tensorflow.conf \
 && ldconfig \
 && mkdir -p node_modules/@tensorflow \
 && ln -s /opt/tensorflow/node_modules/@tensorflow/tfjs-node-gpu node_modules/@tensorflow/tfjs-node-gpu
USER trainyard
COPY package.json ./
COPY --from=build /app/dist ./dist
# NVIDIA's container toolkit on the host reads the first two variables and adds the driver. TensorFloat-32 is off
# because it rounds to 10 bits, and engines may differ only by the rounding of float32. Without growth, the first
# training process would take the whole memory of the GPU.
ENV ROLE=worker NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility NVIDIA_TF32_OVERRIDE=0 \
    TF_FORCE_GPU_ALLOW_GROWTH=true TF_CPP_MIN_LOG_LEVEL=1
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
