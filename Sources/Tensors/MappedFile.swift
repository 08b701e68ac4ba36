import Glibc

/// A whole file, mapped into memory for reading.
///
/// The size is checked once, when the file is opened. A file that is truncated while it is mapped
/// kills the process with SIGBUS: replace model files by rename, never rewrite them in place.
public final class MappedFile: @unchecked Sendable {
  // Read-only once built: both properties are constants, and the memory is mapped read-only until deinit.
  private let base: UnsafeRawPointer

  /// The file's size in bytes, more than 0.
  public let count: Int

  /// Maps a file; any thread may call.
  ///
  /// - Parameter path: a regular file that is not empty.
  /// - Throws: `TensorsError` if the file cannot be opened, measured or mapped.
  public init(path: String) throws(TensorsError) {
    // Non-blocking, so that a named pipe is refused below instead of waiting for its writer.
    let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw TensorsError(code: .open, path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard retrying({ fstat(descriptor, &status) }) == 0 else {
      throw TensorsError(code: .measure, path: path, errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw TensorsError(code: .notAFile, path: path)
    }
    guard status.st_size > 0 else { throw TensorsError(code: .empty, path: path) }
    let address = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw TensorsError(code: .map, path: path, errno: errno)
    }
    base = UnsafeRawPointer(address)
    count = Int(status.st_size)
  }

  /// Where it lies in memory.
  var start: UnsafeRawPointer { base }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: base), count)
  }

  /// Gives back the memory that the pages which were read take in this process; reading them again brings them back.
  public func forgetPages() {
    madvise(UnsafeMutableRawPointer(mutating: base), count, MADV_DONTNEED)
  }

  /// Lends a part of the file.
  ///
  /// - Parameters:
  ///   - range: bytes from the start of the file, within `0 ..< count`.
  ///   - body: reads the bytes; they are valid until it returns.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  public func withBytes<Result, Failure: Error>(
    _ range: Range<Int>,
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let start = checked(offset: range.lowerBound, bytes: range.count)
    let bytes = start.assumingMemoryBound(to: UInt8.self)
    return try body(UnsafeBufferPointer(start: bytes, count: range.count).span)
  }

  /// Copies a part of the file, `range` within `0 ..< count`.
  public func bytes(_ range: Range<Int>) -> [UInt8] {
    let start = checked(offset: range.lowerBound, bytes: range.count)
    return Array(UnsafeRawBufferPointer(start: start, count: range.count))
  }

  /// Reads one little-endian integer at any alignment; it must lie inside the file.
  public func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ type: Integer.Type,
    at offset: Int
  ) -> Integer {
    let start = checked(offset: offset, bytes: MemoryLayout<Integer>.size)
    return Integer(littleEndian: start.loadUnaligned(as: Integer.self))
  }

  /// Decodes `count` elements that begin at byte `offset` to float32.
  ///
  /// - Parameters:
  ///   - type: how they are stored.
  ///   - offset: bytes from the start of the file.
  ///   - count: elements, a multiple of the type's block.
  /// - Returns: `count` floats.
  public func floats(_ type: ElementType, at offset: Int, count: Int) -> [Float] {
    let start = checkedElements(type, at: offset, count: count)
    return [Float](unsafeUninitializedCapacity: count) { target, initialized in
      if let address = target.baseAddress, count > 0 {
        decode(type, from: start, into: address, count: count)
      }
      initialized = count
    }
  }

  /// The floats at `offset` as they lie in the file, or nil where they are not aligned.
  func alignedFloats(at offset: Int, count: Int) -> UnsafePointer<Float>? {
    let start = checkedElements(.f32, at: offset, count: count)
    guard Int(bitPattern: start) % MemoryLayout<Float>.alignment == 0 else { return nil }
    return start.assumingMemoryBound(to: Float.self)
  }

  /// Where `bytes` bytes lie; they must lie inside the file.
  func address(offset: Int, bytes: Int) -> UnsafeRawPointer {
    checked(offset: offset, bytes: bytes)
  }

  private func checkedElements(_ type: ElementType, at offset: Int, count: Int)
    -> UnsafeRawPointer
  {
    guard let bytes = type.bytes(count: count) else {
      preconditionFailure("\(count) elements are not whole blocks of \(type)")
    }
    return checked(offset: offset, bytes: bytes)
  }

  private func checked(offset: Int, bytes: Int) -> UnsafeRawPointer {
    precondition(
      offset >= 0 && bytes >= 0 && offset <= count && bytes <= count - offset,
      "\(bytes) bytes at \(offset) of a file of \(count)"
    )
    return base + offset
  }
}

/// Repeats a system call that a signal interrupted.
func retrying(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// The system's words for an `errno`.
func systemMessage(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
