/**
 * The settings that Celery has: those of its table of defaults, and those that
 * its guide names besides. What is not in a table of ours does nothing here,
 * and who asks for it is told what to do instead.
 */

/** Every name. */
export const names: ReadonlySet<string> = new Set(
  `
  accept_content arangodb_backend_settings azureblockblob_base_path azureblockblob_connection_timeout azureblockblob_container_name
  azureblockblob_read_timeout azureblockblob_retry_increment_base azureblockblob_retry_initial_backoff_sec
  azureblockblob_retry_max_attempts beat_cron_starting_deadline beat_enable_remote_control beat_executable beat_gid beat_logfile
  beat_max_loop_interval beat_pidfile beat_remote_control_max_tick_age beat_schedule beat_schedule_filename beat_scheduler
  beat_sync_every beat_uid beat_umask broker_channel_error_retry broker_connection_max_retries broker_connection_retry
  broker_connection_retry_on_startup broker_connection_timeout broker_failover_strategy broker_heartbeat broker_heartbeat_checkrate
  broker_host broker_login_method broker_password broker_pool_acquire_timeout
  broker_pool_limit broker_port broker_read_url broker_transport broker_transport_options broker_url broker_use_ssl broker_user
  broker_vhost broker_write_url cache_backend cache_backend_options cassandra_auth_kwargs cassandra_auth_provider
  cassandra_bundle_path cassandra_entry_ttl cassandra_keyspace cassandra_options cassandra_port cassandra_read_consistency
  cassandra_servers cassandra_table cassandra_write_consistency control_exchange control_queue_durable control_queue_exclusive
  control_queue_expires control_queue_ttl cosmosdbsql_collection_name cosmosdbsql_consistency_level cosmosdbsql_database_name
  cosmosdbsql_max_retry_attempts cosmosdbsql_max_retry_wait_time couchbase_backend_settings database_create_tables_at_setup
  database_engine_callback database_engine_options database_short_lived_sessions database_table_names database_table_schemas
  database_url elasticsearch_max_retries elasticsearch_retry_on_timeout elasticsearch_save_meta_as_text elasticsearch_timeout
  enable_utc event_exchange event_queue_durable event_queue_exclusive event_queue_expires event_queue_prefix event_queue_ttl
  event_serializer events_executable events_gid events_logfile events_pidfile events_uid events_umask gcs_base_path gcs_bucket
  gcs_project gcs_ttl imports include mongodb_backend_settings override_backends redis_backend_credential_provider
  redis_backend_health_check_interval redis_backend_use_ssl redis_client_name redis_db redis_host redis_max_connections redis_password
  redis_port redis_retry_on_timeout redis_socket_connect_timeout redis_socket_keepalive redis_socket_timeout redis_username
  result_accept_content result_backend result_backend_always_retry result_backend_base_sleep_between_retries_ms
  result_backend_max_retries result_backend_max_sleep_between_retries_ms result_backend_thread_safe result_backend_transport_options
  result_cache_max result_chord_expires result_chord_join_timeout result_chord_retry_interval result_compression result_exchange
  result_exchange_type result_expires result_extended result_failure_expires result_persistent result_serializer s3_access_key_id
  s3_base_path s3_bucket s3_endpoint_url s3_region s3_secret_access_key security_cert_store security_certificate security_digest
  security_key security_key_password task_acks_late task_acks_on_failure task_acks_on_failure_or_timeout task_acks_on_timeout
  task_allow_error_cb_on_chord_header task_always_eager task_annotations task_compression task_create_missing_queue_exchange_type
  task_create_missing_queue_type task_create_missing_queues task_default_delivery_mode task_default_exchange
  task_default_exchange_type task_default_priority task_default_queue task_default_queue_type task_default_rate_limit
  task_default_routing_key task_eager_propagates task_ignore_result task_inherit_parent_priority task_protocol task_publish_retry
  task_publish_retry_policy task_queue_max_priority task_queues task_reject_on_worker_lost task_remote_tracebacks task_repr_maxlevels
  task_retry_on_worker_lost task_routes task_send_sent_event task_serializer task_soft_time_limit task_store_eager_result
  task_store_errors_even_if_ignored task_time_limit task_track_started timezone worker_agent worker_autoscaler
  worker_cancel_long_running_tasks_on_connection_loss worker_concurrency worker_consumer worker_deduplicate_successful_tasks
  worker_detect_quorum_queues worker_eta_task_limit broker_native_delayed_delivery_queue_type
  worker_direct worker_disable_prefetch worker_disable_rate_limits worker_enable_prefetch_count_reduction
  worker_enable_remote_control worker_enable_soft_shutdown_on_idle worker_executable worker_gid
  worker_hijack_root_logger worker_log_color worker_log_datefmt worker_log_format worker_logfile worker_lost_wait
  worker_max_memory_per_child worker_max_tasks_per_child worker_pidfile worker_pool worker_pool_putlocks worker_pool_restarts
  worker_pool_start_method worker_prefetch_multiplier worker_proc_alive_timeout worker_redirect_stdouts worker_redirect_stdouts_level
  worker_send_task_events worker_soft_shutdown_timeout worker_state_db worker_task_log_datefmt worker_task_log_format worker_timer
  worker_timer_precision worker_uid worker_umask
`.trim().split(/\s+/)
)

/** Settings whose only value here is what is done anyway. */
export const always: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["broker_connection_retry", true],
  ["broker_connection_retry_on_startup", true],
  ["enable_utc", true],
  ["task_protocol", 2]
])

