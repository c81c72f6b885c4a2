/**
 * A TCP proxy that breaks on purpose: between a client and its broker, to see
 * what either makes of a bad network.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

/**
 * `pass`: as it comes. `blackhole`: nothing gets through, either way, and nobody
 * is told. `toServerLost`, `toClientLost`: one way only. `trickle`: one byte
 * every 20 ms towards the client. New connections are treated likewise: they
 * are accepted, and see what the mode lets through. A connection that has lost
 * something is reset when all comes through again: a stream of TCP has no gaps.
 */
export type Fault = "pass" | "blackhole" | "toServerLost" | "toClientLost" | "trickle"

export class FaultProxy {
  readonly port: number
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #fault: Fault = "pass"

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /** Between a free port of this machine and `port`. */
  static async start(port: number, host = "127.0.0.1"): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(0, "127.0.0.1", resolve)
    })
    const proxy = new FaultProxy(server)
    server.on("connection", (client) => {
      const pair = new Pair(client, connect({ host, port, allowHalfOpen: true }), () => proxy.#fault)
      proxy.#pairs.add(pair)
      pair.onClose(() => proxy.#pairs.delete(pair))
    })
    return proxy
  }

  /** `url` with this proxy's address instead of its own. */
  through(url: string): string {
    return url.replace(/@[^/]*\//, `@127.0.0.1:${this.port}/`)
  }

  get connections(): number {
    return this.#pairs.size
  }

  set fault(fault: Fault) {
    this.#fault = fault
    for (const pair of this.#pairs) pair.wake()
  }

  /** RST to both sides of every connection. */
  reset(): void {
    for (const pair of this.#pairs) pair.reset()
  }

  /** The broker's side is gone without a word; the client's side stays open and silent. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.dropServer()
  }

  async stop(): Promise<void> {
    this.reset()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

class Pair {
  readonly #client: Socket
  readonly #server: Socket
  readonly #fault: () => Fault
  #deaf = false
  /** Something of it is lost. */
  #torn = false

  constructor(client: Socket, server: Socket, fault: () => Fault) {
    this.#client = client
    this.#server = server
    this.#fault = fault
    for (const [from, to] of [[client, server], [server, client]] as const) {
      from.on("error", () => {})
      from.on("data", (data) => this.#pass(data, to))
      from.on("end", () => {
        if (!this.#loses(to)) to.end()
      })
      from.on("close", () => {
        if (!this.#loses(to)) to.destroy()
      })
    }
  }

  onClose(listener: () => void): void {
    this.#client.on("close", listener)
  }

  wake(): void {
    const isOver = this.#client.destroyed || (this.#server.destroyed && !this.#deaf)
    if (isOver || (this.#torn && !this.#deaf && this.#fault() === "pass")) this.reset()
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  dropServer(): void {
    this.#deaf = true
    this.#server.destroy()
  }

  #loses(to: Socket): boolean {
    const fault = this.#fault()
    return this.#deaf || fault === "blackhole" || fault === (to === this.#server ? "toServerLost" : "toClientLost")
  }

  #pass(data: Buffer, to: Socket): void {
    if (this.#loses(to)) {
      this.#torn = true
      return
    }
    if (this.#fault() !== "trickle" || to === this.#server) {
      to.write(data)
      return
    }
    const from = this.#server
    from.pause()
    let at = 0
    const drip = setInterval(() => {
      const rest = this.#fault() !== "trickle"
      if (!to.destroyed) to.write(rest ? data.subarray(at) : data.subarray(at, at + 1))
      at++
      if (rest || at >= data.length || to.destroyed) {
        clearInterval(drip)
        from.resume()
      }
    }, 20)
  }
}
