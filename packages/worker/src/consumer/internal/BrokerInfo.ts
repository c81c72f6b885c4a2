/**
 * The broker as `inspect stats` tells of it: what Kombu's `Connection.info` has.
 *
 * @since 0.1.0
 */
import type { ConnectionTerms } from "@celeriac/messaging/Transport"

/** `uri` has no password; `terms` are those of the connection, where the transport tells them. */
export const make = (driver: string, uri: string, terms: ConnectionTerms | undefined) => {
  const url = URL.parse(uri)
  return {
    transport: driver,
    uri,
    hostname: url === null || url.hostname === "" ? null : url.hostname,
    port: url === null || url.port === "" ? null : Number(url.port),
    userid: url === null || url.username === "" ? null : decoded(url.username),
    virtual_host: url === null ? null : decoded(url.pathname.slice(1)) || "/",
    ssl: terms?.isEncrypted ?? false,
    heartbeat: terms?.heartbeat ?? 0,
    connect_timeout: terms?.connectTimeout ?? null,
    login_method: terms?.loginMethod ?? null,
    failover_strategy: terms?.failover ?? null,
    alternates: terms?.alternates ?? [],
    insist: false,
    transport_options: {},
    uri_prefix: null,
    credential_provider: null
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
