/**
 * Foreign text on a terminal: names, arguments and messages come over the
 * network, from anybody who may send. What would steer the terminal (titles,
 * the cursor, the clipboard), or turn the order of what is read, is shown as
 * what it is.
 */

/** Keeps ends of lines and tabs. `\x1b[2J` reads `\x1b[2J`. */
export const harmless = (text: string): string => clean.test(text) ? text : text.replace(unsafe, visible)

/** For lines that are read as such: nobody adds one. */
export const inOneLine = (text: string): string =>
  harmless(text.replace(/[\n\t]/g, (one) => one === "\n" ? "\\n" : " "))

/** The same of text that has colours of ours in it: those stay. */
export const styled = (text: string): string =>
  text.split(style).map((part, index) => index % 2 === 0 ? harmless(part) : part).join("")

const clean = /^[\n\t\x20-\x7e]*$/

const unsafe = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/gu

/** Colours, and strong and faint: nothing that hides. */
const style = /(\x1b\[(?:[0-4]|2[2-4]|[349][0-7]|[34]9)(?:;(?:[0-4]|2[2-4]|[349][0-7]|[34]9))*m)/

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
}
