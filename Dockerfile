# The server as an image: production packages only, not root, writable only in DATA_DIR.
# docker build -t woongkie-talkie .
# docker run --read-only --tmpfs /tmp -e JWT_SECRET=… -v talkie:/data -p 127.0.0.1:8080:8080 woongkie-talkie

FROM node:24.21-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:24.21-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:24.21-bookworm-slim
ENV NODE_ENV=production IS_DEV=prod PORT=8080 DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/build build
COPY openapi/openapi.yaml openapi/asyncapi.yaml openapi/
COPY package.json ./
RUN install -d -o 1000 -g 1000 /data
# The base image's user `node`, by number, so that Kubernetes can verify that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "build/deploy/health.js"]
# The server is process 1, so it receives SIGTERM and drains for DRAIN_MS. `docker stop` kills it after 10 s unless told to
# wait longer: docker stop --time 30
CMD ["node", "--enable-source-maps", "build/server.js"]
