internal import CTurboQuantKernels

/// Bytes on a cache-line boundary.
///
/// They are copied before a change if they have several owners or are borrowed.
@safe package struct AlignedBytes: @unchecked Sendable {
  // Sendable, because only a sole owner writes the memory.
  private var owner: Owner
  private var base: UnsafeMutableRawPointer
  /// The number of bytes.
  package let byteCount: Int

  /// Frees the memory with its last owner, or keeps its lender alive.
  @safe private final class Owner {
    /// From this size on, memory is mapped on large pages, usually of 2 MiB.
    static let leastMapped = 1 << 21

    let base: UnsafeMutableRawPointer
    let lender: AnyObject?
    private let mappedByteCount: Int?

    /// Allocates memory that is zero from byte `zerosFrom` on.
    init(byteCount: Int, zerosFrom start: Int) {
      lender = nil
      if byteCount >= Owner.leastMapped, let mapped = unsafe ctq_map_zeros(byteCount) {
        unsafe base = mapped
        mappedByteCount = byteCount
        return
      }
      mappedByteCount = nil
      unsafe base = .allocate(byteCount: max(64, byteCount), alignment: 64)
      unsafe (base + start).initializeMemory(as: UInt8.self, repeating: 0, count: byteCount - start)
    }

    init(_ base: UnsafeMutableRawPointer, of lender: AnyObject) {
      unsafe self.base = base
      self.lender = lender
      mappedByteCount = nil
    }

    deinit {
      guard lender == nil else { return }
      if let mappedByteCount {
        unsafe ctq_unmap(base, mappedByteCount)
      } else {
        unsafe base.deallocate()
      }
    }
  }

  /// Creates `byteCount` zeros.
  package init(byteCount: Int) {
    precondition(byteCount >= 0)
    self.byteCount = byteCount
    owner = Owner(byteCount: byteCount, zerosFrom: 0)
    unsafe base = owner.base
  }

  /// Creates a copy of `bytes`, followed by zeros up to `byteCount`.
  package init(copying bytes: RawSpan, byteCount: Int) {
    precondition(bytes.byteCount <= byteCount)
    self.byteCount = byteCount
    owner = Owner(byteCount: byteCount, zerosFrom: bytes.byteCount)
    unsafe base = owner.base
    var target = mutableBytes
    target.copyBytes(of: bytes)
  }

  /// Borrows bytes on a cache-line boundary.
  ///
  /// `lender` keeps them in place for as long as it lives, and nobody changes them.
  package init(borrowing bytes: RawSpan, of lender: some AnyObject & Sendable) {
    byteCount = bytes.byteCount
    let start = unsafe bytes.withUnsafeBytes { $0.baseAddress }
    guard let start = unsafe start, UInt(bitPattern: start) % 64 == 0 else {
      preconditionFailure("bytes to borrow begin on a cache line")
    }
    // Never written through: a change copies the bytes first.
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

  /// The bytes of one of many, without touching its reference count, which would wait for memory once per page.
  @_lifetime(borrow many)
  package static func bytes(of many: borrowing [AlignedBytes], _ index: Int) -> RawSpan {
    let (base, byteCount) = unsafe (many[index].base, many[index].byteCount)
    let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
    return unsafe _overrideLifetime(span, borrowing: many)
  }

  private mutating func copy() {
    let own = Owner(byteCount: byteCount, zerosFrom: byteCount)
    unsafe own.base.copyMemory(from: base, byteCount: byteCount)
    owner = own
    unsafe base = own.base
  }
}
