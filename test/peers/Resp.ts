/** A few commands to a Redis, to look at what others stored: no client library, no cache. */
import { connect } from "node:net"

/** Sends one command over a connection of its own, and gives its reply: text, a number, null, or a list of these. */
export const redisCommand = (url: string, ...command: ReadonlyArray<string>): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    let received = Buffer.alloc(0)
    socket.setTimeout(60_000, () => socket.destroy(new Error(`no reply to ${command[0]} within a minute`)))
    socket.on("error", reject)
    socket.on("data", (data) => {
      received = Buffer.concat([received, data])
      const reply = parse(received, 0)
      if (reply === undefined) return
      socket.destroy()
      if (reply.value instanceof Error) reject(reply.value)
      else resolve(reply.value)
    })
    socket.write(
      `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`
    )
  })

interface Parsed {
  readonly value: unknown
  readonly next: number
}

/** The reply that begins at `at`, if all of it is there. */
const parse = (bytes: Buffer, at: number): Parsed | undefined => {
  const end = bytes.indexOf("\r\n", at)
  if (end < 0) return undefined
  const line = bytes.toString("utf8", at + 1, end)
  const next = end + 2
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case ":":
      return { value: Number(line), next }
    case "-":
      return { value: new Error(line), next }
    case "$": {
      const length = Number(line)
      if (length < 0) return { value: null, next }
      return bytes.length < next + length + 2
        ? undefined
        : { value: bytes.toString("utf8", next, next + length), next: next + length + 2 }
    }
    case "*": {
      const items: Array<unknown> = []
      let from = next
      for (let count = Number(line); count > 0; count--) {
        const item = parse(bytes, from)
        if (item === undefined) return undefined
        items.push(item.value)
        from = item.next
      }
      return { value: items, next: from }
    }
    default:
      return { value: line, next }
  }
}
