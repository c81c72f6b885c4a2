/** Flower, the released one, watching a broker: what operators look at a cluster with. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { freePorts, Peer, until } from "./Process.ts"
import { cache } from "./Python.ts"

/** The version that is tested. */
export const version = "2.2.0"

/** Where `ensure` puts it, with the reference's Celery, if pip can reach it. */
export const folder = join(cache, `flower-${version}`)

/** Its python, if it is there. */
export const findFlower = (): string | undefined => {
  const python = join(folder, "bin", "python")
  return existsSync(python) ? python : undefined
}

export class Flower {
  readonly url: string
  readonly #peer: Peer

  private constructor(url: string, peer: Peer) {
    this.url = url
    this.#peer = peer
  }

  /** `app` is a module of `folder`, with the tasks that Flower is to know by name. */
  static async start(broker: string, { app, folder }: { app: string; folder: string }): Promise<Flower> {
    const python = findFlower()
    if (python === undefined) throw new Error("Flower was not found: run `node test/peers/ensure.ts`")
    const [port = 0] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    const peer = new Peer(python, [
      ...["-u", "-m", "celery", `--app=${app}`, `--broker=${broker}`, "flower"],
      ...["--address=127.0.0.1", `--port=${port}`]
    ], { env: { PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: folder, FLOWER_UNAUTHENTICATED_API: "true" } })
    const answers = async () => {
      if (!peer.running) throw new Error(`Flower ended while starting:\n${peer.output}`)
      return fetch(`${url}/healthcheck`).then((response) => response.ok, () => false)
    }
    await until("Flower's start", answers, 100_000, () => peer.output)
    return new Flower(url, peer)
  }

  get output(): string {
    return this.#peer.output
  }

  stop(): Promise<void> {
    return this.#peer.stop("SIGTERM", 5_000)
  }
}
