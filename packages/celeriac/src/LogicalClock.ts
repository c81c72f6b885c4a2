/** The clock by which nodes order what they tell each other. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/messaging/LogicalClock"
