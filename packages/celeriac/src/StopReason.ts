/** Why a step stops: restart, warm or cold shutdown. */
export * from "@celeriac/bootsteps/StopReason"
