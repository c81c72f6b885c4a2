/**
 * The methods of AMQP that are spoken here, by the numbers on the wire: class
 * and method, 16 bits each. `Driver` checks that the driver has the same.
 *
 * Spec: AMQP 0-9-1 §1.3, and RabbitMQ's extensions `exchange.bind` and `confirm.select`.
 *
 * @since 0.1.0
 */

/** A method's number, as in `methods.QueueDeclare`. */
export type Method = number

/** `BasicProperties` is no method: the header frame of a message has the number of its class there. */
export const methods = {
  ConnectionClose: 0x000a0032,
  ChannelOpen: 0x0014000a,
  ChannelOpenOk: 0x0014000b,
  ChannelClose: 0x00140028,
  ExchangeDeclare: 0x0028000a,
  ExchangeDeclareOk: 0x0028000b,
  ExchangeDelete: 0x00280014,
  ExchangeDeleteOk: 0x00280015,
  ExchangeBind: 0x0028001e,
  ExchangeBindOk: 0x0028001f,
  QueueDeclare: 0x0032000a,
  QueueDeclareOk: 0x0032000b,
  QueueBind: 0x00320014,
  QueueBindOk: 0x00320015,
  QueuePurge: 0x0032001e,
  QueuePurgeOk: 0x0032001f,
  QueueDelete: 0x00320028,
  QueueDeleteOk: 0x00320029,
  QueueUnbind: 0x00320032,
  QueueUnbindOk: 0x00320033,
  BasicProperties: 0x0000003c,
  BasicQos: 0x003c000a,
  BasicQosOk: 0x003c000b,
  BasicConsume: 0x003c0014,
  BasicConsumeOk: 0x003c0015,
  BasicCancel: 0x003c001e,
  BasicCancelOk: 0x003c001f,
  BasicPublish: 0x003c0028,
  BasicGet: 0x003c0046,
  BasicGetOk: 0x003c0047,
  BasicGetEmpty: 0x003c0048,
  BasicAck: 0x003c0050,
  BasicNack: 0x003c0078,
  ConfirmSelect: 0x0055000a
} as const
