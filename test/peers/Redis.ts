/** A private redis-server for tests: its own port, nothing on disk. */
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { answers, freePorts, Peer, until } from "./Process.ts"

/** Where `redis-server` is, if it is installed. */
export const findRedis = (): string | undefined =>
  (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, "redis-server")).find((file) => existsSync(file))

export class Redis {
  readonly folder: string
  readonly port: number
  /** Database 0. */
  readonly url: string
  readonly #args: ReadonlyArray<string>
  #server: Peer | undefined

  private constructor(folder: string, port: number, args: ReadonlyArray<string>) {
    this.folder = folder
    this.port = port
    this.url = `redis://127.0.0.1:${port}/0`
    this.#args = args
  }

  /** `args` are more command-line options, as `--maxmemory 10mb`. */
  static async start(...args: ReadonlyArray<string>): Promise<Redis> {
    const [port = 0] = await freePorts(1)
    const redis = new Redis(await mkdtemp(join(tmpdir(), "celeriac-redis-")), port, args)
    try {
      await redis.start()
    } catch (error) {
      await redis.stop()
      throw error
    }
    return redis
  }

  /** Starts it again, on the same port (and empty, unless `args` made it save). */
  async start(): Promise<void> {
    const server = new Peer("redis-server", [
      ...["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--dir", this.folder],
      ...["--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"],
      ...this.#args
    ], { folder: this.folder })
    this.#server = server
    await until(
      "Redis's start",
      () => {
        if (!server.running) throw new Error(`Redis ended while starting:\n${server.output}`)
        return answers(this.port, "PING\r\n", (data) => data.toString().startsWith("+PONG"))
      },
      100_000,
      () => server.output
    )
  }

  /** SIGKILL. Follow with `start()`. */
  async kill(): Promise<void> {
    await this.#server?.stop("SIGKILL")
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#server?.stop("SIGTERM", 3000)
    await rm(this.folder, { recursive: true, force: true })
  }
}
