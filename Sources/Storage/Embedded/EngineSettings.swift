// SPDX-License-Identifier: Apache-2.0

/// What the embedded engine may use.
package struct EngineSettings: Hashable, Sendable {
  /// Bytes of memory for the whole engine; a query that would go beyond fails, the engine lives.
  package var memory: Int
  /// Bytes of memory for one query.
  package var queryMemory: Int
  /// Bytes of memory for all queries at once; the rest stays for inserts and merges.
  var allQueriesMemory: Int { memory / 8 * 5 }
  /// Threads for one query; 0 for as many as there are cores.
  package var threads: Int
  /// The loopback port; nil for any that is free.
  package var port: UInt16?

  package init(
    memory: Int = 2 << 30, queryMemory: Int? = nil, threads: Int = 0, port: UInt16? = nil
  ) {
    self.memory = memory
    self.queryMemory = queryMemory ?? memory / 2
    self.threads = threads
    self.port = port
  }

  /// The user of queries, beside that of inserts and everything else.
  static let reader = "reader"

  /// The user that dictionaries read their tables as, and the collection in which that stands.
  static let dictionaries = "dictionaries"

  /// The engine's configuration file, for one server on loopback.
  ///
  /// The pools are spelled out because the pinned build has defaults for a library, not a server;
  /// the `merge_tree` limits have to fit the pool or the engine does not start. The system's own
  /// logs are tables only where configured, so there are none.
  ///
  /// `async_insert_threads`: they would wake up 1,500 times a second for inserts that nobody makes.
  /// `old_parts_lifetime`: what was merged stays until the kernel has long written what came of it
  /// (the pinned build drops it at once, and with the power both would be gone).
  /// `secondary_indices_enable_bulk_filtering`: reads the wrong entries of a `set` index where a
  /// condition leaves gaps in the sort key, and fails with code 33 at the end of the index
  /// (ClickHouse issue 82283).
  /// `do_not_merge_across_partitions_select_final`: rows that fold into one are of one partition.
  /// `query_plan_max_limit_for_lazy_materialization`: the latest rows are found by the columns that they
  /// are sorted by, and only those have the others read (by default up to 10 of them).
  func configuration(directory: DataDirectory, port: UInt16, password: String) -> String {
    let path = escaped(directory.path)
    return """
      <clickhouse>
        <logger>
          <level>warning</level>
          <log>\(path)/log/engine.log</log>
          <size>10M</size>
          <count>2</count>
        </logger>
        <listen_host>127.0.0.1</listen_host>
        <http_port>\(port)</http_port>
        <keep_alive_timeout>3600</keep_alive_timeout>
        <max_concurrent_queries>64</max_concurrent_queries>
        <path>\(path)/engine/</path>
        <tmp_path>\(path)/tmp/</tmp_path>
        <user_files_path>\(path)/engine/user_files/</user_files_path>
        <format_schema_path>\(path)/engine/format_schemas/</format_schema_path>
        <users_config>\(path)/engine.xml</users_config>
        <timezone>UTC</timezone>
        <max_server_memory_usage>\(memory)</max_server_memory_usage>
        <async_insert_threads>0</async_insert_threads>
        <mark_cache_size>\(64 << 20)</mark_cache_size>
        <primary_index_cache_size>\(64 << 20)</primary_index_cache_size>
        <query_condition_cache_size>\(8 << 20)</query_condition_cache_size>
        <compiled_expression_cache_size>\(16 << 20)</compiled_expression_cache_size>
        <uncompressed_cache_size>0</uncompressed_cache_size>
        <index_mark_cache_size>\(16 << 20)</index_mark_cache_size>
        <mmap_cache_size>100</mmap_cache_size>
        <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
        <memory_worker_period_ms>500</memory_worker_period_ms>
        <config_reload_interval_ms>60000</config_reload_interval_ms>
        <background_pool_size>2</background_pool_size>
        <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
        <background_schedule_pool_size>8</background_schedule_pool_size>
        <background_common_pool_size>2</background_common_pool_size>
        <background_move_pool_size>1</background_move_pool_size>
        <background_fetches_pool_size>1</background_fetches_pool_size>
        <background_distributed_schedule_pool_size>2</background_distributed_schedule_pool_size>
        <merge_tree>
          <old_parts_lifetime>60</old_parts_lifetime>
          <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
          <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
          <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
        </merge_tree>
        \(accounts(password: password))
      </clickhouse>

      """
  }

  /// What each user may use: queries a part, so that inserts and merges have the rest.
  private func accounts(password: String) -> String {
    """
    <profiles>
      <default>
        <max_memory_usage>\(queryMemory)</max_memory_usage>
        <max_bytes_before_external_group_by>\(queryMemory / 2)</max_bytes_before_external_group_by>
        <max_bytes_before_external_sort>\(queryMemory / 2)</max_bytes_before_external_sort>
        <max_threads>\(threads)</max_threads>
        <max_insert_threads>1</max_insert_threads>
        <log_queries>0</log_queries>
        <async_insert>0</async_insert>
        <query_plan_max_limit_for_lazy_materialization>1000</query_plan_max_limit_for_lazy_materialization>
        <do_not_merge_across_partitions_select_final>1</do_not_merge_across_partitions_select_final>
        <secondary_indices_enable_bulk_filtering>0</secondary_indices_enable_bulk_filtering>
      </default>
      <queries>
        <profile>default</profile>
        <max_memory_usage_for_user>\(allQueriesMemory)</max_memory_usage_for_user>
        <max_concurrent_queries_for_user>48</max_concurrent_queries_for_user>
      </queries>
    </profiles>
    <quotas><default/></quotas>
    <named_collections>
      <\(Self.dictionaries)>
        <user>\(Self.dictionaries)</user>
        <password>\(password)</password>
      </\(Self.dictionaries)>
    </named_collections>
    <users>
      <metaflow>
        <password>\(password)</password>
        <networks><ip>127.0.0.1</ip></networks>
        <profile>default</profile>
        <quota>default</quota>
      </metaflow>
      <\(Self.reader)>
        <password>\(password)</password>
        <networks><ip>127.0.0.1</ip></networks>
        <profile>queries</profile>
        <quota>default</quota>
      </\(Self.reader)>
      <\(Self.dictionaries)>
        <password>\(password)</password>
        <networks><ip>127.0.0.1</ip></networks>
        <profile>default</profile>
        <quota>default</quota>
        <grants><query>GRANT SELECT ON flow_tag.*</query></grants>
      </\(Self.dictionaries)>
    </users>
    """
  }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