/** What is to be done instead, of settings that do nothing here: the end of a sentence that begins with "leave it out". */
export const instead: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "arangodb_backend_settings azureblockblob_base_path azureblockblob_connection_timeout azureblockblob_container_name azureblockblob_read_timeout azureblockblob_retry_increment_base azureblockblob_retry_initial_backoff_sec azureblockblob_retry_max_attempts cache_backend cache_backend_options cassandra_auth_kwargs cassandra_auth_provider cassandra_bundle_path cassandra_entry_ttl cassandra_keyspace cassandra_options cassandra_port cassandra_read_consistency cassandra_servers cassandra_table cassandra_write_consistency cosmosdbsql_collection_name cosmosdbsql_consistency_level cosmosdbsql_database_name cosmosdbsql_max_retry_attempts cosmosdbsql_max_retry_wait_time couchbase_backend_settings database_create_tables_at_setup database_engine_callback database_engine_options database_short_lived_sessions database_table_names database_table_schemas database_url elasticsearch_max_retries elasticsearch_retry_on_timeout elasticsearch_save_meta_as_text elasticsearch_timeout gcs_base_path gcs_bucket gcs_project gcs_ttl mongodb_backend_settings s3_access_key_id s3_base_path s3_bucket s3_endpoint_url s3_region s3_secret_access_key":
      "and let result_backend name one that there is here, such as rpc:// or redis://",
    "redis_db redis_host redis_password redis_port redis_username":
      "and say it in the URL: result_backend = redis://user:password@host:port/db",
    "redis_backend_use_ssl": "and say it in the URL: result_backend = rediss://host?ssl_ca_certs=/path",
    "redis_socket_connect_timeout redis_socket_timeout redis_client_name":
      "and say it in the query of result_backend: redis://host?socket_timeout=120&socket_connect_timeout=4&client_name=worker",
    "redis_max_connections redis_retry_on_timeout redis_socket_keepalive redis_backend_health_check_interval":
      "for one connection serves the process, is looked after, and is opened again when it is lost",
    "redis_backend_credential_provider": "and give a layer of RedisBackend its username and password",
    "broker_host broker_password broker_port broker_transport broker_user broker_vhost":
      "and say it in the URL: broker_url = amqp://user:password@host:port/vhost",
    "broker_use_ssl":
      "and say it in the URL: broker_url = amqps://host?ssl_ca_certs=/path&ssl_certfile=/path&ssl_keyfile=/path",
    "broker_login_method": "and say it in the URL: broker_url = amqps://host?auth_mechanism=EXTERNAL",
    "broker_read_url broker_write_url": "for one broker is written to and read from: broker_url",
    "broker_pool_limit broker_pool_acquire_timeout": "for one connection carries all that a process sends",
    "broker_heartbeat_checkrate": "for every heartbeat that is due is looked at: broker_heartbeat says how often",
    "broker_channel_error_retry": "for a channel that the broker closes is always opened again",
    "override_backends": "and provide a layer of ResultBackend of your own",
    "result_backend_always_retry result_backend_base_sleep_between_retries_ms result_backend_max_retries result_backend_max_sleep_between_retries_ms":
      "for what cannot be stored is tried again by itself, ever less often, until the result backend answers",
    "result_backend_thread_safe result_cache_max":
      "for a handle keeps the result that it has read, and nothing else does",
    "result_backend_transport_options":
      "and say it in the query of result_backend: redis://host?global_keyprefix=mine, or sentinel://host?master_name=mine",
    "result_chord_expires result_chord_join_timeout":
      "for parts of a chord are counted as they end, and nobody waits for them: result_expires says how long they are kept",
    "result_exchange result_exchange_type": "for replies go straight to the queue of who asked",
    "task_annotations":
      "and say it where tasks are declared, Task.make(name, { options }), or by the middleware of the worker",
    "task_remote_tracebacks": "for the traceback of a failure is always there to be read",
    "task_repr_maxlevels": "for arguments are shown shortened by their length alone",
    "task_store_errors_even_if_ignored": "and have ignoreResult: false where errors are wanted",
    "worker_agent": "and add your own Agent to the steps of the worker",
    "worker_autoscaler": "and provide Autoscaler.layer with a rule of your own",
    "worker_consumer worker_timer": "and put a step of your own in the place of that one: worker.with({ steps })",
    "worker_enable_prefetch_count_reduction":
      "for what is fetched is counted anew after a reconnect, with what still runs",
    "worker_cancel_long_running_tasks_on_connection_loss":
      "for a late task that has run through is not run again when its message comes back to the same worker",
    "worker_hijack_root_logger":
      "for the command logs with loggers of its own, and a program with those that it provides",
    "worker_lost_wait": "for a child that is lost is known at once",
    "worker_pool_putlocks worker_timer_precision": "for there is nothing to be tuned there",
    "worker_pool_start_method": "for children are always started anew: Node cannot fork",
    "worker_logfile worker_pidfile worker_uid worker_gid worker_umask worker_executable":
      "and say it to the command: celeriac worker --logfile, --pidfile, --uid, --gid, --umask, --executable",
    "beat_logfile beat_pidfile beat_uid beat_gid beat_umask beat_executable":
      "and say it to the command: celeriac beat --logfile, --pidfile, --uid, --gid, --umask, --executable",
    "events_logfile events_pidfile events_uid events_gid events_umask events_executable":
      "and let what supervises `celeriac events` keep its log and its process id"
  }).flatMap(([names, what]) => names.split(" ").map((name) => [name, what] as const))
)
