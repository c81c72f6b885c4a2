/** Settlements on the wire: `basic.ack` and `basic.reject` as frames. */

export const encodeAck = (channel: number, tag: number, multiple: boolean): Buffer =>
  settlementFrame(channel, 0x50, tag, multiple)

export const encodeReject = (channel: number, tag: number, requeue: boolean): Buffer =>
  settlementFrame(channel, 0x5a, tag, requeue)

/** basic.ack and basic.reject have the same form: a delivery tag, and one bit. */
const settlementFrame = (channel: number, method: number, tag: number, bit: boolean): Buffer => {
  const frame = Buffer.allocUnsafe(21)
  frame[0] = 1
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt32BE(13, 3)
  frame.writeUInt32BE(0x003c0000 | method, 7)
  frame.writeUInt32BE(Math.trunc(tag / 0x100000000), 11)
  frame.writeUInt32BE(tag >>> 0, 15)
  frame[19] = bit ? 1 : 0
  frame[20] = 0xce
  return frame
}
