/**
 * Numbers and short texts in buffers, without a call into native code: frames
 * are full of them.
 */

export const writeUInt16 = (buffer: Buffer, value: number, at: number): number => {
  buffer[at] = value >>> 8
  buffer[at + 1] = value
  return at + 2
}

export const writeUInt32 = (buffer: Buffer, value: number, at: number): number => {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
  return at + 4
}

/** Whether `text` is short and ASCII, as nearly all are, and was written. It must have room. */
export const writeAscii = (buffer: Buffer, text: string, at: number): boolean => {
  const length = text.length
  if (length > 64) return false
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return false
    buffer[at + i] = code
  }
  return true
}
