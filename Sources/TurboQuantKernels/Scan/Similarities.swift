internal import CTurboQuantKernels

/// How a row's key comes from its sum: see `ctq_similarity_terms`.
package struct KeyFactors: Sendable, Equatable {
  package var step: Float
  package var offset: Float
  package var normShare: Float
  package var constant: Float
  package var alongShare: Float

  package init(
    step: Float, offset: Float, normShare: Float, constant: Float, alongShare: Float = 0
  ) {
    self.step = step
    self.offset = offset
    self.normShare = normShare
    self.constant = constant
    self.alongShare = alongShare
  }
}

/// The little-endian float32 scalars of consecutive rows that keys are made of, lent; of a kind all or none.
package struct KeyScalars: ~Escapable {
  let norms: RawSpan
  let alignments: RawSpan
  let along: RawSpan

  /// Norms and alignments that are not there stand for ones, components along a mean for zeros; no alignment is
  /// negative.
  @_lifetime(copy norms, copy alignments, copy along)
  package init(
    norms: RawSpan = RawSpan(), alignments: RawSpan = RawSpan(), along: RawSpan = RawSpan()
  ) {
    self.norms = norms
    self.alignments = alignments
    self.along = along
  }
}

/// What keys of consecutive rows are made of, lent: a sum and its scalars, and perhaps a share of another sum.
package struct KeyTerms: ~Escapable {
  let sums: Span<Float>
  let norms: RawSpan
  let alignments: RawSpan
  let along: RawSpan
  let shares: Span<Float>

  @_lifetime(copy sums, copy scalars, copy shares)
  package init(
    sums: Span<Float>, _ scalars: KeyScalars, shares: Span<Float> = Span()
  ) {
    let count = sums.count
    norms = scalars.norms
    alignments = scalars.alignments
    along = scalars.along
    precondition(norms.isEmpty || norms.byteCount >= 4 * count)
    precondition(alignments.isEmpty || alignments.byteCount >= 4 * count)
    precondition(along.isEmpty || along.byteCount >= 4 * count)
    precondition(shares.isEmpty || shares.count >= count)
    self.sums = sums
    self.shares = shares
  }

  fileprivate func withRecord(
    _ f: KeyFactors, _ body: (UnsafePointer<ctq_similarity_terms>) -> Void
  ) {
    unsafe sums.withUnsafeBufferPointer { sums in
      unsafe norms.withUnsafeBytes { norms in
        unsafe alignments.withUnsafeBytes { alignments in
          unsafe along.withUnsafeBytes { along in
            unsafe shares.withUnsafeBufferPointer { shares in
              var terms = unsafe ctq_similarity_terms(
                sums: sums.baseAddress, norms: norms.floats, alignments: alignments.floats,
                along: along.floats, addends: shares.isEmpty ? nil : shares.baseAddress,
                step: f.step,
                offset: f.offset, norm_factor: f.normShare, constant: f.constant,
                along_factor: f.alongShare)
              unsafe body(&terms)
            }
          }
        }
      }
    }
  }
}

/// Rows that a scan selected, ascending, and their keys.
package struct SelectedRows: Sendable {
  fileprivate var keyMemory: [Float]
  fileprivate var rowMemory: [UInt32]
  /// How many there are.
  package fileprivate(set) var count = 0

  /// How many there can be.
  package var capacity: Int { rowMemory.count }

  /// Room for up to `capacity` rows.
  package init(capacity: Int) {
    keyMemory = [Float](repeating: 0, count: capacity)
    rowMemory = [UInt32](repeating: 0, count: capacity)
  }

  package var keys: Span<Float> {
    @_lifetime(borrow self) get { keyMemory.span.extracting(first: count) }
  }
  package var rows: Span<UInt32> {
    @_lifetime(borrow self) get { rowMemory.span.extracting(first: count) }
  }
}

extension Kernels {
  /// `keys` ← the keys of as many rows.
  package func rowKeys(
    _ terms: borrowing KeyTerms, _ factors: KeyFactors, into keys: inout MutableSpan<Float>
  ) {
    let count = keys.count
    precondition(terms.sums.count >= count)
    unsafe keys.withUnsafeMutableBufferPointer { keys in
      unsafe terms.withRecord(factors) {
        unsafe table.pointee.scan.similarities($0, count, keys.baseAddress)
      }
    }
  }

  /// `selected` ← the rows whose keys are at least `threshold` and that `allowed`, a bit a row, or nothing for
  /// all, names.
  package func selectRows(
    _ terms: borrowing KeyTerms, _ factors: KeyFactors, allowed: Span<UInt32>, threshold: Float,
    into selected: inout SelectedRows
  ) {
    precondition(selected.rowMemory.count >= terms.sums.count)
    precondition(allowed.isEmpty || allowed.count >= (terms.sums.count + 31) / 32)
    selected.count = select(
      terms, factors, allowed, threshold, &selected.keyMemory, &selected.rowMemory)
  }

  /// The same; where `threshold` is −∞, `begin` sees the keys of all rows that are allowed and may raise it.
  package func selectRows(
    _ terms: borrowing KeyTerms, _ factors: KeyFactors, allowed: Span<UInt32>, threshold: Float,
    begin: (Span<Float>) -> Float, into selected: inout SelectedRows
  ) {
    var better = threshold
    if threshold == -.infinity {
      if allowed.isEmpty {
        precondition(selected.keyMemory.count >= terms.sums.count)
        var all = selected.keyMemory.mutableSpan
        var keys = all._mutatingExtracting(first: terms.sums.count)
        rowKeys(terms, factors, into: &keys)
        better = begin(keys.span)
      } else {
        selectRows(terms, factors, allowed: allowed, threshold: threshold, into: &selected)
        better = begin(selected.keys)
      }
    }
    selectRows(terms, factors, allowed: allowed, threshold: better, into: &selected)
  }

  private func select(
    _ terms: borrowing KeyTerms, _ factors: KeyFactors, _ allowed: Span<UInt32>, _ threshold: Float,
    _ keyMemory: inout [Float], _ rowMemory: inout [UInt32]
  ) -> Int {
    let count = terms.sums.count
    var keys = keyMemory.mutableSpan
    var rows = rowMemory.mutableSpan
    var found = 0
    unsafe keys.withUnsafeMutableBufferPointer { keys in
      unsafe rows.withUnsafeMutableBufferPointer { rows in
        unsafe allowed.withUnsafeBufferPointer { allowed in
          unsafe terms.withRecord(factors) {
            found = unsafe table.pointee.scan.select_rows(
              $0, count, allowed.isEmpty ? nil : allowed.baseAddress, threshold, keys.baseAddress,
              rows.baseAddress)
          }
        }
      }
    }
    return found
  }
}

extension UnsafeRawBufferPointer {
  /// The floats there, or null where there are none.
  var floats: UnsafePointer<Float>? {
    count > 0 ? unsafe baseAddress?.assumingMemoryBound(to: Float.self) : nil
  }
}
