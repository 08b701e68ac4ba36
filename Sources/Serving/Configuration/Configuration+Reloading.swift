import Inference
import Wire

/// What may change while the daemon runs, and what needs a new process.
extension Configuration {
  /// The settings that a new configuration changes.
  ///
  /// - Parameter fresh: the new configuration.
  /// - Returns: their names.
  /// - Throws: `ConfigurationError` with the first setting that cannot change without a restart.
  func changes(reloading fresh: Configuration) throws(ConfigurationError) -> [String] {
    let fixed = Self.fixed.filter { $0.differs(self, fresh) }
    if let first = fixed.first {
      throw ConfigurationError(
        source: "reload",
        key: first.key,
        reason: "cannot change while the daemon runs; restart it"
      )
    }
    var changed = Self.free.filter { $0.differs(self, fresh) }.map(\.key)
    for (old, new) in zip(models, fresh.models) {
      if old.tariff.currency != new.tariff.currency {
        changed.append("models.\(old.name).currency")
      }
      if old.tariff.microPerGigaMAC != new.tariff.microPerGigaMAC {
        changed.append("models.\(old.name).micro_per_gmac")
      }
    }
    return changed
  }

  /// A setting by its name in the file.
  private struct Setting: Sendable {
    let key: String
    let differs: @Sendable (Configuration, Configuration) -> Bool

    init<Value: Equatable & SendableMetatype>(
      _ key: String,
      _ value: @escaping @Sendable (Configuration) -> Value
    ) {
      self.key = key
      differs = { value($0) != value($1) }
    }
  }

  /// Memory, sockets and threads are laid out once.
  private static let fixed = [
    Setting("models") { $0.models.map(\.name) },
    Setting("models.NAME.path") { $0.models.map(\.path) },
    Setting("models.NAME.heads") { $0.models.map(\.heads) },
    Setting("models.NAME.weights") { $0.models.map(\.weights) },
    Setting("listen.unix") { $0.unix },
    Setting("listen.tcp") { $0.tcp },
    Setting("engine.threads") { $0.threads },
    Setting("engine.sequences_max") { $0.engine.sequencesMax },
    Setting("engine.queue_max") { $0.engine.queueCountMax },
    Setting("engine.rows_max") { $0.engine.rowsMax },
    Setting("engine.prefill_rows_max") { $0.engine.prefillRowsMax },
    Setting("engine.step_milliseconds") { $0.engine.stepMax },
    Setting("engine.key_value_format") { $0.engine.keysAndValues },
    Setting("effort.wait_milliseconds") { $0.engine.brownOutWait },
    Setting("effort.queue_milliseconds") { $0.engine.queueWaitMax },
    Setting("effort.checked_per_mille") { $0.engine.railPerMille },
    Setting("effort.drift_percent") { $0.engine.railDriftMax },
    Setting("engine.share_prefixes") { $0.engine.sharesPrefixes },
    Setting("engine.prefix_percent_max") { $0.engine.prefixPercentMax },
    Setting("engine.key_value_megabytes") { $0.engine.keyValueBytesMax },
    Setting("engine.text_bytes_max") { $0.engine.textBytesMax },
    Setting("engine.stall_seconds") { $0.engine.stallMax },
    // What the file does not name yet must not slip through.
    Setting("engine") { $0.engine },
  ]

  /// These hold for connections and calls that begin after the reload.
  private static let free = [
    Setting("limits.connections_max") { $0.limits.connectionsMax },
    Setting("limits.streams_max") { $0.limits.wire.streamsMax },
    Setting("limits.frame_bytes_max") { $0.limits.wire.frameBytesMax },
    Setting("limits.stream_credit") { $0.limits.wire.streamCredit },
    Setting("limits.connection_credit") { $0.limits.wire.connectionCredit },
    Setting("limits.metadata_bytes_max") { $0.limits.wire.metadataBytesMax },
    Setting("limits.pings_max") { $0.limits.wire.pingsMax },
    Setting("limits.ping_strikes_max") { $0.limits.wire.pingStrikesMax },
    Setting("limits.resets_max") { $0.limits.wire.resetsMax },
    Setting("limits.keepalive_seconds") { $0.limits.wire.keepalive },
    Setting("limits.keepalive_timeout_seconds") { $0.limits.wire.keepaliveTimeout },
    Setting("limits.connection_age_seconds") { $0.limits.wire.age },
    Setting("limits.idle_seconds") { $0.limits.wire.idle },
    Setting("limits.hello_seconds") { $0.limits.wire.hello },
    Setting("limits.unsent_bytes_max") { $0.limits.wire.outputBytesMax },
    Setting("limits.call_seconds_max") { $0.limits.callTimeMax },
    Setting("effort.floor_percent") { $0.effortFloor },
    Setting("effort.operator") { $0.operatorTenant },
    Setting("drain_seconds") { $0.drain },
    Setting("bills_remembered") { $0.billsRemembered },
    Setting("log_level") { $0.logLevel },
  ]
}
