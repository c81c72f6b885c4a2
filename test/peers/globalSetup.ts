/**
 * Vitest's global set-up of integration tests: one RabbitMQ and one Redis for
 * the whole run. A test asks for them with `brokerUrl()` and
 * `inject("redisUrl")`. A test that breaks its broker starts its own.
 *
 * `CELERIAC_TEST_AMQP_URL` and `CELERIAC_TEST_REDIS_URL` name servers to use instead.
 */
import type { TestProject } from "vitest/node"
import { hosts } from "./Broker.ts"
import { ensure } from "./ensure.ts"
import { RabbitMq } from "./RabbitMq.ts"
import { Redis } from "./Redis.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Of the virtual host that all have together: tests ask for `brokerUrl()`. */
    readonly amqpUrl: string
    /** How many virtual hosts there are besides. */
    readonly amqpHosts: number
    readonly redisUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensure()
  const amqpUrl = process.env["CELERIAC_TEST_AMQP_URL"]
  const redisUrl = process.env["CELERIAC_TEST_REDIS_URL"]
  const count = amqpUrl === undefined ? project.vitest.config.maxWorkers : 0
  const started = await Promise.allSettled([
    amqpUrl === undefined ? RabbitMq.start({ hosts: hosts(count) }) : undefined,
    redisUrl === undefined ? Redis.start() : undefined
  ])
  const stop = async () => {
    await Promise.all(started.map((peer) => peer.status === "fulfilled" ? peer.value?.stop() : undefined))
  }
  const failed = started.find((peer) => peer.status === "rejected")
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  const [rabbit, redis] = started
  project.provide("amqpUrl", amqpUrl ?? (rabbit.status === "fulfilled" ? rabbit.value?.url : undefined) ?? "")
  project.provide("amqpHosts", count)
  project.provide("redisUrl", redisUrl ?? (redis.status === "fulfilled" ? redis.value?.url : undefined) ?? "")
  return stop
}
