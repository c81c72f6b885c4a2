/** A broker's queues by hand, through amqplib: messages of any shape in, what lies in a queue out. */
import type * as Amqplib from "amqplib"
import { createRequire } from "node:module"

// Of the workspace root: no package ships it.
const amqplib: typeof Amqplib = createRequire(import.meta.url)("amqplib")

export class Wire {
  readonly #connection: Amqplib.ChannelModel
  readonly channel: Amqplib.ConfirmChannel

  private constructor(connection: Amqplib.ChannelModel, channel: Amqplib.ConfirmChannel) {
    this.#connection = connection
    this.channel = channel
  }

  static async open(url: string): Promise<Wire> {
    const connection = await amqplib.connect(url)
    connection.on("error", () => {})
    const channel = await connection.createConfirmChannel()
    channel.on("error", () => {})
    return new Wire(connection, channel)
  }

  /** The broker's default `max_message_size`, in bytes: larger messages close the channel. */
  get maxMessageSize(): number {
    // The types of amqplib leave out what the broker says of itself.
    const { connection } = this.#connection as unknown as {
      readonly connection: { readonly serverProperties: { readonly version?: unknown } }
    }
    const major = Number.parseInt(String(connection.serverProperties.version), 10)
    return (major >= 4 ? 16 : 128) * 1024 * 1024
  }

  /** Confirmed by the broker. */
  async send(queue: string, body: string | Uint8Array, options: Amqplib.Options.Publish = {}): Promise<void> {
    this.channel.sendToQueue(queue, Buffer.from(body), options)
    await this.channel.waitForConfirms()
  }

  /** How many messages of a queue nobody holds. */
  async ready(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount
  }

  /** How many consume from a queue. */
  async consumers(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).consumerCount
  }

  /** Takes all that is ready in a queue. */
  async drain(queue: string): Promise<ReadonlyArray<Amqplib.GetMessage>> {
    const taken: Array<Amqplib.GetMessage> = []
    while (true) {
      const message = await this.channel.get(queue, { noAck: true })
      if (message === false) return taken
      taken.push(message)
    }
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => {})
  }
}
