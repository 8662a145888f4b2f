// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of `catalog.sqlite`. A released migration is never edited: a change is a new one.
enum CatalogSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 resources and tag sets") { database in
      try database.execute(
        sql: """
          CREATE TABLE agent (
            number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, version TEXT NOT NULL);
          CREATE TABLE host (
            agent INTEGER PRIMARY KEY, hostname TEXT NOT NULL, machine_id TEXT NOT NULL,
            boot_id TEXT NOT NULL, boot_time INTEGER NOT NULL, kernel TEXT NOT NULL,
            operating_system TEXT NOT NULL, architecture TEXT NOT NULL,
            processors INTEGER NOT NULL, memory_bytes INTEGER NOT NULL);
          CREATE TABLE host_address (
            agent INTEGER NOT NULL, interface TEXT NOT NULL, address TEXT NOT NULL,
            prefix_length INTEGER NOT NULL);
          CREATE INDEX host_address_agent ON host_address (agent);
          CREATE TABLE service (
            number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL,
            UNIQUE (kind, name));
          CREATE TABLE process (
            number INTEGER PRIMARY KEY, agent INTEGER NOT NULL, name TEXT NOT NULL,
            executable TEXT NOT NULL, command_line TEXT NOT NULL);
          CREATE TABLE tag_set (
            number INTEGER PRIMARY KEY, service INTEGER NOT NULL, service_kind INTEGER NOT NULL,
            tags TEXT NOT NULL);
          CREATE TABLE process_run (
            agent INTEGER NOT NULL, pid INTEGER NOT NULL, started_after_boot INTEGER NOT NULL,
            process INTEGER NOT NULL, user INTEGER NOT NULL, namespace INTEGER NOT NULL,
            container TEXT NOT NULL, ended_at INTEGER NOT NULL,
            PRIMARY KEY (agent, pid, started_after_boot)) WITHOUT ROWID;
          CREATE TABLE protocol (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
          """)
    }
    migrator.registerMigration("2 names of agents that report no host") { database in
      try database.execute(sql: "ALTER TABLE agent ADD COLUMN hostname TEXT NOT NULL DEFAULT ''")
    }
    migrator.registerMigration("3 sources") { database in
      try database.execute(
        sql: "CREATE TABLE source (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
    }
    migrator.registerMigration("4 resources in versions", migrate: TagSetMigration.run)
    migrator.registerMigration("5 resources of clusters") { database in
      for column in [
        "pod", "workload", "namespace", "node", "pod_service", "ingress", "cluster", "az", "region",
        "subnet", "source",
      ] {
        try database.execute(
          sql: "ALTER TABLE tag_set ADD COLUMN \(column) INTEGER NOT NULL DEFAULT 0")
      }
      try database.execute(
        sql: """
          ALTER TABLE agent ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
          CREATE TABLE cluster (key TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("6 what watchers told") { database in
      try database.execute(
        sql: """
          CREATE TABLE watched (
            number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, scope_kind INTEGER NOT NULL, scope TEXT NOT NULL,
            id TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,
            replaced INTEGER NOT NULL, told INTEGER NOT NULL, report BLOB NOT NULL);
          CREATE INDEX watched_identity ON watched (id, kind);
          """)
    }
    return migrator
  }
}
