import Inference
import Wire

/// One call at the edge: its stream, its place in the engine, and what waits to be sent.
///
/// It outlives its peer when the connection breaks, until the engine has ended it and its bill is in
/// the ledger.
final class Call {
  let stream: StreamID
  let id: CallID
  let tenant: String
  /// What the client asked for; its parameters are dropped once they are read.
  var open: Open
  /// Whose bill a Usage.Bill call asks for.
  var wantedBill: CallID?
  /// When the OPEN came.
  let opened: Duration
  /// The connection it came on; nil once that is gone.
  weak var peer: Peer?

  /// The model that serves it; "" if none was reached.
  var model = ""
  /// What that model cost when the call was opened.
  var tariff: Tariff?
  /// The method, if the server has it.
  var method: Method?
  /// Its name in the engine, if it got there.
  var sequence: SequenceID?
  /// Randomness of a Generate call that samples, for END.
  var seed: UInt64?
  /// Whether it has got its first answer and waits for news; only Health.Watch does.
  var isWatching = false
  /// Whether the ledger knows the id as this call's.
  var began = false
  /// After which time it may be tried again, if it was refused and that is known.
  var retryAfter: Duration?
  /// Results that wait for credit, oldest first; never more than the request's slots.
  var pending: [Value] = []
  /// What the messages of `pending` cost as input, if they were: credit that goes back as they go out.
  var owed: [Int] = []
  /// How it ended, once that is known; END and BILL follow when nothing is pending.
  var ending: (end: End, bill: Inference.Bill)?
  /// The end that the client or the edge asked for; results are dropped from then on.
  var asked: End?
  /// Fires at its deadline.
  var timer: (any Alarm)?
  /// The stream's bytes, once its connection is gone.
  var traffic = Traffic()

  init(stream: StreamID, open: Open, id: CallID, tenant: String, opened: Duration, peer: Peer) {
    self.stream = stream
    self.open = open
    self.tenant = tenant
    self.opened = opened
    self.peer = peer
    self.id = id
  }
}
