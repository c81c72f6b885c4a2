/**
 * Settings of eager execution: tasks that run where they are called, for tests
 * and for programs without a broker. Celery's `task_always_eager` and its kin.
 *
 * @since 0.1.0
 */
import type { Reference } from "./Setting.ts"
import * as Setting from "./Setting.ts"
import * as SettingKind from "./SettingKind.ts"

/** Whether a client runs tasks itself, at once, instead of sending them. Celery's `task_always_eager`. */
export const AlwaysEager: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/EagerSettings/AlwaysEager",
  SettingKind.flag,
  {
    celery: "task_always_eager",
    default: () => false,
    readBy: "client",
    doc: "Whether a client runs tasks itself, at once, instead of sending them."
  }
)

/** Whether a task that fails eagerly is a defect where it is called. Celery's `task_eager_propagates`. */
export const EagerPropagates: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/EagerSettings/EagerPropagates",
  SettingKind.flag,
  {
    celery: "task_eager_propagates",
    default: () => false,
    readBy: "client",
    doc: "Whether a task that fails eagerly is a defect where it is called."
  }
)

/** Whether results of tasks that ran eagerly are stored, where there is a result backend. Celery's `task_store_eager_result`. */
export const StoreEagerResult: Reference<boolean> = Setting.reference(
  "@celeriac/tasks/EagerSettings/StoreEagerResult",
  SettingKind.flag,
  {
    celery: "task_store_eager_result",
    default: () => false,
    readBy: "client",
    doc: "Whether results of tasks that ran eagerly are stored, where there is a result backend."
  }
)
