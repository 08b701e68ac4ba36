extension UnsafeMutablePointer where Pointee: Real {
  /// Makes `count` numbers 0.
  ///
  /// As bytes: setting them one after the other through the protocol took a sixth of a step of learning.
  func clear(_ count: Int) {
    UnsafeMutableRawPointer(self)
      .initializeMemory(as: UInt8.self, repeating: 0, count: count * MemoryLayout<Pointee>.stride)
  }
}
