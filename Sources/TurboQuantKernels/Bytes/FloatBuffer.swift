/// A block of floats on a cache-line boundary: the scratch memory of the kernels.
@safe @usableFromInline package struct FloatBuffer: ~Copyable {
  package let count: Int
  @usableFromInline let base: UnsafeMutablePointer<Float>

  /// Creates `count` zeros.
  package init(count: Int) {
    precondition(count >= 0)
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
    unsafe base = raw.initializeMemory(as: Float.self, repeating: 0, count: max(1, count))
  }

  // Embedded Swift needs to see it from other modules.
  @inlinable deinit { unsafe UnsafeMutableRawPointer(base).deallocate() }

  /// The elements, for reading.
  package var span: Span<Float> {
    @_lifetime(borrow self)
    borrowing get {
      let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The elements, for writing.
  package var mutableSpan: MutableSpan<Float> {
    @_lifetime(&self)
    mutating get {
      let span = unsafe MutableSpan(_unsafeStart: base, count: count)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }
}

extension [Float] {
  /// `count` elements of any value, to be written before they are read.
  package static func unspecified(count: Int) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: count) { _, initialized in initialized = count }
  }
}
