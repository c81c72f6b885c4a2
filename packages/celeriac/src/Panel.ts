/** The commands that a worker knows, for steps that add theirs. */
export * from "@celeriac/worker/control/Panel"
