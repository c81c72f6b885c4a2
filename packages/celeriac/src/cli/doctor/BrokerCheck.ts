/** The broker itself: who answers, how it is reached, and whether it takes anything. */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Connection } from "@celeriac/messaging/Transport"
import * as Finding from "./Finding.ts"

/** Why nobody could connect. */
export const unreachable = (error: MessagingError): Finding.Finding => {
  const { reason } = error
  switch (reason._tag) {
    case "AccessRefused":
      return Finding.problem("broker", reason.message, "Name the right user and password in the URL (-b)")
    case "VirtualHostRefused":
      return Finding.problem(
        "broker",
        reason.message,
        "Make it (rabbitmqctl add_vhost NAME) and let the user in (rabbitmqctl set_permissions), or name another one at the end of the URL"
      )
    case "InvalidConfiguration":
      return Finding.problem(
        "broker",
        reason.message,
        "Name the broker with -b, such as -b amqp://user:password@host:5672//"
      )
    default:
      return Finding.problem(
        "broker",
        reason.message,
        "Is it running, does it listen at this host and port, and does no firewall stand between? -b names another one"
      )
  }
}

export const check = ({ blocked, terms, uri }: Pick<Connection, "blocked" | "terms" | "uri">): Finding.Findings => {
  const alarm = blocked()
  return [
    ...ofServer(terms?.server, uri),
    ...alarm === undefined ? [] : [
      Finding.problem(
        "broker",
        `It blocks publishers: ${alarm}`,
        "Free memory or disk on its machine, or raise its limits (vm_memory_high_watermark, disk_free_limit)"
      )
    ],
    ...terms === undefined || terms.isEncrypted || isLocal(uri) ? [] : [
      Finding.warning(
        "broker",
        "The connection is not encrypted: passwords and tasks travel in the clear",
        "Use amqps:// where the network is not yours alone"
      )
    ],
    ...terms === undefined || terms.heartbeat > 0 ? [] : [
      Finding.warning(
        "broker",
        "There are no AMQP heartbeats: a connection that dies silently is not noticed",
        "Leave ?heartbeat=0 out of the URL"
      )
    ]
  ]
}

const ofServer = (server: { readonly product: string; readonly version: string } | undefined, uri: string) => {
  if (server === undefined) return [Finding.ok("broker", `Connected to ${uri}`)]
  const { product, version } = server
  const said = `${product} ${version} at ${uri}`
  if (product !== "RabbitMQ") {
    return [
      Finding.warning(
        "broker",
        said,
        "Celeriac is tested with RabbitMQ. What is not as there shows in the other findings"
      )
    ]
  }
  return isBefore(version, [3, 8])
    ? [
      Finding.warning(
        "broker",
        `${said} is old: it has no quorum queues with delivery limits`,
        "Use RabbitMQ 3.13 or 4"
      )
    ]
    : [Finding.ok("broker", said)]
}

/** Of `3.10.8`. What is no number is as new as can be. */
export const isBefore = (version: string, [major, minor]: readonly [major: number, minor: number]): boolean => {
  const [one = 0, other = 0] = version.split(".").map(Number)
  return one < major || (one === major && other < minor)
}

/** Whether nobody else hears what is said to this host. */
export const isLocal = (uri: string): boolean => {
  const authority = /^[\w+]+:\/\/([^/]*)/.exec(uri)?.[1] ?? ""
  const host = authority.slice(authority.lastIndexOf("@") + 1)
  return host === "" || /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(host)
}
