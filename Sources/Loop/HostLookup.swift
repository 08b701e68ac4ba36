// swift-format-ignore-file: NeverForceUnwrap
import CUV
import Glibc

/// Names of hosts to socket addresses.
enum HostLookup {
  /// Looks a host up and waits for the answer; only for the start of a server.
  static func addresses(
    of host: String,
    port: UInt16,
    listening: Bool
  ) throws(LoopError) -> [SocketAddress] {
    var hints = hints(listening: listening)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard status == 0 else {
      throw LoopError(
        code: .addressNotAvailable,
        call: "getaddrinfo",
        reason: "\(String(cString: gai_strerror(status))): \(host)"
      )
    }
    return collect(list)
  }

  /// Looks a host up on libuv's helper threads, and calls back on the loop, later.
  ///
  /// The addresses come in the order in which to try them.
  static func find(
    _ host: String,
    port: UInt16,
    on loop: EventLoop,
    completion: @escaping (Result<[SocketAddress], LoopError>) -> Void
  ) {
    let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
    request.pointee.data = Unmanaged.passRetained(Waiting(completion)).toOpaque()
    var hints = hints(listening: false)
    let status = uv_getaddrinfo(
      loop.raw,
      request,
      { request, status, list in
        let waiting = Unmanaged<Waiting>.fromOpaque(request!.pointee.data).takeRetainedValue()
        let found = HostLookup.collect(list)
        uv_freeaddrinfo(list)
        request!.deallocate()
        let error = LoopError(status: status, call: "getaddrinfo")
        waiting.completion(status == 0 ? .success(found) : .failure(error))
      },
      host,
      String(port),
      &hints
    )
    guard status != 0 else { return }
    Unmanaged<Waiting>.fromOpaque(request.pointee.data).release()
    request.deallocate()
    Timer.once(on: loop, after: .zero) {
      completion(.failure(LoopError(status: status, call: "getaddrinfo")))
    }
  }

  private final class Waiting {
    let completion: (Result<[SocketAddress], LoopError>) -> Void

    init(_ completion: @escaping (Result<[SocketAddress], LoopError>) -> Void) {
      self.completion = completion
    }
  }

  private static func hints(listening: Bool) -> addrinfo {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = listening ? AI_PASSIVE : 0
    return hints
  }

  private static func collect(_ list: UnsafeMutablePointer<addrinfo>?) -> [SocketAddress] {
    var found: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr {
        found.append(SocketAddress(copying: address, count: entry.pointee.ai_addrlen))
      }
      next = entry.pointee.ai_next
    }
    return found
  }
}
