/**
 * Addresses without their passwords, for logs, errors and replies.
 *
 * @since 0.1.0
 */

/** `uri` with `**` for its password and without its query, whether it is well-formed or not. */
export const mask = (uri: string): string => {
  const bare = uri.replace(/[?#][^@]*$/, "")
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(bare)?.[0] ?? ""
  const rest = bare.slice(scheme.length)
  const at = rest.lastIndexOf("@")
  if (at < 0) return scheme + rest
  const [user] = rest.slice(0, at).split(":")
  return `${scheme}${user}:**@${rest.slice(at + 1).replace(/[?#].*$/, "")}`
}

/** A text of others with every address that has a password in it masked. */
export const maskIn = (text: string): string =>
  text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s@]*@[^\s'"`,;)]*/gi, mask)
