/**
 * What rows are made with: the servers, the programs, duels in turn, and the
 * table at the end.
 */
import { RabbitMq } from "../test/peers/RabbitMq.ts"
import { findRedis, Redis } from "../test/peers/Redis.ts"
import { type Line, Program } from "./Program.ts"
import * as Published from "./Published.ts"
import { render, type Row } from "./Table.ts"

export type Figure = Omit<Row, "name" | "baseline" | "ours"> & { readonly of: string; readonly as: string }

export interface Duel {
  readonly name: string
  readonly baseline: () => Promise<Line>
  readonly ours: () => Promise<Line>
  readonly figures: ReadonlyArray<Figure>
}

export interface Options {
  readonly rounds: number
  /** Duels that have this in their name; all when it is empty. */
  readonly wanted: string
  /** Whether only to see that all of it runs: the counts are a hundredth. */
  readonly isSmoke: boolean
}

export class Bench {
  readonly rounds: number
  /** Of the broker. */
  readonly url: string
  /** Undefined where there is no `redis-server`. */
  readonly redisUrl: string | undefined
  readonly published: Published.Published
  readonly #wanted: string
  readonly #isSmoke: boolean
  readonly #broker: RabbitMq | undefined
  readonly #redis: Redis | undefined
  readonly #rows: Array<Row> = []

  private constructor(
    { isSmoke, rounds, wanted }: Options,
    url: string,
    published: Published.Published,
    broker: RabbitMq | undefined,
    redis: Redis | undefined
  ) {
    this.rounds = rounds
    this.url = url
    this.redisUrl = redis?.url
    this.published = published
    this.#wanted = wanted
    this.#isSmoke = isSmoke
    this.#broker = broker
    this.#redis = redis
  }

  /** Starts what is needed; `CELERIAC_TEST_AMQP_URL` names a broker to use instead. */
  static async start(options: Options): Promise<Bench> {
    const given = process.env["CELERIAC_TEST_AMQP_URL"]
    const broker = given === undefined ? await RabbitMq.start() : undefined
    const redis = findRedis() === undefined ? undefined : await Redis.start()
    return new Bench(options, given ?? broker!.url, await Published.publish(), broker, redis)
  }

  async stop(): Promise<void> {
    this.published.remove()
    await this.#redis?.stop()
    await this.#broker?.stop()
  }

  say(text: string): void {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
  }

  isWanted(name: string): boolean {
    return name.includes(this.#wanted)
  }

  /** How many of something: fewer where it is only to be seen that it runs. */
  count(full: number): number {
    return this.#isSmoke ? Math.min(full, Math.max(20, Math.round(full / 100))) : full
  }

  /** A scenario of a program, which is to be stopped. */
  program(program: string, scenario: string, count: number): Program {
    return new Program(this.published.program(program), [scenario, this.url, String(count), this.redisUrl ?? ""])
  }

  /** The first line of a scenario. */
  async once(program: string, scenario: string, count: number): Promise<Line> {
    const running = this.program(program, scenario, count)
    try {
      return await running.next()
    } finally {
      running.stop()
    }
  }

  /** One that is ready, and runs while `use` does. */
  async serving(
    program: string,
    scenario: string,
    count: number,
    use: (server: Program) => Promise<Line>
  ): Promise<Line> {
    const server = this.program(program, scenario, count)
    try {
      await server.next()
      return await use(server)
    } finally {
      server.stop()
    }
  }

  /** Both in turn, `rounds` times. */
  async duel({ baseline, figures, name, ours }: Duel): Promise<void> {
    if (!this.isWanted(name)) return
    const pairs: Array<readonly [Line, Line]> = []
    for (let round = 1; round <= this.rounds; round++) {
      this.say(`${name}: round ${round} of ${this.rounds}`)
      pairs.push([await baseline(), await ours()])
    }
    for (const { as, of, ...figure } of figures) {
      this.row({
        ...figure,
        name: `${name}, ${as}`,
        baseline: pairs.map(([line]) => line[of] ?? Number.NaN),
        ours: pairs.map(([, line]) => line[of] ?? Number.NaN)
      })
    }
  }

  row(row: Row): void {
    this.#rows.push(row)
  }

  print(): void {
    this.say("")
    if (this.#isSmoke) console.log("A hundredth of the counts: these figures say that it runs, and nothing else.\n")
    console.log(render(this.#rows, this.rounds))
  }
}
