/** The example of Python interop, as its README tells to run it. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Peer, run, until } from "../../../../test/peers/Process.ts"
import { CeleryWorker, findPython } from "../../../../test/peers/Python.ts"

const example = fileURLToPath(new URL("../../../../examples/02-python-interop/", import.meta.url))
const env = { CELERIAC_BROKER_URL: brokerUrl(), NO_COLOR: "1", PYTHONDONTWRITEBYTECODE: "1" }

/** What its README says that is printed: by `main.ts`, then by `client.py`. */
const [byMain = "", byClient = ""] = Array.from(
  readFileSync(`${example}README.md`, "utf8").matchAll(/```text\n([^]*?)```/g),
  ([, text]) => text ?? ""
)

describe("the example 02-python-interop", () => {
  it("prints on both sides what its README says", { timeout: 120_000 }, async () => {
    const worker = await CeleryWorker.start({
      module: `${example}worker.py`,
      env,
      args: ["--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    })
    const main = new Peer(process.execPath, [`${example}main.ts`], { env })
    try {
      await until(
        "main.ts waits for the client",
        () => main.output.includes("Waiting for client.py"),
        100_000,
        () => main.output
      )
      const client = await run(findPython() ?? "python3", [`${example}client.py`], { env, timeout: 100_000 })
      assert.strictEqual(await main.exited, 0, main.output)
      assert.strictEqual(main.output, byMain)
      assert.strictEqual(client, byClient)
    } finally {
      await Promise.all([main.stop("SIGKILL"), worker.kill()])
    }
  })
})
