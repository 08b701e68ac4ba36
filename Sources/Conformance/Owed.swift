// The table of PROTOCOL.md §2, written down a second time: what the page says, not what our code says.

/// The status that belongs to each detail word.
let statuses: [String: Int] = [
  "frame_too_large": 8, "malformed_frame": 3, "unknown_kind": 12, "hello_expected": 9,
  "version_unsupported": 9, "wrong_direction": 3, "stream_id": 3, "connection_credit_overrun": 8,
  "credit_overflow": 11, "ping_flood": 8, "reset_flood": 8, "idle_timeout": 14,
  "keepalive_timeout": 14, "hello_timeout": 4, "connections_max": 8, "slow_reader": 8,
  "ok": 0, "cancelled": 1, "deadline": 4, "unknown_method": 12, "unsuitable_model": 9,
  "unknown_model": 5, "unknown_call": 5, "bad_option": 3, "bad_message": 3, "call_in_use": 6,
  "message_after_half_close": 3, "credit_overrun": 8, "streams_max": 8, "metadata_too_large": 8,
  "queue_full": 8, "context_too_long": 11, "input_too_large": 8, "draining": 14, "stalled": 10,
  "internal": 13,
]

/// The words that end a connection.
let connectionWords: Set<String> = [
  "frame_too_large", "malformed_frame", "unknown_kind", "hello_expected", "version_unsupported",
  "wrong_direction", "stream_id", "connection_credit_overrun", "credit_overflow", "ping_flood",
  "reset_flood", "idle_timeout", "keepalive_timeout", "hello_timeout", "connections_max",
  "slow_reader",
]

/// The keys of a bill, PROTOCOL.md §4.3.
let billKeys = [
  "call", "tenant", "model", "method", "status", "tokens_in", "tokens_out", "macs", "macs_total",
  "macs_dense", "layers_run", "experts_run", "layers_histogram", "experts_histogram", "queue_us",
  "compute_us", "total_us", "bytes_in", "bytes_out", "effort_asked", "effort_given", "macs_max",
  "cost_max", "adapter", "cost_micro", "currency",
]

/// The methods of PROTOCOL.md §5 and their parameters.
let methodParams: [String: [String]] = [
  "Generate": [
    "max_tokens", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed", "stop",
    "format", "system", "ignore_eos",
  ],
  "Predict": ["top_k", "special", "max_tokens"], "Embed": ["input", "normalize", "truncate"],
  "Classify": ["input", "truncate", "top_k", "pair"], "Tokenize": ["special"], "Models.List": [],
  "Models.Describe": [], "Usage.Bill": ["call"], "Health.Check": [], "Health.Watch": [],
  "Reflect.Describe": [],
]
