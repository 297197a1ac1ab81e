extension RawSpan {
  /// The byte at `offset`.
  package func byte(at offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < byteCount)
    return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// The little-endian integer at `offset`, which need not be aligned.
  package func integer<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type = T.self
  ) -> T {
    precondition(offset >= 0 && offset <= byteCount - MemoryLayout<T>.size)
    return T(
      littleEndian: unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type))
  }

  /// The little-endian float32 at `offset`, which need not be aligned.
  package func float32(at offset: Int) -> Float {
    Float(bitPattern: integer(at: offset, as: UInt32.self))
  }
}

extension Span<UInt8> {
  /// The same bytes, untyped.
  package var raw: RawSpan {
    @_lifetime(copy self)
    get { unsafe _overrideLifetime(bytes, copying: self) }
  }
}
