// swift-format-ignore-file: NeverForceUnwrap
import CUV

/// A Swift object that owns libuv handles and is kept alive by them until they are closed.
protocol HandleOwner: AnyObject {
  /// Starts closing; does nothing the second time.
  func close()

  /// Told once per handle, after libuv has given its memory back.
  func handleDidClose()
}

/// The memory of one libuv handle, which is ours again only in its close callback.
///
/// `adopt` puts a retained reference to the owner into the handle's `data`; the close callback
/// releases it. So a callback always finds its owner alive, and an owner never outlives its handle.
final class Handle {
  private let memory: UnsafeMutableRawPointer
  private(set) var isClosing = false

  init(_ type: uv_handle_type) {
    let size = uv_handle_size(type)
    memory = .allocate(byteCount: size, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
  }

  /// The handle under one of libuv's overlapping types.
  ///
  /// - Precondition: Not closing, for the memory may be gone.
  func pointer<Raw>(as type: Raw.Type) -> UnsafeMutablePointer<Raw> {
    precondition(!isClosing, "a libuv handle was used after it was closed")
    return memory.assumingMemoryBound(to: type)
  }

  /// Gives the memory back at once, for a handle that libuv refused to initialise.
  func abandon() {
    isClosing = true
    memory.deallocate()
  }

  /// Ties an initialised handle to its owner until it is closed.
  func adopt(_ owner: any HandleOwner) {
    pointer(as: uv_handle_t.self).pointee.data =
      Unmanaged<AnyObject>.passRetained(owner).toOpaque()
  }

  /// Starts closing; the owner hears of it from the loop, later.
  func close() {
    guard !isClosing else { return }
    let handle = pointer(as: uv_handle_t.self)
    isClosing = true
    uv_close(handle) { handle in
      let owner = Unmanaged<AnyObject>.fromOpaque(handle!.pointee.data).takeRetainedValue()
      UnsafeMutableRawPointer(handle!).deallocate()
      (owner as? any HandleOwner)?.handleDidClose()
    }
  }

  /// The owner that `adopt` stored, recovered inside a callback.
  static func owner<Owner: AnyObject>(
    of data: UnsafeMutableRawPointer?,
    as type: Owner.Type
  ) -> Owner {
    unsafeDowncast(Unmanaged<AnyObject>.fromOpaque(data!).takeUnretainedValue(), to: type)
  }
}
