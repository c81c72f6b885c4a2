/**
 * A private RabbitMQ for tests: its own node name, ports, epmd, cookie, data
 * and logs, all in one temporary folder. A RabbitMQ or an epmd that runs on
 * the machine is never touched.
 */
import { existsSync } from "node:fs"
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { answers, freePorts, Peer, run, until } from "./Process.ts"

export interface Host {
  readonly name: string
  /** Of queues whose client names none: `quorum`. */
  readonly queueType?: string
  /** What a policy says of all queues: `{ "delivery-limit": 1 }`. */
  readonly policy?: Readonly<Record<string, unknown>>
}

export interface RabbitMqOptions {
  /** How long a delivery may stay unacknowledged, in ms; RabbitMQ's own default is 30 minutes. */
  readonly consumerTimeout?: number
  /** More settings of the `rabbit` application, as Erlang terms: `{channel_max, 4}`. */
  readonly config?: ReadonlyArray<string>
  /** More virtual hosts than `/`, each user `guest`'s too. By `rabbitmqctl` each would take seconds. */
  readonly hosts?: ReadonlyArray<string | Host>
  /** One of a cluster that this one becomes a member of. */
  readonly join?: RabbitMq
  /** Plugins, each with its settings as Erlang terms. */
  readonly plugins?: Readonly<Record<string, string>>
}

/** The scripts themselves: Debian's wrappers in /usr/sbin change the user. */
const scripts = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/sbin", "/opt/rabbitmq/sbin"]

/** Names the root of another system that RabbitMQ is run from, by chroot: see `RabbitMq4`. */
export const rootVariable = "CELERIAC_TEST_RABBITMQ_ROOT"

const root = process.env[rootVariable] ?? ""

/** The folder of `rabbitmq-server` and `rabbitmqctl`, if RabbitMQ is installed. */
export const findRabbitMq = (): string | undefined =>
  [...scripts, ...(process.env["PATH"] ?? "").split(":")].find((folder) =>
    existsSync(join(root, folder, "rabbitmq-server"))
  )

/** A command of RabbitMQ's, in its own system. */
const inRoot = (command: string, args: ReadonlyArray<string>): readonly [string, ReadonlyArray<string>] =>
  root === "" ? [command, args] : ["chroot", [root, command, ...args]]

/** What one knows that makes nothing by itself because it is given these. */
const definitions = (hosts: ReadonlyArray<Host>) => ({
  users: [{ name: "guest", password: "guest", tags: "administrator" }],
  vhosts: hosts.map(({ name, queueType }) =>
    // Version 3 looks for it in the metadata, and version 4 beside them.
    queueType === undefined
      ? { name }
      : { name, default_queue_type: queueType, metadata: { default_queue_type: queueType } }
  ),
  permissions: hosts.map(({ name }) => ({ vhost: name, user: "guest", configure: ".*", write: ".*", read: ".*" })),
  policies: hosts.flatMap(({ name, policy }) =>
    policy === undefined
      ? []
      : [{ vhost: name, name: "tests", pattern: ".*", "apply-to": "queues", priority: 0, definition: policy }]
  )
})

const hostOf = (host: string | Host): Host => typeof host === "string" ? { name: host } : host

export class RabbitMq {
  readonly folder: string
  readonly port: number
  /** With user `guest`, virtual host `/`. */
  readonly url: string
  readonly #bin: string
  readonly #env: Readonly<Record<string, string>>
  readonly #epmdPort: number
  readonly #cookie: string
  /** Of a cluster, the first one's is everybody's. */
  readonly #hasEpmd: boolean
  #epmd: Peer | undefined
  #server: Peer | undefined

  /** `folder` is ours, and `inside` the same to RabbitMQ. */
  private constructor(
    folder: string,
    inside: string,
    bin: string,
    ports: ReadonlyArray<number>,
    cookie: string,
    first: RabbitMq | undefined
  ) {
    const [port = 0, dist = 0, free = 0] = ports
    const epmd = first === undefined ? free : first.#epmdPort
    this.#cookie = cookie
    this.#hasEpmd = first === undefined
    this.folder = folder
    this.port = port
    this.url = `amqp://guest:guest@127.0.0.1:${port}//`
    this.#bin = bin
    this.#epmdPort = epmd
    this.#env = {
      HOME: inside,
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: `celeriac-${port}@localhost`,
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_DIST_PORT: String(dist),
      RABBITMQ_MNESIA_BASE: join(inside, "mnesia"),
      RABBITMQ_LOG_BASE: join(inside, "log"),
      RABBITMQ_LOGS: join(inside, "log", "rabbit.log"),
      RABBITMQ_PID_FILE: join(inside, "pid"),
      RABBITMQ_CONFIG_FILE: join(inside, "rabbitmq.conf"),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(inside, "advanced.config"),
      RABBITMQ_CONF_ENV_FILE: join(inside, "rabbitmq-env.conf"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(inside, "enabled_plugins"),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
      // One process: without it the script stays as a shell between us and the broker.
      RUNNING_UNDER_SYSTEMD: "true",
      RABBITMQ_CTL_ERL_ARGS: "+S 1:1 +sbwt none",
      LANG: "C.UTF-8",
      LC_ALL: "C.UTF-8"
    }
  }

