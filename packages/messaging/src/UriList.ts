/**
 * Several addresses in one text, as Kombu has them: members of one cluster,
 * with `;` between them. In the user name or the password of one a `;` separates
 * nothing, nor does one that no other address follows: what would be cut there
 * may be a password.
 *
 * @since 0.1.0
 */

/** The addresses, without the spaces around them. */
export const split = (text: string): ReadonlyArray<string> => {
  const uris: Array<string> = []
  let rest = text.trim()
  while (rest !== "") {
    const head = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?/i.exec(rest)?.[0] ?? ""
    const separator = /;\s*(?=$|;|[a-z][a-z0-9+.-]*:\/\/)/i.exec(rest.slice(head.length))
    const end = separator === null ? rest.length : head.length + separator.index
    const uri = rest.slice(0, end).trim()
    if (uri !== "") uris.push(uri)
    rest = rest.slice(end + (separator?.[0].length ?? 0)).trim()
  }
  return uris
}
