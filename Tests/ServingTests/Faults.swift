import Wire

extension Fault {
  private static let small: UInt64 = 1 << 32

  /// What a server can do wrong, and which cases see it.
  static let all: [Fault] = streams + connections + books

  /// All of them, so many at a time.
  static func groups(of count: Int) -> [[Fault]] {
    stride(from: 0, to: all.count, by: count).map { Array(all[$0 ..< min($0 + count, all.count)]) }
  }

  private static let streams: [Fault] = [
    Fault(
      "the BILL of cancelled calls is dropped",
      toClient: { frame, _ in
        if case .bill(_, let bill) = frame, bill.status == .cancelled { [] } else { nil }
      },
      fails: [
        "cancel_after_begin", "cancel_after_first_response", "cancel_in_the_same_write_as_open",
        "cancel_of_one_leaves_others_alone", "cancel_twice", "cancelling_a_little_is_no_flood",
        "credit_comes_back_for_ended_streams", "end_and_bill_cost_no_credit", "health_is_watched",
        "one_stream_without_credit_holds_up_no_other", "rapid_reset",
      ]
    ),
    Fault(
      "BILL comes before END",
      toClient: { frame, memory in
        guard memory.methods[frame.stream] == "Reflect.Describe" else { return nil }
        if case .end = frame {
          memory.held.append(frame)
          return []
        }
        guard case .bill = frame, let end = memory.held.popLast() else { return nil }
        return [frame.encoded, end.encoded]
      },
      fails: [
        "methods_without_parameters_refuse_them", "reflection_has_its_keys",
        "reflection_knows_every_detail", "reflection_knows_every_method",
        "reflection_knows_every_option", "reflection_says_the_limits_of_hello",
        "what_is_described_is_there",
      ]
    ),
    Fault(
      "END comes twice",
      toClient: { frame, memory in
        guard case .end = frame, memory.methods[frame.stream] == "Models.List" else { return nil }
        return [frame.encoded, frame.encoded]
      },
      fails: [
        "a_model_is_described", "methods_without_parameters_refuse_them", "models_are_listed",
        "ping_comes_before_what_is_asked_later", "what_is_described_is_there",
      ]
    ),
    Fault(
      "DATA comes after END",
      toClient: { frame, memory in
        guard case .end(let stream, _) = frame, memory.methods[stream] == "Models.Describe" else {
          return nil
        }
        return [frame.encoded, Frame.data(stream, "late").encoded]
      },
      fails: [
        "a_model_is_described", "special_status_message", "status_code_and_message",
        "what_is_described_is_there",
      ]
    ),
    Fault(
      "unknown_model has status UNKNOWN",
      toClient: { frame, _ in
        guard case .end(let stream, var end) = frame, end.detail == "unknown_model" else {
          return nil
        }
        end.status = .unknown
        return [Frame.end(stream, end).encoded]
      },
      fails: [
        "a_quoted_model_is_clipped", "a_watch_of_an_unknown_model", "health_of_a_model",
        "special_status_message", "status_code_and_message", "unknown_model",
      ]
    ),
    Fault(
      "CANCEL is ignored",
      toServer: { frame, _ in if case .cancel = frame { [] } else { nil } },
      fails: [
        "cancel_after_begin", "cancel_after_first_response", "cancel_in_the_same_write_as_open",
        "cancel_of_a_stream_never_opened", "cancel_of_one_leaves_others_alone", "cancel_twice",
        "cancelling_a_little_is_no_flood", "credit_comes_back_for_ended_streams",
        "end_and_bill_cost_no_credit", "health_is_watched",
        "one_stream_without_credit_holds_up_no_other",
      ]
    ),
    Fault(
      "HALF_CLOSE of Embed is ignored",
      toServer: { frame, memory in
        guard case .halfClose(let stream) = frame, memory.methods[stream] == "Embed" else {
          return nil
        }
        return []
      },
      fails: [
        "client_streaming", "embed_each", "embed_gives_a_vector", "embed_pieces",
        "embed_without_truncate",
      ]
    ),
    Fault(
      "DATA after HALF_CLOSE is ignored",
      toServer: { frame, memory in
        guard case .data(let stream, _) = frame, memory.halfClosed.contains(stream),
          memory.open.contains(stream)
        else { return nil }
        return []
      },
      fails: ["message_after_half_close"]
    ),
    Fault(
      "characters of calls for 24 tokens are split",
      toClient: { frame, memory in
        guard case .data(let stream, let message) = frame, memory.methods[stream] == "Generate",
          memory.opens[stream]?.options["params"]?["max_tokens"] == 24,
          let text = message.asArray?.dropFirst().first?.asString,
          let wide = text.utf8.firstIndex(where: { $0 >= 0x80 })
        else { return nil }
        var bytes = frame.encoded
        let offset = text.utf8.distance(from: text.startIndex, to: wide)
        let letters = Array(text.utf8)
        let start = bytes.indices.first { bytes[$0...].starts(with: letters) }
        bytes[(start ?? 0) + offset] = 0xFF
        return [bytes]
      },
      fails: ["a_stop_string_stops", "texts_are_whole_characters"]
    ),
    .opening(
      "deadlines are ignored",
      fails: [
        "a_watch_ends_at_its_deadline", "deadline_in_flight", "deadline_of_a_call_without_model",
        "timeout_on_sleeping_server",
      ]
    ) { open in
      open.options.removeAll { $0.key == "deadline_ms" && 1 ... 1000 ~= $0.value.asUInt ?? 0 }
    },
    .opening("a deadline of 0 is none", fails: ["deadline_of_0"]) { open in
      open.options.removeAll { $0.key == "deadline_ms" && $0.value.asUInt == 0 }
    },
    .opening(
      "metadata over the limit is taken",
      fails: [
        "metadata_comes_before_options", "metadata_of_too_many_bytes",
        "metadata_of_too_many_entries",
      ]
    ) { open in
      let bytes = Value.map(open.metadata).encoded.count
      if open.metadata.count > 64 || bytes > 8192 { open.metadata = [] }
    },
    .opening(
      "unknown parameters are taken",
      fails: ["generate_colour_unknown", "methods_without_parameters_refuse_them"]
    ) { open in
      for index in open.options.indices where open.options[index].key == "params" {
        let params = open.options[index].value.asMap ?? []
        let known = params.filter { $0.key != "colour" }
        if known.count < params.count { open.options[index].value = .map(known) }
      }
    },
  ]

