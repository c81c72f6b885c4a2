/**
 * The query of a broker's URL: how to talk to it.
 *
 * @since 0.1.0
 */
import { mask } from "@celeriac/messaging/MaskedUri"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"

interface Tls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly verify?: boolean
  readonly servername?: string
}

/** What a query says. */
interface Settings {
  readonly heartbeat: Duration.Input | undefined
  readonly connectTimeout: Duration.Input | undefined
  readonly tls: Tls | undefined
  readonly external: boolean
  readonly maxMessageSize: number
}

/** Kombu's names and those of RabbitMQ's URI specification. */
export const parse = (query: string, url: string): Result.Result<Settings, MessagingError> =>
  Result.gen(function*() {
    let heartbeat: Duration.Input | undefined
    let connectTimeout: Duration.Input | undefined
    let external = false
    let maxMessageSize = Infinity
    const tls: { -readonly [K in keyof Tls]: Tls[K] } = {}
    for (const [name, value] of new URLSearchParams(query)) {
      const number = Number(value)
      switch (name) {
        case "heartbeat":
          if (value === "" || !(number >= 0)) {
            return yield* invalid(`'${mask(url)}': heartbeat must be a number of seconds`)
          }
          heartbeat = Duration.seconds(number)
          break
        case "connect_timeout": // seconds
        case "connection_timeout": // milliseconds
          if (!(number > 0)) return yield* invalid(`'${mask(url)}': ${name} must be a positive number`)
          connectTimeout = name === "connect_timeout" ? Duration.seconds(number) : Duration.millis(number)
          break
        case "max_message_size":
          if (!/^[1-9]\d{0,14}$/.test(value)) {
            return yield* invalid(`'${mask(url)}': max_message_size must be a whole number of bytes`)
          }
          maxMessageSize = number
          break
        case "ssl_ca_certs":
        case "cacertfile":
          tls.ca = value
          break
        case "ssl_certfile":
        case "certfile":
          tls.cert = value
          break
        case "ssl_keyfile":
        case "keyfile":
          tls.key = value
          break
        case "server_name_indication":
          tls.servername = value
          break
        case "ssl_cert_reqs":
        case "verify": {
          const verify = verifications[value.toLowerCase()]
          if (verify === undefined) {
            return yield* invalid(`'${mask(url)}': ${name} must be required (verify_peer) or none (verify_none)`)
          }
          tls.verify = verify
          break
        }
        case "auth_mechanism":
        case "login_method":
          if (!/^(plain|external)$/i.test(value)) {
            return yield* invalid(`'${mask(url)}': ${name} must be PLAIN or EXTERNAL`)
          }
          external = /^external$/i.test(value)
          break
        default:
          return yield* invalid(
            `'${
              mask(url)
            }': there is no option '${name}': expected heartbeat, connect_timeout, connection_timeout, ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_cert_reqs, server_name_indication, auth_mechanism or max_message_size`
          )
      }
    }
    return { heartbeat, connectTimeout, external, maxMessageSize, tls: Object.keys(tls).length === 0 ? undefined : tls }
  })

/** What is to be mended. */
export const mistake = (detail: string): MessagingError => because("AmqpConfig", new InvalidConfiguration({ detail }))

/** The same, as a failure. */
export const invalid = (detail: string) => Result.fail(mistake(detail))

const verifications: Readonly<Record<string, boolean>> = {
  required: true,
  cert_required: true,
  verify_peer: true,
  none: false,
  cert_none: false,
  verify_none: false
}
