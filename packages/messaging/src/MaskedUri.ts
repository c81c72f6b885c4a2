/**
 * Addresses without their passwords, for logs, errors and replies.
 *
 * An address is masked as a whole or hardly shown at all: what does not parse
 * may have its password anywhere, and a piece of it that looks like a host or a
 * path may be half of one. A password ends at the last `@`, so what follows it
 * is none.
 *
 * @since 0.1.0
 */

/** Scheme, userinfo, host and port, path, query: with nothing in them that may belong to a part before. */
const wellFormed =
  /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#]*)@)?((?:\[[0-9a-f:.%]*\]|[^/?#@:;[\]\s]*)(?::\d{0,5})?)(\/[^?#@;\s]*)?(?:\?[^#@;\s]*)?$/i

/** `uri` with `**` for its password and without its query; of one that is not well-formed scheme and host, if they are to be told. */
export const mask = (uri: string): string => {
  const [, scheme = "", userinfo, host = "", path = ""] = wellFormed.exec(uri) ?? []
  if (scheme === "") return barely(uri)
  if (userinfo === undefined) return scheme + host + path
  return `${scheme}${userinfo.replace(/:.*$/s, "")}:**@${host}${path}`
}

const barely = (uri: string): string => {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(uri)?.[0] ?? ""
  const host = /@(\[[0-9a-f:.%]*\]|[a-z0-9._-]*)[^@]*$/i.exec(uri)?.[1]
  return host === undefined ? `${scheme}...` : `${scheme}...@${host}`
}

/**
 * A text of others with every address that may have a password in it masked.
 * A password may hold anything but the end of a line: what stands between two
 * addresses in one line is not shown either.
 */
export const maskIn = (text: string): string =>
  text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\n]*@[^\s'"`,;)]*/gi, mask)

/** What must not stand in a user name or a password as it is, for the sentence of an error. */
export const encoding =
  "In user name and password write '/' as %2F, '?' as %3F, '#' as %23, '@' as %40, ':' as %3A, ';' as %3B and '%' as %25"
