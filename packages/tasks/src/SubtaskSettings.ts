/**
 * Settings of tasks that are sent by tasks.
 *
 * @since 0.1.0
 */
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** Whether a task that a handler sends has the priority of the one that is being run, where nothing names another. Celery's `task_inherit_parent_priority`. */
export const InheritParentPriority: Setting.Reference<boolean> = Setting.reference(
  "@celeriac/tasks/SubtaskSettings/InheritParentPriority",
  SettingKind.flag,
  {
    celery: "task_inherit_parent_priority",
    default: () => false,
    readBy: "client",
    doc: "Whether a task that a handler sends has the priority of the one that is being run, where it names no other."
  }
)
