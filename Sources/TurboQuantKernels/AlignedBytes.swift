/// Bytes on a cache-line boundary, copied when one of several owners changes them.
@safe package struct AlignedBytes: @unchecked Sendable {
  // Sendable because the memory is written by a sole owner only.
  private var owner: Owner
  private var base: UnsafeMutableRawPointer
  /// The number of bytes.
  package let byteCount: Int

  /// Frees the memory with its last owner.
  @safe private final class Owner {
    let base: UnsafeMutableRawPointer

    init(byteCount: Int) {
      unsafe base = .allocate(byteCount: max(64, byteCount), alignment: 64)
    }

    deinit { unsafe base.deallocate() }
  }

  /// Creates `byteCount` zeros.
  package init(byteCount: Int) {
    precondition(byteCount >= 0)
    self.byteCount = byteCount
    owner = Owner(byteCount: byteCount)
    unsafe base = owner.base
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// Creates a copy of `bytes`, followed by zeros up to `byteCount`.
  package init(copying bytes: RawSpan, byteCount: Int) {
    self.init(byteCount: byteCount)
    var target = mutableBytes
    target.copyBytes(of: bytes)
  }

  /// The bytes, for reading.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The bytes, for writing.
  package var mutableBytes: MutableRawSpan {
    @_lifetime(&self)
    mutating get {
      if !isKnownUniquelyReferenced(&owner) { copy() }
      let span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// The bytes of one of many, without a touch on what counts its owners: that would wait for memory once a
  /// page.
  @_lifetime(borrow many)
  package static func bytes(of many: borrowing [AlignedBytes], _ index: Int) -> RawSpan {
    let (base, byteCount) = unsafe (many[index].base, many[index].byteCount)
    let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
    return unsafe _overrideLifetime(span, borrowing: many)
  }

  private mutating func copy() {
    let own = Owner(byteCount: byteCount)
    unsafe own.base.copyMemory(from: base, byteCount: byteCount)
    owner = own
    unsafe base = own.base
  }
}
