extension [UInt8] {
  /// Appends the bytes of an integer, the lowest first.
  ///
  /// Inlinable, like the functions below that read numbers. As generic code, each byte would be an indirect call.
  @inlinable package mutating func append(littleEndian value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

extension RawSpan {
  /// The byte at `offset`.
  @inlinable package func byte(at offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < byteCount)
    return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// The little-endian integer at `offset`, which need not be aligned.
  @inlinable package func integer<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type = T.self
  ) -> T {
    precondition(offset >= 0 && offset <= byteCount - MemoryLayout<T>.size)
    return T(
      littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type))
  }

  /// The little-endian 64-bit number at `offset`, which need not be aligned.
  @inlinable package func uint64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= byteCount - 8)
    return UInt64(
      littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  /// Eight words at `offset`, which need not be aligned, in the machine's order.
  package func words(at offset: Int) -> SIMD8<UInt64> {
    precondition(offset >= 0 && offset <= byteCount - 64)
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD8<UInt64>.self)
  }

  /// The little-endian float32 at `offset`, which need not be aligned.
  @inlinable package func float32(at offset: Int) -> Float {
    Float(bitPattern: integer(at: offset, as: UInt32.self))
  }

  /// A copy of the bytes.
  package func copied() -> [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

extension MutableRawSpan {
  /// Copies all of `source` to `offset`.
  ///
  /// It must fit.
  package mutating func copyBytes(of source: RawSpan, to offset: Int = 0) {
    precondition(offset >= 0 && offset <= byteCount - source.byteCount, "source does not fit")
    unsafe withUnsafeMutableBytes { destination in
      unsafe source.withUnsafeBytes { bytes in
        guard let from = bytes.baseAddress, let to = destination.baseAddress else {
          return
        }
        unsafe (to + offset).copyMemory(from: from, byteCount: bytes.count)
      }
    }
  }
}

/// A number type without padding bytes.
///
/// Every bit pattern is a value.
package protocol PlainNumber: BitwiseCopyable {}
extension UInt8: PlainNumber {}
extension UInt16: PlainNumber {}
extension UInt32: PlainNumber {}
extension UInt64: PlainNumber {}
extension Float: PlainNumber {}
extension Double: PlainNumber {}

extension Span where Element: PlainNumber {
  /// A copy of the numbers.
  ///
  /// Inlinable: as generic code it would look up the type of the array each time.
  @inlinable package func copied() -> [Element] {
    unsafe withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// The memory of the numbers.
  package var raw: RawSpan {
    // `bytes` is unsafe for elements with padding, which may be uninitialized.
    @_lifetime(copy self)
    get { unsafe bytes }
  }
}

extension MutableSpan where Element: PlainNumber {
  /// The memory of the numbers, for changing.
  package var mutableRaw: MutableRawSpan {
    // `mutableBytes` is unsafe for elements with invalid bit patterns.
    @_lifetime(&self)
    mutating get { unsafe mutableBytes }
  }
}

// Pointers for C.

extension UnsafeRawBufferPointer {
  /// The first byte.
  var bytes: UnsafePointer<UInt8>? {
    unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
  }

  /// The byte at `offset`.
  func bytes(at offset: Int) -> UnsafePointer<UInt8>? {
    unsafe baseAddress.map { unsafe ($0 + offset).assumingMemoryBound(to: UInt8.self) }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The byte at `offset`, for writing.
  func bytes(at offset: Int) -> UnsafeMutablePointer<UInt8>? {
    unsafe baseAddress.map { unsafe ($0 + offset).assumingMemoryBound(to: UInt8.self) }
  }
}
