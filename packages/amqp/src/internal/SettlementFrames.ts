/** Settlements on the wire: `basic.ack`, `basic.reject` and RabbitMQ's `basic.nack` as frames. */

export const encodeAck = (channel: number, tag: number, multiple: boolean): Buffer =>
  settlementFrame(channel, 0x50, tag, multiple ? 1 : 0)

export const encodeReject = (channel: number, tag: number): Buffer => settlementFrame(channel, 0x5a, tag, 0)

/** Only a broker that knows `basic.nack` can take several at once. */
export const encodeRequeue = (channel: number, tag: number, multiple: boolean): Buffer =>
  multiple ? settlementFrame(channel, 0x78, tag, 3) : settlementFrame(channel, 0x5a, tag, 1)

/** All have the same form: a delivery tag, and bits: `multiple`, `requeue`, or both in this order. */
const settlementFrame = (channel: number, method: number, tag: number, bits: number): Buffer => {
  const frame = Buffer.allocUnsafe(21)
  frame[0] = 1
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt32BE(13, 3)
  frame.writeUInt32BE(0x003c0000 | method, 7)
  frame.writeUInt32BE(Math.trunc(tag / 0x100000000), 11)
  frame.writeUInt32BE(tag >>> 0, 15)
  frame[19] = bits
  frame[20] = 0xce
  return frame
}
