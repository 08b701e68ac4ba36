import ArgumentParser
import MeteClient

/// What is left to show when a call has succeeded and its answer is written.
struct Receipt: Sendable {
  let bill: Bill
  /// What the server adds to the end: why a generation ended, and the seed that repeats it.
  var metadata = Metadata()
}

extension CallArguments {
  /// Connects, makes a call, and shows its bill whatever its end was.
  ///
  /// An interrupt from the keyboard cancels the call; its bill is awaited and shown.
  ///
  /// - Parameter body: Makes the call and writes its answer.
  /// - Throws: `ExitCode` when everything has been told, or what the body throws besides `MeteError`.
  func perform(
    _ body: @escaping @Sendable (MeteClient, CallOptions) async throws -> Receipt
  ) async throws {
    let options = options
    let work = Task {
      let client = try await server.connect()
      let receipt = try await body(client, options)
      await client.close()
      return receipt
    }
    let interruption = Interruption { work.cancel() }
    defer { interruption.stop() }
    do {
      let receipt = try await work.value
      try show(.ended(receipt))
    } catch let error as MeteError {
      let complaint = Complaint(error, call: options.callID, isInterrupted: work.isCancelled)
      Terminal.tell(complaint.line)
      try show(.failed(error))
      throw complaint.exitCode
    }
  }

  private enum Ending {
    case ended(Receipt)
    case failed(MeteError)

    var bill: Bill? {
      switch self {
      case .ended(let receipt): receipt.bill
      case .failed(let error): error.bill
      }
    }

    /// END as JSON: what the wire says, with the status as word and number.
    var json: Value {
      switch self {
      case .ended(let receipt): .map(entries(.ok, "ok", "") + receipt.metadata.entries)
      case .failed(let error): .map(entries(error.status, error.detail, error.text))
      }
    }

    private func entries(_ status: Status, _ detail: String, _ text: String) -> [Value.Entry] {
      [
        Value.Entry("status", .string("\(status)")), Value.Entry("code", Value(status.rawValue)),
        Value.Entry("detail", .string(detail)), Value.Entry("text", .string(text)),
      ]
    }
  }

  private func show(_ ending: Ending) throws {
    if display.json {
      try Terminal.write(json: ["end": ending.json])
      if let bill = ending.bill, !display.noBill { try Terminal.write(json: ["bill": bill.value]) }
    } else if let bill = ending.bill, !display.noBill {
      if case .ended(let receipt) = ending {
        Terminal.tell(BillTable(bill, metadata: receipt.metadata).text)
      } else {
        Terminal.tell(BillTable(bill).text)
      }
    }
  }
}
