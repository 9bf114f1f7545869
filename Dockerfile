# The one binary and its shared libraries in an empty image: no shell, no package manager.
#
#   docker build -t ottla .
#   docker run -p 9092:9092 -v ottla-data:/data ottla
#
# Settings are Kafka's, as environment variables: -e KAFKA_LOG_RETENTION_MS=3600000

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npx -y deno@2.9.6 task compile --with bun && npx -y deno@2.9.6 task rootfs /rootfs

FROM scratch
COPY --from=build /rootfs/ /
USER 65532:65532
VOLUME /data
EXPOSE 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=2s \
  CMD ["/usr/local/bin/ottla", "topics", "list", "--bootstrap", "127.0.0.1:9092"]
ENTRYPOINT ["/usr/local/bin/ottla"]
CMD ["start", "--data-dir", "/data"]