  private static let connections: [Fault] = [
    Fault(
      "DATA beyond the client's credit",
      toServer: { frame, _ in
        guard case .hello(var hello) = frame else { return nil }
        guard hello.limits.streamCredit < 1000 || hello.limits.connectionCredit < 1000 else {
          return nil
        }
        hello.limits = Limits()
        return [Frame.hello(hello).encoded]
      },
      fails: [
        "credit_to_the_last_byte", "flow_control_pushback", "no_credit_for_the_connection",
        "no_credit_no_data", "one_stream_without_credit_holds_up_no_other",
        "windows_move_with_a_late_hello",
      ]
    ),
    Fault(
      "no credit comes back for streams",
      toClient: { frame, _ in
        if case .credit(let stream, _) = frame, stream > 0 { [] } else { nil }
      },
      fails: [
        "a_little_credit_comes_back_in_time", "credit_comes_back_for_a_stream", "input_too_large",
        "large_unary",
      ]
    ),
    Fault(
      "no credit comes back for the connection",
      toClient: { frame, _ in if case .credit(0, _) = frame { [] } else { nil } },
      fails: [
        "a_little_credit_comes_back_in_time", "credit_comes_back_for_ended_streams",
        "credit_comes_back_for_ignored_data", "large_unary",
      ]
    ),
    Fault(
      "PING is not answered",
      toClient: { frame, _ in
        if case .ping(ack: true, let token) = frame, token < small { [] } else { nil }
      },
      fails: [
        "an_integer_in_a_signed_width", "an_integer_in_any_width",
        "ping_comes_before_what_is_asked_later", "ping_is_answered", "pings_are_answered_in_order",
      ]
    ),
    Fault(
      "PING is answered after the open calls",
      toClient: { frame, memory in
        if case .ping(ack: true, let token) = frame, token < small, !memory.open.isEmpty {
          memory.held.append(frame)
          return []
        }
        guard case .end = frame, let pong = memory.held.popLast() else { return nil }
        return [frame.encoded, pong.encoded]
      },
      fails: ["ping_comes_before_what_is_asked_later"]
    ),
    Fault(
      "GOAWAY says a wrong last_stream",
      toClient: { frame, _ in
        guard case .goAway(let last, .unimplemented, let text) = frame else { return nil }
        return [Frame.goAway(lastStream: last + 1, .unimplemented, text: text).encoded]
      },
      fails: [
        "an_error_ends_every_open_stream", "an_error_ends_running_work",
        "an_unknown_kind_whatever_follows", "kind_10_is_unknown",
        "unknown_kind_comes_before_stream_id",
      ]
    ),
    Fault(
      "GOAWAY does not begin with the word",
      toClient: { frame, _ in
        guard case .goAway(let last, .outOfRange, _) = frame else { return nil }
        return [Frame.goAway(lastStream: last, .outOfRange, text: "too much credit").encoded]
      },
      fails: [
        "credit_of_nothing", "credit_of_nothing_for_a_closed_stream",
        "credit_of_nothing_for_a_stream_never_opened", "credit_over_the_widest_window",
        "credit_that_widens_a_stream_too_far", "credit_that_widens_the_connection_too_far",
      ]
    ),
    Fault(
      "ids may be used again",
      toServer: { frame, memory in
        guard case .open(let stream, _) = frame, stream > 0, stream <= memory.highest else {
          return nil
        }
        return []
      },
      fails: [
        "a_refused_open_uses_up_its_id", "an_id_that_has_ended", "an_id_that_is_open",
        "an_id_that_was_skipped_cannot_be_opened",
      ]
    ),
    Fault(
      "a second HELLO is ignored",
      toServer: { frame, memory in
        if case .hello = frame, memory.hasGreeted { [] } else { nil }
      },
      fails: ["a_second_hello"]
    ),
    Fault(
      "HELLO tells other limits than reflection",
      toClient: { frame, _ in
        guard case .hello(var hello) = frame else { return nil }
        hello.limits.controlBytesMax += 1
        return [Frame.hello(hello).encoded]
      },
      fails: ["reflection_says_the_limits_of_hello"]
    ),
  ]

  private static let books: [Fault] = [
    .billing("a prediction too many is billed", of: "Predict", fails: ["tokens_are_counted"]) {
      $0.tokensOut += 1
    },
    .billing(
      "bytes_out is wrong",
      of: "Models.List",
      fails: [
        "a_model_is_described", "methods_without_parameters_refuse_them", "models_are_listed",
        "ping_comes_before_what_is_asked_later", "what_is_described_is_there",
      ]
    ) { $0.bytesOut += 1 },
    .billing(
      "macs_total is no sum where work was done",
      of: "Classify",
      fails: ["classify_gives_labels"]
    ) {
      if $0.macsTotal > 0 { $0.macsTotal += 1 }
    },
    .billing(
      "the bill is for another call",
      of: "Health.Check",
      fails: ["the_call_id_is_on_the_bill"]
    ) { $0.call = CallID() },
    .billing(
      "effort is not billed as asked",
      of: "Health.Check",
      fails: ["budgets_are_on_the_bill"]
    ) { $0.effortAsked = 1 },
  ]
}
