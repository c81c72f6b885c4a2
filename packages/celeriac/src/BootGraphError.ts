/** Steps that do not fit together. */
export * from "@celeriac/bootsteps/BootGraphError"
