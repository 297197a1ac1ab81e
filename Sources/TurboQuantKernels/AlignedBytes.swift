/// Bytes on a cache-line boundary, copied when one of several owners, or of borrowed ones any, changes them.
@safe package struct AlignedBytes: @unchecked Sendable {
  // Sendable because the memory is written by a sole owner only.
  private var owner: Owner
  private var base: UnsafeMutableRawPointer
  /// The number of bytes.
  package let byteCount: Int

  /// Frees the memory with its last owner, or keeps its lender.
  @safe private final class Owner {
    let base: UnsafeMutableRawPointer
    let lender: AnyObject?

    init(byteCount: Int) {
      unsafe base = .allocate(byteCount: max(64, byteCount), alignment: 64)
      lender = nil
    }

    init(_ base: UnsafeMutableRawPointer, of lender: AnyObject) {
      unsafe self.base = base
      self.lender = lender
    }

    deinit { if lender == nil { unsafe base.deallocate() } }
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

  /// Bytes on a cache-line boundary that `lender` keeps where they are for as long as it lives, and that
  /// nobody changes.
  package init(borrowing bytes: RawSpan, of lender: some AnyObject & Sendable) {
    byteCount = bytes.byteCount
    let start = unsafe bytes.withUnsafeBytes { $0.baseAddress }
    guard let start = unsafe start, UInt(bitPattern: start) % 64 == 0 else {
      preconditionFailure("bytes to borrow begin on a cache line")
    }
    // Never written through: whoever changes these bytes copies them first.
    unsafe base = UnsafeMutableRawPointer(mutating: start)
    unsafe owner = Owner(base, of: lender)
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
      if owner.lender != nil || !isKnownUniquelyReferenced(&owner) { copy() }
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
