/**
 * What the broker's reply codes and the socket's errors mean to us: which
 * `Reason`, and with which advice.
 *
 * No text here can hold a password: addresses come masked, the broker's texts
 * name users and entities only, and errors of sockets name hosts.
 *
 * Spec: AMQP 0-9-1 §1.2 (reply codes).
 *
 * @since 0.1.0
 */
import {
  AccessRefused,
  ChannelClosed,
  ConnectionLost,
  InvalidConfiguration,
  NotFound,
  PreconditionFailed,
  type Reason,
  VirtualHostRefused
} from "@celeriac/messaging/MessagingError"
import type { DriverError } from "./internal/DriverFrame.ts"

/** Where and at what it happened. */
export interface Circumstances {
  /** Of the connection, without the password. */
  readonly uri: string
  /** What was being declared, as `queue 'celery'`. */
  readonly entity?: string | undefined
}

/** The broker closed a channel, or the connection, with this code. */
const fromReplyCode = (code: number, detail: string, { entity, uri }: Circumstances): Reason => {
  switch (code) {
    case 403:
      // another consumer has the queue for itself, and may let go of it
      return /in exclusive use/.test(detail) ? new ChannelClosed({ code, detail }) : new AccessRefused({ uri, detail })
    case 404:
      return new NotFound({ detail })
    case 405:
      return new PreconditionFailed({ entity: entity ?? "an exclusive queue", detail })
    case 406:
      return entity === undefined ? new ChannelClosed({ code, detail }) : new PreconditionFailed({ entity, detail })
    case 530:
      return new VirtualHostRefused({ uri, detail })
    case 502:
    case 503:
    case 540:
      return new InvalidConfiguration({ detail: `${uri} cannot do what was asked (${code}): ${detail}` })
    case 311:
      return new ChannelClosed({ code, detail })
    default:
      return new ConnectionLost({ uri, detail: `closed by the broker (${code}): ${detail}` })
  }
}

/** The driver says why a method has no reply, or why a channel or connection ended. */
export const fromDriver = (error: DriverError, circumstances: Circumstances): Reason => {
  if (typeof error.code === "number") return fromReplyCode(error.code, error.message, circumstances)
  return fromSocket(error, circumstances.uri)
}

/** A channel is closed: the operation that was to blame says why; to all others it is just that. */
export const fromClosedChannel = (error: DriverError, uri: string): Reason => {
  const reason = fromDriver(error, { uri })
  return reason._tag === "AccessRefused" || reason._tag === "ConnectionLost"
    ? reason
    : new ChannelClosed({
      code: Number(error.code),
      detail: "detail" in reason ? String(reason.detail) : reason.message
    })
}

/** A connection could not be made, or broke. */
export const fromSocket = (error: DriverError, uri: string): Reason => {
  const code = typeof error.code === "string" ? error.code : ""
  const advice = certificateAdvice[code]
  if (advice !== undefined) {
    return new InvalidConfiguration({
      detail: `${uri}: the broker's certificate was not accepted (${code}): ${advice}`
    })
  }
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_OSSL_")) {
    return new InvalidConfiguration({
      detail: `${uri}: TLS failed (${code}). ${
        code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG"
          ? "The port does not speak TLS: use amqp:// or the port for amqps:// (5671)"
          : "Check the certificate, the key and the authority (ssl_certfile, ssl_keyfile, ssl_ca_certs), and what the broker demands"
      }`
    })
  }
  return new ConnectionLost({ uri, detail: socketDetail(code, error), cause: withoutStack(error) })
}

/** The broker ended the handshake with a `connection.close`. */
export const fromRefusal = (code: number, detail: string, uri: string): Reason =>
  code === 403 ? new AccessRefused({ uri, detail }) : fromReplyCode(code, detail, { uri })

const socketDetail = (code: string, error: DriverError): string => {
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused: nothing listens there. Is the broker running, and is the port right?"
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host name could not be resolved (${code}). Check the host in the URL, and the network's name service`
    case "ECONNRESET":
      return "the connection was reset by the other side (ECONNRESET)"
    case "EPIPE":
      return "the other side has closed the connection (EPIPE)"
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `the host cannot be reached (${code})`
    default:
      return error.message === "" ? code || error.name : error.message
  }
}

const certificateAdvice: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired. Renew it on the broker",
  CERT_NOT_YET_VALID: "it is not valid yet. Check the clocks",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is signed by itself. Give it as the authority (tls.ca, or ssl_ca_certs in the URL)",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its authority is not known here. Give the authority's certificate (tls.ca, or ssl_ca_certs in the URL)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its authority is not known here. Give the authority's certificate (tls.ca, or ssl_ca_certs in the URL)",
  UNABLE_TO_GET_ISSUER_CERT:
    "its authority is not known here. Give the authority's certificate (tls.ca, or ssl_ca_certs in the URL)",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its authority is not known here. Give the authority's certificate (tls.ca, or ssl_ca_certs in the URL)",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "it is for another host name. Connect by a name that is in it, or say which is (tls.servername, or server_name_indication in the URL)"
}

/** Stacks of socket errors hold nothing but the event loop. */
const withoutStack = (
  error: DriverError
): { readonly name: string; readonly message: string; readonly code?: string } => ({
  name: error.name,
  message: error.message,
  ...(typeof error.code === "string" ? { code: error.code } : {})
})
