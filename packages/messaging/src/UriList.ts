/**
 * Several addresses in one text, as Kombu has them: members of one cluster,
 * with `;` between them. A `;` separates only where an address has come to its
 * host and another of its kind follows, or nothing does. What would be cut
 * anywhere else may be a password: it is left whole, for whoever reads the
 * address to refuse.
 *
 * @since 0.1.0
 */

/** The addresses, without the spaces around them. */
export const split = (text: string): ReadonlyArray<string> => {
  const uris: Array<string> = []
  let rest = text.trim()
  while (rest !== "") {
    const end = endOf(rest)
    const uri = rest.slice(0, end).trim()
    if (uri !== "") uris.push(uri)
    rest = rest.slice(end + 1).trim()
  }
  return uris
}

/** Where the first address ends. */
const endOf = (text: string): number => {
  const [head, scheme] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:[^/?#]*@)?/i.exec(text) ?? [""]
  for (const { 1: next, index } of text.slice(head.length).matchAll(separators)) {
    const end = head.length + index
    if (scheme === undefined) return end
    if (next !== undefined && !isOfOneKind(next, scheme)) continue
    const before = text.slice(head.length, end)
    const [, port] = place.exec(before) ?? []
    // What looks like host and port may be user and password, if the '@' is still to come and it is no address.
    const isPlace = port === "" || head.endsWith("@") || !text.includes("@", end) || address.test(before)
    if (port !== undefined && isPlace) return end
  }
  return text.length
}

/** Each with the scheme of the address behind it, if there is one. */
const separators = /;[;\s]*(?=$|([a-z][a-z0-9+.-]*):\/\/)/gi

/** What stands between userinfo and separator: a host, perhaps a port, and nothing that may belong to a password. */
const place = /^(?:\[[0-9a-f:.%]*\]|[^/?#@:;[\]\s]*)((?::\d{0,5})?)\s*(?:[/?][^#@]*)?$/i

/** A host that is no user's name. */
const address = /^(?:localhost|[\d.]+|\[[^\]]*\])(?::|$)/i

/** As `amqp`, `amqps` and `pyamqps` are. */
const isOfOneKind = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map((scheme) => scheme.toLowerCase().replace(/^py/, ""))
  return a === b || a === `${b}s` || `${a}s` === b
}