  /** Starts one, and resolves when it accepts AMQP connections. */
  static async start(options: RabbitMqOptions = {}): Promise<RabbitMq> {
    const bin = findRabbitMq()
    if (bin === undefined) throw new Error("rabbitmq-server is not installed")
    const folder = await mkdtemp(join(root, tmpdir(), "celeriac-rabbitmq-"))
    const inside = folder.slice(root.length)
    await Promise.all([mkdir(join(folder, "mnesia")), mkdir(join(folder, "log"))])
    const cookie = options.join !== undefined ? options.join.#cookie : `CELERIAC${Math.trunc(performance.now() * 1e6)}`
    await Promise.all([
      writeFile(join(folder, ".erlang.cookie"), cookie),
      writeFile(join(folder, "enabled_plugins"), `[${Object.keys(options.plugins ?? {}).join(", ")}].\n`),
      writeFile(join(folder, "rabbitmq-env.conf"), ""),
      writeFile(
        join(folder, "definitions.json"),
        JSON.stringify(definitions(["/", ...options.hosts ?? []].map(hostOf)))
      ),
      writeFile(
        // Erlang terms, and not rabbitmq.conf: translating that costs two seconds of every start.
        join(folder, "advanced.config"),
        `[{rabbit, [${
          [
            "{loopback_users, []}",
            "{vm_memory_high_watermark, 0.6}",
            "{disk_free_limit, 50000000}",
            "{collect_statistics_interval, 30000}",
            // Otherwise it reads /proc, of which another system has nothing.
            ...(root === "" ? [] : ["{vm_memory_calculation_strategy, allocated}"]),
            ...(options.hosts === undefined ? [] : [`{load_definitions, "${join(inside, "definitions.json")}"}`]),
            `{consumer_timeout, ${options.consumerTimeout ?? 1_800_000}}`,
            ...(options.config ?? [])
          ].join(", ")
        }]}${Object.entries(options.plugins ?? {}).map(([name, terms]) => `, {${name}, [${terms}]}`).join("")}].\n`
      )
    ])
    await chmod(join(folder, ".erlang.cookie"), 0o400)
    const rabbit = new RabbitMq(folder, inside, bin, await freePorts(3), cookie, options.join)
    try {
      await rabbit.start()
      if (options.join !== undefined) {
        await rabbit.rabbitmqctl("stop_app")
        await rabbit.rabbitmqctl("join_cluster", `celeriac-${options.join.port}@localhost`)
        await rabbit.rabbitmqctl("start_app")
      }
    } catch (error) {
      await rabbit.stop()
      throw error
    }
    return rabbit
  }

  /** Starts it again, on the same ports and data. */
  async start(): Promise<void> {
    if (this.#hasEpmd && !(this.#epmd?.running ?? false)) {
      this.#epmd = new Peer(...inRoot("epmd", ["-port", String(this.#epmdPort), "-address", "127.0.0.1"]))
    }
    const server = new Peer(...inRoot(join(this.#bin, "rabbitmq-server"), []), {
      env: this.#env,
      folder: this.folder
    })
    this.#server = server
    await until(
      "RabbitMQ's start",
      () => {
        if (!server.running) throw new Error(`RabbitMQ ended while starting:\n${server.output}`)
        return speaksAmqp(this.port)
      },
      100_000,
      () => server.output
    )
  }

  get running(): boolean {
    return this.#server?.running ?? false
  }

  /** `rabbitmqctl <args>`; about a second each. */
  rabbitmqctl(...args: ReadonlyArray<string>): Promise<string> {
    return run(...inRoot(join(this.#bin, "rabbitmqctl"), ["-q", ...args]), { env: this.#env })
  }

  /** SIGKILL: the way a machine loses power. Follow with `start()`. */
  async kill(): Promise<void> {
    await this.#server?.stop("SIGKILL")
  }

  /** An orderly stop that keeps the data. Follow with `start()`. */
  async halt(): Promise<void> {
    await this.#server?.stop("SIGTERM", 60_000)
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.#server?.stop("SIGKILL")
    await this.#epmd?.stop("SIGKILL")
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

/** The listener opens before the broker is ready: ask for the first frame of the handshake. */
const speaksAmqp = (port: number): Promise<boolean> => answers(port, "AMQP\0\0\x09\x01", (data) => data[0] === 1)
