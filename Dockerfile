# The image of the workers: `docker build -t IMAGE .`. A runner starts it with the flags of the SDK container contract
# (https://s.apache.org/beam-fn-api-container-contract). test/runners/container.test.ts carries these lines out without Docker.

FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
# What is published is what the image holds: package.json lists it.
RUN npm run build && npm pack --silent && tar -xzf m4-balance-*.tgz

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY --from=build /src/package ./
# Where Dataflow's documentation expects the program that starts a worker, in images of every SDK.
RUN mkdir -p /opt/apache/beam && ln -s /app/dist/beam/worker-entry.js /opt/apache/beam/boot && chmod a+rx /app/dist/beam/worker-entry.js
USER node
ENTRYPOINT ["node", "/app/dist/bin/m4-balance.js", "worker"]
