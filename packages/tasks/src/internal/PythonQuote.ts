/**
 * Text and bytes between quotes, as Python's `repr` puts them.
 *
 * @since 0.1.0
 */

/** Single quotes, or double ones around text that has only single ones; what cannot be seen is escaped. */
export const quoteText = (text: string): string => {
  const quote = text.includes("'") && !text.includes("\"") ? "\"" : "'"
  if (simple.test(text)) return quote + text + quote
  return quote + text.replace(special, (character) => escape(character, quote)) + quote
}

export const quoteBytes = (bytes: Uint8Array): string => {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? "\"" : "'"
  let out = `b${quote}`
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    out += byte === 0x5c || character === quote || byte < 0x20 || byte > 0x7e ? escape(character, quote) : character
  }
  return out + quote
}

const simple = /^[ -!#-&(-[\]-~]*$/

/** Quotes, backslashes, and whatever Python holds unprintable: controls, formats, surrogates, and spaces but the plain one. */
const special = /['"\\]|[\p{C}\p{Z}]/gu

const escape = (character: string, quote: string): string => {
  switch (character) {
    case " ":
      return " "
    case "\\":
      return "\\\\"
    case "'":
    case "\"":
      return character === quote ? `\\${character}` : character
    case "\n":
      return "\\n"
    case "\r":
      return "\\r"
    case "\t":
      return "\\t"
  }
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  return code <= 0xff
    ? `\\x${hex.padStart(2, "0")}`
    : code <= 0xffff
    ? `\\u${hex.padStart(4, "0")}`
    : `\\U${hex.padStart(8, "0")}`
}
