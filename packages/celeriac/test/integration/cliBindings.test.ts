/** `celeriac list bindings`, with a RabbitMQ whose management plugin is enabled. */
import { assert, describe, it } from "@effect/vitest"
import { freePorts } from "../../../../test/peers/Process.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { celeriac } from "../fixtures/Command.ts"

describe("celeriac list bindings", () => {
  it("lists which exchange brings what to which queue", { timeout: 120_000 }, async () => {
    const [port = 0] = await freePorts(1)
    const rabbit = await RabbitMq.start({
      plugins: { rabbitmq_management: `{tcp_config, [{port, ${port}}, {ip, "127.0.0.1"}]}` }
    })
    try {
      const sent = await celeriac(["-b", rabbit.url, "call", "proj.add", "--queue", "reports"])
      assert.strictEqual(sent.code, 0, sent.stderr)
      const list = ["-b", rabbit.url, "list", "bindings", "--broker-api", `http://127.0.0.1:${port}/api`]
      const { code, stderr, stdout } = await celeriac(list)
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(
        stdout.split("\n").slice(0, 2).join("\n"),
        `${"Queue".padEnd(28)} ${"Exchange".padEnd(28)} Routing Key\n${"-".repeat(16).padEnd(28)} ${
          "-".repeat(16).padEnd(28)
        } ${"-".repeat(16)}`
      )
      assert.include(stdout, `\n${"reports".padEnd(28)} ${"reports".padEnd(28)} reports\n`)
      const json = JSON.parse((await celeriac([...list, "--json"])).stdout)
      assert.deepInclude(json, { queue: "reports", exchange: "reports", routing_key: "reports" })

      const refused = await celeriac([...list.slice(2), "-b", rabbit.url.replace("guest:guest", "guest:hush")])
      assert.strictEqual(refused.code, 1)
      assert.match(refused.stderr, /^celeriac: the management API at .* does not tell the bindings: it answered 401/)
      assert.notInclude(refused.stderr, "hush")
    } finally {
      await rabbit.stop()
    }
  })

  it("says what is missing where there is no plugin", async () => {
    const { code, stderr } = await celeriac([
      "-b",
      "amqp://me:hush@127.0.0.1:1//",
      "list",
      "bindings",
      "--broker-api",
      "http://127.0.0.1:1/api"
    ])
    assert.strictEqual(code, 1)
    assert.match(
      stderr,
      /^celeriac: the management API at http:\/\/127\.0\.0\.1:1\/api .*rabbitmq-plugins enable rabbitmq_management/
    )
    assert.notInclude(stderr, "hush")
  })
})
