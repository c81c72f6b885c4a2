/** An exchange, as a value that says what should exist, and bindings to it. */
export {
  type Binding,
  binding,
  defaultExchange,
  type Exchange,
  exchange as make,
  type ExchangeType
} from "@celeriac/messaging/Entity"
