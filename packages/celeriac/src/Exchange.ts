/** An exchange, as a value that says what should exist, and bindings to it. */
export {} from "./internal/RequiredNode.ts"

export {
  type Binding,
  binding,
  defaultExchange,
  type Exchange,
  exchange as make,
  type ExchangeType
} from "@celeriac/messaging/Entity"
