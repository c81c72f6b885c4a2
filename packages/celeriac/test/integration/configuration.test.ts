/** What cannot work says so in one line, and the process ends: on a real broker, by the command. */
import { assert, describe, it } from "@effect/vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { freePorts } from "../../../../test/peers/Process.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import { celeriac, fixture } from "../fixtures/Command.ts"

const amqpUrl = brokerUrl()

const worker = (url: string, ...more: ReadonlyArray<string>) =>
  celeriac(["worker", "-A", fixture("worker.ts"), "-b", url, ...more])

/** One line of output that is an error. */
const oneLine = (stderr: string): string => {
  const lines = stderr.trimEnd().split("\n").filter((line) => line !== "")
  assert.strictEqual(lines.length, 1, stderr)
  return lines[0] ?? ""
}

describe.concurrent("celeriac worker", () => {
  it("names the user whose password is refused, and never the password", async () => {
    const { code, stderr, stdout } = await worker(amqpUrl.replace("guest:guest", "guest:open-sesame"), "-l", "debug")
    assert.strictEqual(code, 1)
    assert.include(stderr, "guest")
    assert.match(stderr, /[^.]\. Check the user name, the password/)
    assert.notInclude(stderr + stdout, "open-sesame")
  })

  it("names the virtual host that is not there", async () => {
    const { code, stderr } = await worker(amqpUrl.replace(/(:\d+)\/.*$/, "$1/nowhere"))
    assert.strictEqual(code, 1)
    const line = oneLine(stderr)
    assert.match(line, /nowhere/)
    assert.match(line, /virtual host|vhost/i)
  })

  it("names the queue that exists otherwise, and what differs", async () => {
    const queue = `celeriac.otherwise.${process.pid}`
    const wire = await Wire.open(amqpUrl)
    try {
      await wire.channel.assertQueue(queue, { durable: true, arguments: { "x-max-length": 5 } })
      const { code, stderr } = await worker(amqpUrl, "-Q", queue)
      assert.strictEqual(code, 1)
      const line = oneLine(stderr)
      assert.include(line, queue)
      assert.include(line, "x-max-length")
    } finally {
      await wire.channel.deleteQueue(queue)
      await wire.close()
    }
  })

  it("names the queue whose name the broker does not take", async () => {
    const reserved = await worker(amqpUrl, "-Q", "amq.mine")
    assert.strictEqual(reserved.code, 1)
    assert.match(oneLine(reserved.stderr), /'amq\.mine'.*Names that begin with 'amq\.' are the broker's own/)
    const name = "q".repeat(300)
    const long = await worker(amqpUrl, "-Q", name)
    assert.strictEqual(long.code, 1)
    assert.match(oneLine(long.stderr), new RegExp(`'${name}'.*up to 255`))
  })

  it("gives up on a broker that never comes, after the retries it was given", async () => {
    const [port = 0] = await freePorts(1)
    const { code, stderr, stdout } = await worker(`amqp://user:open-sesame@127.0.0.1:${port}//`)
    assert.strictEqual(code, 1)
    assert.strictEqual(stderr.match(/Trying again in [\d.]+ seconds\.\.\. \(\d\/2\)/g)?.length, 2, stderr)
    assert.include(stderr, "is the port right? Trying again")
    assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", new RegExp(`CRITICAL.*127\\.0\\.0\\.1:${port}`))
    assert.notInclude(stderr + stdout, "open-sesame")
  })
})
